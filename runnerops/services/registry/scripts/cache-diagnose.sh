#!/bin/sh
# NAME FILTER…: prints the status of the cache's container, and the last lines of its log.

name=$1
shift
id=$(docker ps -aq "$@" | head -n 1)
if [ -z "$id" ]; then
  echo "cache $name has no container"
  exit
fi
docker ps -a "$@" --format "cache $name: {{.Status}}; the last lines of its log:"
docker logs --tail 8 "$id" 2>&1
