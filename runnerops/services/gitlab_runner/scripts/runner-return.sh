#!/bin/sh
# UNIT start|stop: waits for the last job of the unit, then starts the unit or leaves it stopped. It has to wait because
# a SIGQUIT cannot be taken back. The process gets another SIGQUIT, which changes nothing if it had one already; without
# any, this would wait in vain. If the unit has started a new process by itself, `start` is done, and `stop` tells the
# new process to end too. If systemd does not answer, as during its own upgrade, this waits, because stopping the unit
# could end its jobs.

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
