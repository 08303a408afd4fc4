#!/bin/sh
# setsid of the demo's host. Every command of a step goes through here. Its paths are made to point into the scratch
# directory, unless it is a script (a word, or a file of the run's folder) that uses RUNNEROPS_ROOT itself.
# shellcheck disable=SC2016  # this text is searched for, not expanded
own=no
for word; do
  case $word in
  *'${RUNNEROPS_ROOT-}'*) own=yes ;;
  *.sh) if grep -qF '${RUNNEROPS_ROOT-}' "./$word" 2>/dev/null; then own=yes; fi ;;
  esac
done
case $own in
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
