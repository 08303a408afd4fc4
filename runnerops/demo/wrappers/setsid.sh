#!/bin/sh
# setsid of the demo's host. Every command of a step goes through here: it is shown the scratch directory as the host's /,
# unless it is a script (a word, or a file of the run's folder) that sees to it itself.
# shellcheck disable=SC2016  # looked for, not expanded
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
