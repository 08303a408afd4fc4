#!/bin/sh
# stop|start ID POLICY RUN NAME: stops a container that is in the way of a cache, or starts it again. POLICY is its
# restart policy, which is set to `no` while the container is stopped: with `always`, or with `on-failure` after an exit
# status other than 0, Docker itself would start it again, and the cache needs its port. Run number RUN records the
# container with its policy in originals/containers, so that a later rollback to a time before this run can start it,
# too.

record=../../originals/containers before=$3 policy=no kept=
if [ "$1" = stop ]; then
  if [ "$3" = on-failure ]; then
    retries=$(docker inspect --type container --format '{{.HostConfig.RestartPolicy.MaximumRetryCount}}' "$2") || exit
    before=$3:$retries
  fi
  mkdir -p "${record%/*}" || exit
  grep -qs " $2 " "$record" || echo "$4 $2 $before $5" >>"$record" || exit
  sync "$record" "${record%/*}" 2>/dev/null || sync # after a power cut, only this record tells that it was stopped
else
  [ "$3" = always ] || kept=$(sed -n "s/^[0-9]* $2 \([^ ]*\) .*/\1/p" "$record" 2>/dev/null)
  before=${kept:-$3} policy=${kept:-$3}
fi
case $before in
  always | on-failure*) docker update --restart="$policy" "$2" >/dev/null || exit ;;
esac
docker "$1" "$2" >/dev/null || exit
[ "$1" = stop ] || sed -i "/ $2 /d" "$record" 2>/dev/null || :
