#!/bin/sh
# ID|none FILTER…: stops and removes all containers that match the filters, except ID. Compose does the same before it
# recreates a container. Volumes stay.

keep=$1
shift
for id in $(docker ps -aq --no-trunc "$@"); do
  [ "$id" = "$keep" ] || { docker stop "$id" && docker rm "$id"; } >/dev/null || exit
done
