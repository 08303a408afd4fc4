#!/bin/sh
# UNIT start|stop: waits until the unit's last job has ended, then starts the unit or leaves it stopped. It has to wait
# because a SIGQUIT cannot be taken back. It sends another one, which has no effect on a process that got one already;
# without any, the process would not end. A unit that systemd is stopping gets none, because after a SIGTERM it would
# make the runner exit at once, without a word to GitLab. If the unit has started a new process by itself, `start` is
# done, and `stop` sends that one a SIGQUIT too. If systemd does not respond, as during its own upgrade, it waits,
# because stopping the unit could end its jobs.

signalled=0
while pid=$(systemctl show -p MainPID --value "$1" || echo unknown) && [ "${pid:-0}" != 0 ]; do
  if [ "$pid" = "$signalled" ] || [ "$pid" = unknown ]; then
    sleep 1
    continue
  fi
  if [ "$2" = start ] && [ "$signalled" != 0 ]; then exit; fi
  case $(systemctl show -p ActiveState --value "$1") in
    deactivating) signalled=$pid ;;
    *) systemctl kill -s QUIT --kill-who=main "$1" 2>/dev/null && signalled=$pid ;;
  esac
  sleep 0.2 2>/dev/null || sleep 1
done
systemctl stop "$1"
if [ "$2" != stop ]; then
  systemctl reset-failed "$1"
  systemctl start "$1"
fi
