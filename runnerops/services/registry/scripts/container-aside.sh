#!/bin/sh
# stop|start ID POLICY RUN NAME: stops a container and keeps it, or starts it as it was; one that runs runs on. Docker itself would
# start one with the policy `always` again, next to the cache that has its port then: it has that policy only while it is wanted.
# One that is stopped is on record for whoever goes back to a time before this run, however late.

record=../../originals/containers policy=no
if [ "$1" = stop ]; then
  mkdir -p "${record%/*}" || exit
  grep -qs " $2 " "$record" || echo "$4 $2 $3 $5" >>"$record" || exit
else
  policy=$3
fi
[ "$3" != always ] || docker update --restart="$policy" "$2" >/dev/null || exit
docker "$1" "$2" >/dev/null || exit
[ "$1" = stop ] || sed -i "/ $2 /d" "$record" 2>/dev/null || :
