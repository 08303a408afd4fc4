# shellcheck shell=sh
# What the Docker daemon says of itself. Reads only; `ask`, `file`, `service_unit`, $root and the like come from the frame.

root=${root-} newline=${newline-} unit=${unit-} argv=${argv-} value=${value-}

observe_docker_unit() { # DEFAULT-PATH: the unit, how dockerd was really started, and the file that it reads
  service_unit docker.service
  ask docker_unit printf '%s\n' "$unit"
  ask docker_argv printf '%s\n' "$argv"
  flag_value --config-file
  file "${value:-$1}"
}

observe_docker_daemon() { # FORMAT: the daemon, its images, and its containers as one JSON object a line
  if docker_api '/info' '/images/json' '/containers/json?all=1'; then
    ask docker_info printf '%s' "$one"
    ask docker_images docker_image_names "$two"
    ids=$(printf '%s' "$three" | tr , '\n' | tr '{' '\n' | sed -n 's/^"Id":"\([0-9a-f]*\)"$/\1/p')
  else
    ask docker_info limited docker info --format '{{json .}}'
    ask docker_images limited docker image ls --digests --format '{{.Repository}}:{{.Tag}} {{.Repository}}@{{.Digest}}'
    ids=$(limited docker ps -aq --no-trunc 2>/dev/null)
  fi
  # shellcheck disable=SC2086  # ids are words
  ask docker_containers limited docker inspect --type container --format "$1" ${ids:-none}
}

docker_api() { # PATH PATH PATH: bodies in $one, $two and $three, from the daemon's own socket: a client's start costs more than all three
  socket=$root/var/run/docker.sock
  command -v curl >/dev/null 2>&1 && [ -S "$socket" ] && [ -e "$root/var/run/docker.pid" ] || return 1
  said=$(curl -fsS -g -m 15 -w '\n' --unix-socket "$socket" "http://localhost$1" "http://localhost$2" "http://localhost$3" \
    2>/dev/null | sed '/^$/d')
  case $said in "{"*"}${newline}["*"]${newline}["*"]") ;; *) return 1 ;; esac
  one=${said%%"$newline"*} said=${said#*"$newline"}
  two=${said%%"$newline"*} three=${said#*"$newline"}
}

docker_image_names() { # JSON: only the names, for labels and the like can be long
  printf '%s' "$1" | grep -Eo '"Repo(Tags|Digests)":\[[^]]*\]'
}

observe_docker_flavour() { # where the client is, and sockets of rootless daemons
  ask docker_where readlink -f "$(command -v docker)"
  ask docker_rootless docker_sockets
}

docker_sockets() {
  for socket in "$root"/run/user/*/docker.sock; do
    if [ -e "$socket" ]; then printf '%s\n' "$socket"; fi
  done
}

observe_docker_bridge() { # the default bridge's address; the daemon is asked where there is no such interface
  bridge=$(ip -4 -o addr show dev docker0 2>/dev/null)
  ask docker_interface printf '%s\n' "$bridge"
  [ -n "$bridge" ] || ask docker_bridge limited docker network inspect bridge \
    --format '{{range .IPAM.Config}}{{println .Gateway .Subnet}}{{end}}'
}
