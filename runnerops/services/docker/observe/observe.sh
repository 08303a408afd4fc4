# shellcheck shell=sh
# What the Docker daemon says of itself. Reads only; `ask`, `file`, `service_unit`, $root and the like come from the frame.

root=${root-} newline=${newline-} unit=${unit-} argv=${argv-} value=${value-}

observe_docker() { # DEFAULT-PATH DATA-ROOT...: what is told at once
  observe_docker_unit "$1"
  shift
  ask docker_roots docker_roots "$@"
  observe_docker_bridge
  observe_docker_flavour
  observe_docker_network
}

observe_docker_unit() { # DEFAULT-PATH: the unit, how dockerd was really started, and the file that it reads
  service_unit docker.service
  ask docker_unit printf '%s\n' "$unit"
  ask docker_argv printf '%s\n' "$argv"
  flag_value --config-file
  file "${value:-$1}"
}

observe_docker_daemon() { # FORMAT: the daemon, its images, and its containers, of the client as one JSON object a line
  socket=$root/var/run/docker.sock
  told=$(docker_told)
  case $told in
  "{"*"${newline}200"*"${newline}200"*"${newline}200") ask docker_told printf '%s\n' "$told" ;;
  *)
    ask docker_info limited docker info --format '{{json .}}'
    ask docker_images limited docker image ls --digests --format '{{.Repository}}:{{.Tag}} {{.Repository}}@{{.Digest}}'
    # shellcheck disable=SC2046  # ids are words
    ask docker_containers limited docker inspect --type container --format "$1" $(limited docker ps -aq --no-trunc || echo none)
    return
    ;;
  esac
  ids=$(printf '%s\n' "$told" | sed -n 's/^"Id":"\(.*\)"$/\1/p')
  [ -n "$ids" ] || return 0
  format=$1
  # shellcheck disable=SC2086  # ids are words
  set -- $ids
  inspected=$(docker_inspected "$@")
  case $inspected in
  '{"Id":'*) ask docker_inspected printf '%s\n' "$inspected" ;;
  *) ask docker_containers limited docker inspect --type container --format "$format" "$@" ;;
  esac
}

docker_told() { # from the daemon's own socket, for a client's start costs more: its info, names of images (their labels can be long), ids of containers, and each answer's status
  command -v curl >/dev/null 2>&1 && [ -S "$socket" ] && [ -e "$root/var/run/docker.pid" ] || return 1
  curl -fsS -g -m 15 -w '\n%{http_code}\n' --unix-socket "$socket" \
    http://localhost/info http://localhost/images/json 'http://localhost/containers/json?all=1' 2>/dev/null |
    grep -Eo -e '^[{].*' -e '"Repo(Tags|Digests)":\[[^]]*\]' -e '"Id":"[0-9a-f]{64}"' -e '^200$'
}

docker_inspected() { # ID...: of each container a member a line; no more than is needed, for the rest may hold secrets
  string='"([^"\\]|\\.)*"'
  strings="[{]($string:$string,?)*[}]"
  ports="[{]($string:(null|\\[($strings,?)*\\]),?)*[}]"
  mounts="\\[([{]($string:($string|true|false),?)*[}],?)*\\]"
  # one pattern, for busybox's grep finds one place a line where there are several
  wanted='^[{]"Id":"[0-9a-f]{64}"|"Name":"/[^"]*"|"(Running|AutoRemove)":(true|false)|"RestartPolicy":[{]"Name":"[^"]*"'
  # shellcheck disable=SC2046  # addresses are words
  curl -s -g -m 15 --unix-socket "$socket" $(printf 'http://localhost/containers/%s/json\n' "$@") 2>/dev/null |
    grep -Eo "$wanted|\"Image\":$string|\"PortBindings\":$ports|\"Labels\":$strings|\"Mounts\":$mounts"
}

observe_docker_flavour() { # where the client is, and sockets of rootless daemons
  ask docker_where readlink -f "$(command -v docker)"
  ask docker_rootless docker_sockets
}

docker_roots() { # PATH...: each as it is given, its real path, and the storage drivers that keep something there
  for place in "$@"; do
    # a data-root that is a link counts as what it leads to
    real=$(cd -P "$root$place" 2>/dev/null && pwd -P) || real=$(readlink -f "$root$place" 2>/dev/null) || real=$root$place
    found=
    for driver in overlay2 fuse-overlayfs btrfs zfs vfs aufs devicemapper overlay; do
      # `l` and `subvolumes` are what a driver makes first: a folder of thousands of layers need not be read
      if [ -e "$real/$driver/l" ] || [ -e "$real/$driver/subvolumes" ] ||
        { [ -d "$real/$driver" ] && [ -n "$(ls -A "$real/$driver" 2>/dev/null)" ]; }; then
        found="$found $driver"
      fi
    done
    printf '%s\t%s\t%s\n' "$place" "${real#"$root"}" "${found# }"
  done
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

observe_docker_network() { # who asks (sudo drops the variable), the way back to it, routes, resolvers, what lets containers through
  client=${SSH_CONNECTION-}
  if [ -z "$client" ] && [ -r "$root/proc/$PPID/environ" ]; then
    client=$(tr '\000' '\n' <"$root/proc/$PPID/environ" | sed -n 's/^SSH_CONNECTION=//p')
  fi
  ask docker_client printf '%s\n' "$client"
  [ -z "$client" ] || ask docker_way ip -o route get "${client%% *}"
  ask docker_routes lines_of "$root/proc/net/route"
  ask docker_resolvers lines_of "$root/etc/resolv.conf"
  ask docker_forward lines_of "$root/proc/sys/net/ipv4/ip_forward"
  ask docker_hosts docker_hosts
}

docker_hosts() { # the file that says in containerd's words where images of Docker Hub come from, and its lines that name hosts
  for place in docker.io _default; do # only the first that is there is looked into
    place=/etc/docker/certs.d/$place
    [ -d "$root$place" ] || continue
    [ -r "$root$place/hosts.toml" ] || return 0
    printf '%s\n' "$place/hosts.toml"
    while read -r line || [ -n "$line" ]; do
      case $line in '['*host* | host*) printf '%s\n' "$line" ;; esac
    done <"$root$place/hosts.toml"
    return 0
  done
}

observe_docker_listeners() { # asked where daemon.json makes dockerd listen
  ask docker_listeners ss -Hltnp
}

lines_of() { # PATH: a small file, without a process
  while read -r line || [ -n "$line" ]; do printf '%s\n' "$line"; done <"$1"
}
