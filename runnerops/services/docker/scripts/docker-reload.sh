#!/bin/sh
# [--if-active] UNIT: reloads the daemon and waits until it has loaded its file. A daemon that refuses its file ends
# `systemctl reload` with 0 too, so its own event is waited for. With --if-active nothing happens where the unit is down:
# then the daemon holds no container, and the next step of the rollback starts it.

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
