#!/bin/sh
# Replaces `systemctl` for `host.sh`, `observe_history` and `runnerops abort`.
units=$RUNNEROPS_ROOT/run/systemd/transient
for unit; do :; done
unit=${unit%.service}.service
case $1 in
show) if [ -e "$units/$unit" ]; then echo active; else echo inactive; fi ;;
stop) group=$(cat "$units/$unit" 2>/dev/null) && { kill -KILL "-$group" 2>/dev/null || :; } ;;
list-units)
  for unit in "$units"/runnerops-*; do
    [ ! -e "$unit" ] || echo "${unit##*/} loaded active running run"
  done ;;
is-system-running) echo running ;;
esac
