#!/bin/sh
# ID|none FILTER…: prints `another` once the service runs in another container than this one.

old=$1
shift
id=$(docker ps -q --no-trunc "$@")
[ -z "$id" ] || [ "$id" = "$old" ] || echo another
