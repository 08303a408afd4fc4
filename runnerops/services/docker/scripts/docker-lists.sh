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

# Prints Docker's output in FORMAT. Each call of `docker` costs the host more than all the rest, so none is made that is
# not needed.
# shellcheck disable=SC2046  # ids are words
read_output() {
  if [ "$kind" = info ]; then
    docker info --format "$format" 2>&1
    return
  fi
  remove $(docker ps -aq --filter label=runnerops.verify=docker)
  describe $(images_of $(docker ps -aq --filter label=com.docker.compose.project=runnerops) | head -n 3) ||
    describe $(docker image ls -q --no-trunc | head -n 3) ||
    echo "can't evaluate field: no container can be made"
}

remove() { # ID…: removes containers, with the anonymous volumes that their images declare
  [ $# = 0 ] || docker rm -fv "$@" >/dev/null 2>&1
}

images_of() { # ID…: prints the ids of the images of these containers
  [ $# = 0 ] || docker inspect --type container --format '{{.Image}}' "$@" 2>/dev/null
}

describe() { # IMAGE…: prints the output for a new container of the first of these images from which one can be created
  for image; do
    made=$(docker create --label runnerops.verify=docker "$image" true 2>/dev/null) || continue
    docker inspect --type container --format "$format" "$made"
    remove "$made"
    return
  done
  return 1
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
