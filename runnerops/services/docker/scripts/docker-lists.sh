#!/bin/sh
# info|container plain|digests FORMAT LINE… -- LINE…: prints `as configured` if Docker's output in FORMAT has all lines
# before the `--`, and none of those after it. Otherwise prints which line is missing or still there. With `digests` the
# arguments are SHA-256 sums of the lines, because the values may be secret.
#   info       the output is that of `docker info`
#   container  the output describes a container that is created for this, never started, and removed again
# Also prints `as configured` if the lines cannot be read: the client is older than its daemon and does not know a
# field, or no image is present from which a container could be created. The daemon has accepted its file, so nothing is
# wrong.

kind=$1 compare=$2 format=$3
shift 3
line='
'

images() { # prints the ids of all images, those of running caches first
  for id in $(docker ps -aq --filter label=com.docker.compose.project=runnerops); do
    docker inspect --type container --format '{{.Image}}' "$id" 2>/dev/null
  done
  docker image ls -q --no-trunc
}

read_output() { # prints Docker's output in FORMAT
  if [ "$kind" = info ]; then
    docker info --format "$format" 2>&1
    return
  fi
  docker ps -aq --filter label=runnerops.verify=docker | xargs docker rm -fv >/dev/null 2>&1
  for image in $(images | head -n 3); do
    made=$(docker create --label runnerops.verify=docker "$image" true 2>/dev/null) || continue
    docker inspect --type container --format "$format" "$made"
    docker rm -v "$made" >/dev/null # -v: with the anonymous volumes that its image declares
    return
  done
  echo "can't evaluate field: no container can be made"
}

comparable() { # standard input: lines; prints them, or with `digests` their SHA-256 sums
  if [ "$compare" = plain ]; then
    cat
    return
  fi
  while IFS= read -r one; do
    printf '%s' "$one" | sha256sum | cut -d ' ' -f 1
  done
}

output=$(read_output)
case $output in
*"can't evaluate field"*)
  echo 'as configured'
  exit
  ;;
esac
lines=$line$(printf '%s\n' "$output" | comparable)$line
wanted=yes
for one; do
  if [ "$one" = -- ]; then
    wanted=''
    continue
  fi
  case $lines in
  *"$line$one$line"*) [ "$wanted" ] || { echo "still there: $one" && exit; } ;;
  *) [ -z "$wanted" ] || { echo "missing: $one" && exit; } ;;
  esac
done
echo 'as configured'
