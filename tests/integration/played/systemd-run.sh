#!/bin/sh
# Replaces `systemd-run` for the unit of a run. The unit's file has the number of its process group, and is removed
# after ExecStopPost has ended.
for dir; do :; done
unit=$RUNNEROPS_ROOT/run/systemd/transient/runnerops-${dir##*/}.service
echo 0 >"$unit"
# shellcheck disable=SC2016 # the inner shell expands these
walk='echo $$ >"$1"; exec sh "$2/host.sh" walk "$2"'
{
  /usr/bin/setsid -w sh -c "$walk" sh "$unit" "$dir"
  sh "$dir/host.sh" back "$dir"
  rm -f "$unit"
} </dev/null >/dev/null 2>&1 &
while [ "$(cat "$unit" 2>/dev/null || echo gone)" = 0 ]; do sleep 0.01; done
