#!/bin/sh
# NAME SECONDS ARGV…: runs the command every second until it succeeds, at most SECONDS times. After a restart of the
# daemon, a container may be running while its published port does not work. So after ten attempts, the container of
# cache NAME is restarted.

name=$1 seconds=$2 attempts=0
shift 2
until "$@"; do
  attempts=$((attempts + 1))
  [ "$attempts" -lt "$seconds" ] || exit 1
  if [ "$attempts" = 10 ]; then
    # shellcheck disable=SC2046  # ids are words
    docker restart $(docker ps -aq --filter 'label=com.docker.compose.project=runnerops' \
      --filter "label=com.docker.compose.service=$name")
  fi
  sleep 1
done
