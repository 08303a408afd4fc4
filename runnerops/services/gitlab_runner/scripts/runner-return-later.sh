#!/bin/sh
# UNIT SCRIPT start|stop: runs SCRIPT of the run's folder (runner-return.sh) in the background, as a systemd unit. So
# the run ends at once, and the runner starts again after its last job.

systemctl stop "runnerops-return-$1" 2>/dev/null

start_unit() { # UNIT SCRIPT start|stop
  systemd-run --collect --quiet --unit="runnerops-return-$1" sh "$PWD/$2" "$1" "$3"
}

start_unit "$@" || {
  sleep 1
  start_unit "$@"
}
