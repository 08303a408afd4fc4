#!/bin/sh
# nsenter of the demo's host: `-t PID -n ARGV...`. Its containers have no networks of their own.
if [ "$1" != -t ] || [ "${2:-0}" = 0 ] || [ "$3" != -n ]; then
  echo "nsenter: cannot open /proc/$2/ns/net: No such file or directory" >&2
  exit 1
fi
shift 3
exec "$@"
