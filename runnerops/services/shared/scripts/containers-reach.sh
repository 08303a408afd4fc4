#!/bin/sh
# WHAT NAME URL WAY TEXT… -- ARGV…: whether containers reach a cache: runs the host's own command in the network of a container,
# as jobs would ask. That is a guest on the default bridge, of the cache's image or of another that is there, which goes again;
# where none comes up, a container that runs there; and then, with the WAY `any`, one that runs in a network of its own.
# With the WAY `network:NETWORK` it is that network in place of the default bridge.
#   --verify    where it fails four times, prints the texts: why, and what to type
#   --tell     tells the texts where it fails
#   --note     before the change: notes where it fails, or where there is no container to ask from
#   --compare  after it: the same as --verify where it did not fail before; else, that it is not shown is only told

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
  echo "whether containers reach $url is not shown: none did, or none ran, before" >tell
  exit
fi

unseen() { # WHY: which is no fault of the change
  case $what in
  --note) : >"$unreached" ;;
  --tell) ;;
  *) echo "whether containers reach $url is not shown: $1" >tell ;;
  esac
  exit
}

images() { # the cache's own first
  for id in $(docker ps -q --filter 'label=com.docker.compose.project=runnerops' \
    --filter "label=com.docker.compose.service=$name") $(docker ps -q); do
    docker inspect --type container --format '{{.Image}}' "$id" 2>/dev/null
  done
  docker image ls -q --no-trunc
}

begin() { # a guest that ends by itself, should this script be killed; an image may lack what it runs
  tried=' '
  for image in $(images); do
    case $tried in
    *" $image "*) continue ;;
    ' '*' '*' '*' '*' ') return 1 ;;
    esac
    tried="$tried$image "
    # runc, which every dockerd knows: gVisor takes the addresses away from the network that is asked from
    guest=$(timeout -s KILL 25 docker run -d --rm --runtime runc --network "$network" --label "runnerops.verify=$name" \
      --entrypoint sleep "$image" 90 2>why)
    pid=$(docker inspect --type container --format '{{.State.Pid}}' "${guest:-none}" 2>/dev/null)
    [ "${pid:-0}" = 0 ] || return 0
    leave
  done
  return 1
}

leave() { # and the volumes without a name that its image asks for
  [ -z "$guest" ] || docker rm -fv "$guest" >/dev/null 2>&1
  guest=''
}

running() { # sets pid; a network that it shares is no container's own, and an internal one leads nowhere
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

if [ "$1" = curl ]; then # names are resolved here: a resolver on the host's loopback is not in a container's network
  place=${url#*://}
  place=${place%%/*}
  host=${place%:*}
  case $host in
  localhost | *.localhost) ;;
  *[!0-9.]*) address=$(getent ahostsv4 "$host" 2>/dev/null | sed -n '1s/ .*//p') ;;
  esac
  case $address in
  127.*) unseen "for the host itself $host is $address" ;; # as /etc/hosts often has the host's own name
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
  unseen "no container came up to ask from${said:+: $said}"
fi
for pause in 1 1 1 0; do
  if timeout -s KILL 10 nsenter -t "$pid" -n "$@"; then
    leave
    exit
  fi
  case $what in --note | --tell) break ;; esac
  sleep $pause
  [ -n "$guest" ] || running || unseen 'the container that was asked from has ended'
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
