#!/bin/sh
# setsid of the demo's host, through which every command of a step is started. Replaces paths in the arguments by paths
# in the scratch directory, unless the command, or a script of the run's folder that it names, uses RUNNEROPS_ROOT
# itself.
# shellcheck disable=SC2016  # the pattern is not to be expanded
uses_root=no
for word; do
  case $word in
  *'${RUNNEROPS_ROOT-}'*) uses_root=yes ;;
  *.sh) if grep -qF '${RUNNEROPS_ROOT-}' "./$word" 2>/dev/null; then uses_root=yes; fi ;;
  esac
done
case $uses_root in
yes) ;;
*)
  for word; do
    shift
    case $word in
    "$RUNNEROPS_ROOT"/*) ;;
    /etc/* | /opt/* | /srv/* | /var/lib/*) word=$RUNNEROPS_ROOT$word ;;
    /usr/*) [ ! -e "$RUNNEROPS_ROOT$word" ] || word=$RUNNEROPS_ROOT$word ;;
    --*=/*) word=${word%%=*}=$RUNNEROPS_ROOT${word#*=} ;;
    esac
    set -- "$@" "$word"
  done
  ;;
esac
exec "$(PATH=${PATH#*:} && command -v setsid)" "$@"
