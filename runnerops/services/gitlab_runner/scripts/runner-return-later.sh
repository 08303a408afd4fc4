#!/bin/sh
# UNIT SCRIPT start|stop: runs that script of the run's folder (runner-return.sh) in a unit of its own, and does not
# wait for it. So the run ends at once, and the runner returns after its last job.

systemctl stop "runnerops-return-$1" 2>/dev/null

later() {
  systemd-run --collect --quiet --unit="runnerops-return-$1" sh "$PWD/$2" "$1" "$3"
}

later "$@" || {
  sleep 1
  later "$@"
}
