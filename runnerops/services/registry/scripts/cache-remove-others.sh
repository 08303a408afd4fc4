#!/bin/sh
# ID|none FILTER…: stops and removes the service's containers but that one, as Compose does before it makes one anew; volumes
# stay.

keep=$1
shift
for id in $(docker ps -aq --no-trunc "$@"); do
  [ "$id" = "$keep" ] || { docker stop "$id" && docker rm "$id"; } >/dev/null || exit
done
