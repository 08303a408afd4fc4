#!/bin/sh
# stop|start ID POLICY RUN NAME: stops a container and keeps it, or starts it as it was; one that runs runs on. Docker itself would
# start one with the policy `always`, or with `on-failure` where it did not end well, again next to the cache that has its port
# then: it has that policy only while it is wanted. One that is stopped is on record for whoever goes back to a time before this
# run, however late, and with it the policy that it had.

record=../../originals/containers before=$3 policy=no kept=
if [ "$1" = stop ]; then
  if [ "$3" = on-failure ]; then
    most=$(docker inspect --type container --format '{{.HostConfig.RestartPolicy.MaximumRetryCount}}' "$2") || exit
    before=$3:$most
  fi
  mkdir -p "${record%/*}" || exit
  grep -qs " $2 " "$record" || echo "$4 $2 $before $5" >>"$record" || exit
else
  [ "$3" = always ] || kept=$(sed -n "s/^[0-9]* $2 \([^ ]*\) .*/\1/p" "$record" 2>/dev/null)
  before=${kept:-$3} policy=${kept:-$3}
fi
case $before in
  always | on-failure*) docker update --restart="$policy" "$2" >/dev/null || exit ;;
esac
docker "$1" "$2" >/dev/null || exit
[ "$1" = stop ] || sed -i "/ $2 /d" "$record" 2>/dev/null || :
