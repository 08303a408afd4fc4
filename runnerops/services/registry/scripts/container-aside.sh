#!/bin/sh
# stop|start ID POLICY: stops a container and keeps it, or starts it as it was; one that runs runs on. Docker itself would start
# one with the policy `always` again, next to the cache that has its port then: it has that policy only while it is wanted.

policy=no
[ "$1" = stop ] || policy=$3
[ "$3" != always ] || docker update --restart="$policy" "$2" >/dev/null || exit
docker "$1" "$2" >/dev/null
