#!/bin/sh
# nsenter of the demo's host, as `nsenter -t PID -n ARGV...`: only runs the command, because the simulated containers
# have no network namespaces.
if [ "$1" != -t ] || [ "${2:-0}" = 0 ] || [ "$3" != -n ]; then
  echo "nsenter: cannot open /proc/$2/ns/net: No such file or directory" >&2
  exit 1
fi
shift 3
exec "$@"
