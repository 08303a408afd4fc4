#!/bin/sh
# The unit of a run: its process group is in the unit's file, which goes when the way back, too, is over.
for dir; do :; done
unit=$RUNNEROPS_ROOT/run/systemd/transient/runnerops-${dir##*/}
echo 0 >"$unit"
# shellcheck disable=SC2016 # for the inner shell
walk='echo $$ >"$1"; exec sh "$2/host.sh" walk "$2"'
{
  /usr/bin/setsid -w sh -c "$walk" sh "$unit" "$dir"
  sh "$dir/host.sh" back "$dir"
  rm -f "$unit"
} </dev/null >/dev/null 2>&1 &
while [ "$(cat "$unit" 2>/dev/null || echo gone)" = 0 ]; do sleep 0.01; done
