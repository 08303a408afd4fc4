#!/bin/sh
# VOLUME: takes a volume away with all that it holds. One that somebody else uses stays, and the person who deploys is told.

docker volume inspect "$1" >/dev/null 2>&1 || exit 0
said=$(docker volume rm "$1" 2>&1) || printf '%s\n' "volume $1 stays: $said" >>"${RUNNEROPS_DESK:-.}/tell"
