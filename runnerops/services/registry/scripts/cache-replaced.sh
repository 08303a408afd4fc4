#!/bin/sh
# ID|none FILTER…: prints `another` if the running container that matches the filters is another one than ID.

old=$1
shift
id=$(docker ps -q --no-trunc "$@")
[ -z "$id" ] || [ "$id" = "$old" ] || echo another
