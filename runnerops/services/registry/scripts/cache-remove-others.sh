#!/bin/sh
# ID|none FILTER…: stops and removes all containers of the service except this one, as Compose does before it recreates
# one. Volumes stay.

keep=$1
shift
for id in $(docker ps -aq --no-trunc "$@"); do
  [ "$id" = "$keep" ] || { docker stop "$id" && docker rm "$id"; } >/dev/null || exit
done
