#!/bin/sh
# NAME FILTER…: prints how the cache's container is, and the last lines of its log.

name=$1
shift
id=$(docker ps -aq "$@" | head -n 1)
if [ -z "$id" ]; then
  echo "cache $name has no container"
  exit
fi
docker ps -a "$@" --format "cache $name: {{.Status}}; its last lines:"
docker logs --tail 8 "$id" 2>&1
