#!/bin/sh
# [--if-there] UNIT SIGNAL main|all: sends the signal, which makes a runner end, to the unit's main process or to all
# its processes. Writes the PID into the file `signalled` for drain.sh, which has to signal a process that is started
# later, too. With --if-there, it is no error if the unit has no process any more. A unit that systemd is stopping has
# its signal already: a SIGQUIT after a SIGTERM would make the runner exit at once, without a word to GitLab.

missing=error
if [ "$1" = --if-there ]; then
  missing=accepted
  shift
fi
cd "${RUNNEROPS_SCRATCH:-.}" || exit

send() { # UNIT SIGNAL main|all
  pid=$(systemctl show -p MainPID --value "$1")
  case $2,$(systemctl show -p ActiveState --value "$1") in
    QUIT,deactivating) ;;
    *) systemctl kill -s "$2" --kill-who="$3" "$1" || return ;;
  esac
  echo "$pid" >signalled
}

if [ "$missing" = error ]; then
  send "$@"
else
  send "$@" 2>/dev/null || :
fi
