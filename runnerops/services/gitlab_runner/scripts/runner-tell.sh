#!/bin/sh
# [--if-there] UNIT SIGNAL main|all: tells the unit's process, or all of them, to end. Which process was told is noted for
# drain.sh: one that was started since must be told as well. With --if-there it may be gone already.

there=must
if [ "$1" = --if-there ]; then
  there=may
  shift
fi
cd "${RUNNEROPS_DESK:-.}" || exit

tell() {
  pid=$(systemctl show -p MainPID --value "$1")
  systemctl kill -s "$2" --kill-who="$3" "$1" && echo "$pid" >told
}

if [ "$there" = must ]; then
  tell "$@"
else
  tell "$@" 2>/dev/null || :
fi
