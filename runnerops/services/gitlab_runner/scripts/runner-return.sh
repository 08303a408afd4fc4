#!/bin/sh
# UNIT start|stop: a SIGQUIT cannot be taken back, so the unit is started, or stays stopped, after its last job. Another
# SIGQUIT changes nothing for a process that has one; a process without any would be waited for in vain. One that its unit
# has started again by itself is what `start` asks for, and is told to end as well for `stop`. A systemd that does not
# answer (it is being upgraded) tells nothing: to stop the unit then could end its jobs.

told=0
while pid=$(systemctl show -p MainPID --value "$1" || echo unknown) && [ "${pid:-0}" != 0 ]; do
  if [ "$pid" = "$told" ] || [ "$pid" = unknown ]; then
    sleep 1
    continue
  fi
  if [ "$2" = start ] && [ "$told" != 0 ]; then exit; fi
  systemctl kill -s QUIT --kill-who=main "$1" 2>/dev/null && told=$pid
  sleep 0.2 2>/dev/null || sleep 1
done
systemctl stop "$1"
if [ "$2" != stop ]; then
  systemctl reset-failed "$1"
  systemctl start "$1"
fi
