# shellcheck shell=sh
# Reads the runs that a host keeps. remote/observe.sh defines `ask` and $root.

root=${root-}

observe_history() { # answers with who requested each run, its steps and its log, with one process for each answer
  state=$root/var/lib/runnerops
  [ -d "$state" ] || return 0
  ask clock date +%s
  ask numbers ls "$state/runs"
  ask kept grep -H . "$state"/runs/*/meta
  ask forward grep -H . "$state"/runs/*/forward
  ask rollback grep -H . "$state"/runs/*/rollback
  ask titles grep -H . "$state"/runs/*/titles.forward "$state"/runs/*/titles.rollback
  ask alive systemctl list-units --all --plain --no-legend --no-pager 'runnerops-*'
  ask logs grep -H . "$state"/runs/*/log # after `alive`, so that a run that ends meanwhile is not taken for killed
  ask paused grep -H . "$state"/paused/*
}
