#!/bin/sh
# WHAT NAME URL WAY TEXT… -- ARGV…: checks whether containers reach a cache. For that it runs a command of the host in
# the network of a container, from which jobs would ask. The container is a new one on the default bridge, with the
# image of the cache or another one that is present, and is removed again. If none can be started, it is one that runs
# on the default bridge; and if none runs there and WAY is `any`, one that runs in any network. With the WAY
# `network:NETWORK` that network takes the place of the default bridge.
#   --verify   if it fails four times, prints the texts: the reason, and the commands that help
#   --tell     if it fails, makes the texts a note
#   --note     is called before the change: it records that it fails, or that there is no container to ask from
#   --compare  is called after it: it does the same as --verify if it did not fail before; otherwise a note says that it
#              was not checked

what=$1 name=$2 url=$3 way=$4 guest='' address='' network=bridge
shift 4
unreached=unreached.$name
case $way in network:*) network=${way#*:} unreached=$unreached.$network ;; esac
cd "${RUNNEROPS_DESK:-.}" || exit
while [ "$1" != -- ]; do
  printf '%s\n' "$1"
  shift
done >texts || exit
shift
if [ "$what" = --compare ] && [ -e "$unreached" ]; then
  echo "it was not checked whether containers reach $url: before the deploy none did, or none ran" >tell
  exit
fi

unseen() { # WHY: ends the script; the change is not to blame for this reason
  case $what in
  --note) : >"$unreached" ;;
  --tell) ;;
  *) echo "it was not checked whether containers reach $url: $1" >tell ;;
  esac
  exit
}

images() { # the cache's image first
  for id in $(docker ps -q --filter 'label=com.docker.compose.project=runnerops' \
    --filter "label=com.docker.compose.service=$name") $(docker ps -q); do
    docker inspect --type container --format '{{.Image}}' "$id" 2>/dev/null
  done
  docker image ls -q --no-trunc
}

begin() { # starts a container, which ends by itself if this script is killed; an image may lack `sleep`
  tried=' '
  for image in $(images); do
    case $tried in
    *" $image "*) continue ;;
    ' '*' '*' '*' '*' ') return 1 ;;
    esac
    tried="$tried$image "
    # with runc, which every dockerd knows: gVisor would remove the addresses from the network
    guest=$(timeout -s KILL 25 docker run -d --rm --runtime runc --network "$network" --label "runnerops.verify=$name" \
      --entrypoint sleep "$image" 90 2>why)
    pid=$(docker inspect --type container --format '{{.State.Pid}}' "${guest:-none}" 2>/dev/null)
    [ "${pid:-0}" = 0 ] || return 0
    leave
  done
  return 1
}

leave() { # removes the container, with the anonymous volumes that its image asks for
  [ -z "$guest" ] || docker rm -fv "$guest" >/dev/null 2>&1
  guest=''
}

running() { # sets $pid to that of a running container whose network is its own and not an internal one
  for filter in "network=$network" status=running; do
    for id in $(docker ps -q --filter "$filter"); do
      found=$(docker inspect --type container --format '{{.State.Pid}} {{.HostConfig.NetworkMode}}' "$id" 2>/dev/null)
      case $found in
      '' | '0 '* | *' host' | *' none' | *' container:'*) ;;
      *)
        [ "$(docker network inspect --format '{{.Internal}}' "${found#* }" 2>/dev/null)" != true ] || continue
        pid=${found%% *}
        return
        ;;
      esac
    done
    [ "$way" = any ] || return 1
  done
  return 1
}

if [ "$1" = curl ]; then # names are resolved here, because the host's loopback does not exist in a container's network
  place=${url#*://}
  place=${place%%/*}
  host=${place%:*}
  case $host in
  localhost | *.localhost) ;;
  *[!0-9.]*) address=$(getent ahostsv4 "$host" 2>/dev/null | sed -n '1s/ .*//p') ;;
  esac
  case $address in
  127.*) unseen "on the host itself, $host is $address" ;; # as /etc/hosts often has it for the host's own name
  ?*)
    for port in "${place##*:}" 80 443; do
      case $port in *[!0-9]*) ;; *) set -- "$@" --resolve "$host:$port:$address" ;; esac
    done
    ;;
  esac
fi
[ "$network" = bridge ] || docker network inspect "$network" >/dev/null 2>&1 || unseen "there is no network $network"
if ! begin && ! running; then
  said=$(head -n 1 why 2>/dev/null)
  unseen "no container could be started for the check${said:+: $said}"
fi
for pause in 1 1 1 0; do
  if timeout -s KILL 10 nsenter -t "$pid" -n "$@"; then
    leave
    exit
  fi
  case $what in --note | --tell) break ;; esac
  sleep $pause
  [ -n "$guest" ] || running || unseen 'the container from which it was checked has ended'
done
leave
case $what in
--note) : >"$unreached" ;;
--tell) mv texts tell ;;
*)
  cat texts
  exit 1
  ;;
esac
