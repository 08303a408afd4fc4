#!/bin/sh
# VOLUME: removes a volume with all that it holds. A volume that is still in use stays, and a note says so.

docker volume inspect "$1" >/dev/null 2>&1 || exit 0
said=$(docker volume rm "$1" 2>&1) || printf '%s\n' "volume $1 stays: $said" >>"${RUNNEROPS_DESK:-.}/tell"
