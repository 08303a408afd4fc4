#!/bin/sh
# CACHE own|bridge TEXT… -- ARGV…: runs the host's own command in a network of containers, as jobs would ask; where it
# fails three times, prints the texts: why, and what to type.
#   own     in that of the cache's own container
#   bridge  in that of a container of the same image on the default bridge, which goes again; where none comes up, tells so

cache=$1 network=$2 guest=''
shift 2
desk=${RUNNEROPS_DESK:-.}
while [ "$1" != -- ]; do
  printf '%s\n' "$1"
  shift
done >"$desk/texts" || exit
shift
id=$(docker ps -q --filter 'label=com.docker.compose.project=runnerops' \
  --filter "label=com.docker.compose.service=$cache" | head -n 1)

begin() { # a guest that ends by itself, should this script be killed
  image=$(docker inspect --format '{{.Image}}' "$id") || exit
  guest=$(docker run -d --rm --network bridge --label "runnerops.verify=$cache" --entrypoint sleep "$image" 60 2>"$desk/why")
  pid=$(docker inspect --format '{{.State.Pid}}' "$guest" 2>/dev/null)
  [ "${pid:-0}" = 0 ] || return 0
  leave
  echo "whether containers reach cache $cache is not shown: no container came up to ask from: $(head -n 1 "$desk/why")" >"$desk/tell"
  exit
}

leave() { [ -z "$guest" ] || docker rm -f "$guest" >/dev/null 2>&1 || :; }

if [ "$network" = own ]; then pid=$(docker inspect --format '{{.State.Pid}}' "$id") || exit; else begin; fi
for _ in 1 2 3; do
  if nsenter -t "$pid" -n "$@"; then
    leave
    exit 0
  fi
  sleep 1
done
leave
cat "$desk/texts"
exit 1
