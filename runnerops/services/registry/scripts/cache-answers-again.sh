#!/bin/sh
# NAME SECONDS ARGV…: waits until the command succeeds, and tries it SECONDS times at most. After a restart of the
# daemon, a container may be shown as running while its port is dead. So after ten tries the container is restarted.

name=$1 seconds=$2 tries=0
shift 2
until "$@"; do
  tries=$((tries + 1))
  [ "$tries" -lt "$seconds" ] || exit 1
  if [ "$tries" = 10 ]; then
    # shellcheck disable=SC2046  # ids are words
    docker restart $(docker ps -aq --filter 'label=com.docker.compose.project=runnerops' \
      --filter "label=com.docker.compose.service=$name")
  fi
  sleep 1
done
