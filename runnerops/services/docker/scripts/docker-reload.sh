#!/bin/sh
# [--if-active] UNIT: reloads the daemon and waits until it has loaded its file. `systemctl reload` also ends with 0 if
# the daemon refuses its file, so this waits for the event that the daemon itself sends. With --if-active nothing
# happens if the unit is down: the daemon then has no containers, and the next step of the rollback starts it.

last() {
  docker events --since 1h --until 0s --filter type=daemon --filter event=reload --format '{{.TimeNano}}' | tail -n 1
}

if [ "$1" = --if-active ]; then
  shift
  systemctl is-active -q "$1" || exit 0
fi
before=$(last)
systemctl reload "$1" || exit 1
while
  after=$(last)
  [ "$after" = "$before" ]
do sleep 0.2 2>/dev/null || sleep 1; done
