#!/bin/sh
# [--if-active] UNIT: reloads the daemon and waits until it has loaded its file. `systemctl reload` also ends with 0 if
# the daemon refuses its file, so this waits for the event that the daemon itself emits. With --if-active a unit that is
# down is left alone: the next step of the rollback starts it.

last_reload() { # prints the time of the daemon's last reload event
  docker events --since 1h --until 0s --filter type=daemon --filter event=reload --format '{{.TimeNano}}' | tail -n 1
}

if [ "$1" = --if-active ]; then
  shift
  systemctl is-active -q "$1" || exit 0
fi
before=$(last_reload)
systemctl reload "$1" || exit 1
while
  after=$(last_reload)
  [ "$after" = "$before" ]
do sleep 0.2 2>/dev/null || sleep 1; done
