#!/bin/sh
# CACHE TEXT TEXT TEXT ARGV…: runs the host's own command in the network of the cache's container; where it fails three
# times, prints the texts: why, and what to type.

cache=$1 said=$2 ufw=$3 iptables=$4
shift 4
id=$(docker ps -q --filter 'label=com.docker.compose.project=runnerops' \
  --filter "label=com.docker.compose.service=$cache" | head -n 1)
pid=$(docker inspect --format '{{.State.Pid}}' "$id") || exit
for _ in 1 2 3; do
  nsenter -t "$pid" -n "$@" && exit
  sleep 1
done
printf '%s\n' "$said" "$ufw" "$iptables"
exit 1
