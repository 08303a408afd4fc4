#!/bin/sh
# WHAT NAME URL WHERE TEXT… -- ARGV…: checks whether containers reach cache NAME at URL. It runs the command ARGV of the
# host in the network namespace of a container from which jobs could send requests. That is a new container on the
# default bridge, with the image of the cache or another present one, which is removed again. If none can be started, it
# is one that runs on the default bridge, and if WHERE is `any`, otherwise one that runs in any network. If WHERE is
# `network:NETWORK`, that network is used instead of the default bridge. WHAT is one of:
#   --verify   if the command fails four times, prints the texts: the reason, and the commands that help
#   --report   if the command fails, writes the texts as a note
#   --note     is called before a change: records that the command fails, or that there is no container
#   --compare  is called after it: does the same as --verify, unless the command failed before; then a note says that it
#              was not checked

what=$1 name=$2 url=$3 where=$4 started='' address='' network=bridge
shift 4
unreached=unreached.$name
case $where in network:*) network=${where#*:} unreached=$unreached.$network ;; esac
cd "${RUNNEROPS_SCRATCH:-.}" || exit
while [ "$1" != -- ]; do
  printf '%s\n' "$1"
  shift
done >texts || exit
shift
if [ "$what" = --compare ] && [ -e "$unreached" ]; then
  echo "it was not checked whether containers reach $url: before the deploy none did, or none ran" >notes
  exit
fi

skip_check() { # REASON: ends the script, successfully, because the change is not the reason
  case $what in
  --note) : >"$unreached" ;;
  --report) ;;
  *) echo "it was not checked whether containers reach $url: $1" >notes ;;
  esac
  exit
}

images() { # cache|running|all: prints the ids of images: that of the cache, those of running containers, or all
  # shellcheck disable=SC2046  # ids are words
  case $1 in
  cache)
    set -- $(docker ps -q --filter 'label=com.docker.compose.project=runnerops' \
      --filter "label=com.docker.compose.service=$name")
    ;;
  running) set -- $(docker ps -q) ;;
  all) docker image ls -q --no-trunc && return ;;
  esac
  [ $# = 0 ] || docker inspect --type container --format '{{.Image}}' "$@" 2>/dev/null
}

# Starts a container, and sets $started to its id and $pid to its process. It ends by itself, in case this script is
# killed. Tries up to four images, because an image may lack `sleep`. Most often the first is enough, and each call of
# `docker` costs the host as much as all the rest, so the others are asked for when they are needed.
start_container() {
  tried=' '
  for which in cache running all; do
    for image in $(images $which); do
      case $tried in
      *" $image "*) continue ;;
      ' '*' '*' '*' '*' ') return 1 ;;
      esac
      tried="$tried$image "
      # with runc, which every dockerd has: with gVisor, the namespace would have no addresses
      started=$(timeout -s KILL 25 docker run -d --rm --runtime runc --network "$network" \
        --label "runnerops.verify=$name" --entrypoint sleep "$image" 90 2>why)
      pid=$(docker inspect --type container --format '{{.State.Pid}}' "${started:-none}" 2>/dev/null)
      [ "${pid:-0}" = 0 ] || return 0
      remove_container
    done
  done
  return 1
}

remove_container() { # with the anonymous volumes that its image declares
  [ -z "$started" ] || docker rm -fv "$started" >/dev/null 2>&1
  started=''
}

find_container() { # sets $pid to the process of a running container that has its own network, not an internal one
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
    [ "$where" = any ] || return 1
  done
  return 1
}

if [ "$1" = curl ]; then # names are resolved here, because a container cannot reach a resolver on the host's loopback
  authority=${url#*://}
  authority=${authority%%/*}
  host=${authority%:*}
  case $host in
  localhost | *.localhost) ;;
  *[!0-9.]*) address=$(getent ahostsv4 "$host" 2>/dev/null | sed -n '1s/ .*//p') ;;
  esac
  case $address in
  127.*) skip_check "on the host itself, $host is $address" ;; # as /etc/hosts often has it for the host's own name
  ?*)
    for port in "${authority##*:}" 80 443; do
      case $port in *[!0-9]*) ;; *) set -- "$@" --resolve "$host:$port:$address" ;; esac
    done
    ;;
  esac
fi
[ "$network" = bridge ] || docker network inspect "$network" >/dev/null 2>&1 ||
  skip_check "there is no network $network"
if ! start_container && ! find_container; then
  reason=$(head -n 1 why 2>/dev/null)
  skip_check "no container could be started for the check${reason:+: $reason}"
fi
for pause in 1 1 1 0; do
  if timeout -s KILL 10 nsenter -t "$pid" -n "$@"; then
    remove_container
    exit
  fi
  case $what in --note | --report) break ;; esac
  sleep $pause
  [ -n "$started" ] || find_container || skip_check 'the container from which it was checked has ended'
done
remove_container
case $what in
--note) : >"$unreached" ;;
--report) mv texts notes ;;
*)
  cat texts
  exit 1
  ;;
esac
