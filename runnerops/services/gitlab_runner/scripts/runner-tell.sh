#!/bin/sh
# [--if-there] UNIT SIGNAL main|all: sends the signal to the unit's main process, or to all its processes, so that they
# end. The number of the process is noted for drain.sh, which must tell a process that is started later, too. With
# --if-there, it is no error if the process is gone already.

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
