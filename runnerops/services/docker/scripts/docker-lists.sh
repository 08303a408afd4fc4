#!/bin/sh
# info|container plain|digests FORM LINE… -- LINE…: prints `as asked` if Docker's output in this form has all lines
# before the `--`, and none of those after it. With `digests` the lines are SHA-256 sums, because the values may be
# secret.
#   info       the output is that of `docker info`
#   container  the output describes a container that is created for this, is never started, and is removed again
# If nobody can see the lines, `as asked` is printed too, because the daemon has accepted its file. That is so if the
# client is older than its daemon and does not know a field, or if no container can be created from a present image.

of=$1 as=$2 form=$3
shift 3
line='
'

images() { # those of the caches first
  for id in $(docker ps -aq --filter label=com.docker.compose.project=runnerops); do
    docker inspect --type container --format '{{.Image}}' "$id" 2>/dev/null
  done
  docker image ls -q --no-trunc
}

ask() {
  if [ "$of" = info ]; then
    docker info --format "$form" 2>&1
    return
  fi
  docker ps -aq --filter label=runnerops.verify=docker | xargs docker rm -fv >/dev/null 2>&1
  for image in $(images | head -n 3); do
    made=$(docker create --label runnerops.verify=docker "$image" true 2>/dev/null) || continue
    docker inspect --type container --format "$form" "$made"
    docker rm -v "$made" >/dev/null # with the anonymous volumes that its image asks for
    return
  done
  echo "can't evaluate field: no container can be made"
}

lines() {
  if [ "$as" = plain ]; then
    cat
    return
  fi
  while IFS= read -r one; do
    printf '%s' "$one" | sha256sum | cut -d ' ' -f 1
  done
}

said=$(ask)
case $said in
*"can't evaluate field"*)
  echo 'as asked'
  exit
  ;;
esac
told=$line$(printf '%s\n' "$said" | lines)$line
wanted=yes
for one; do
  if [ "$one" = -- ]; then
    wanted=''
    continue
  fi
  case $told in
  *"$line$one$line"*) [ "$wanted" ] || { echo "still there: $one" && exit; } ;;
  *) [ -z "$wanted" ] || { echo "missing: $one" && exit; } ;;
  esac
done
echo 'as asked'
