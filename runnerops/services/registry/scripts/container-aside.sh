#!/bin/sh
# stop|start ID POLICY RUN NAME: stops a container and keeps it, or starts it as it was (if it runs, it keeps running).
# POLICY is its restart policy, which is taken away while the container is stopped. Otherwise Docker itself would start
# it again (`always`, or `on-failure` if it did not end well), although a cache then has its port. The stopped container
# is recorded with the policy that it had, so that a rollback to a time before this run can start it, however late.

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
