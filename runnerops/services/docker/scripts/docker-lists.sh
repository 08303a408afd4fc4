#!/bin/sh
# info|container plain|digests FORM LINE… -- LINE…: prints `as asked` where what docker tells in this form has all of the first
# lines and none of the others; with `digests` these are SHA-256 of what may be secret.
#   info       of the daemon
#   container  of a container that is made for this, never starts and goes again
# What nobody can see is taken for as asked, for the daemon took its file: a field that a client older than its daemon does not
# know, a container where none can be made of an image that is there.

of=$1 as=$2 form=$3
shift 3
line='
'

images() { # the caches' own first
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
    docker rm -v "$made" >/dev/null # with the volumes without a name that its image asks for
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
  *"$line$one$line"*) [ "$wanted" ] || { echo "there still: $one" && exit; } ;;
  *) [ -z "$wanted" ] || { echo "not there: $one" && exit; } ;;
  esac
done
echo 'as asked'
