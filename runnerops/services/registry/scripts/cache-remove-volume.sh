#!/bin/sh
# VOLUME: removes a volume with its data. If it cannot be removed, because it is in use, a note says so.

docker volume inspect "$1" >/dev/null 2>&1 || exit 0
errors=$(docker volume rm "$1" 2>&1) || printf '%s\n' "volume $1 stays: $errors" >>"${RUNNEROPS_SCRATCH:-.}/notes"
