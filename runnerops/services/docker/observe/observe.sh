# shellcheck shell=sh
# What the Docker daemon says of itself. Reads only; `ask`, `file`, `service_unit`, $root and the like come from the
# frame.

root=${root-} newline=${newline-} ended=${ended-} unit=${unit-} argv=${argv-} value=${value-} addresses=${addresses-}

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

# FORMAT DATA-ROOT...: the daemon, its images, and its containers, of the client as one JSON object a line
await_docker_daemon() {
  socket=$root/var/run/docker.sock format=$1
  shift
  told=$(docker_told "$@")
  case $told in
  *'{"ID":'*"${newline}200 http://localhost/info$newline"*'200 http://localhost/images/json'*'200 http://localhost/containers/json'*) ;;
  *)
    ask docker_info limited docker info --format '{{json .}}'
    # shellcheck disable=SC2034  # the frame uses it
    [ "$ended" != 137 ] || hung=docker
    ask docker_images limited docker image ls --digests --format '{{.Repository}}:{{.Tag}} {{.Repository}}@{{.Digest}}'
    # shellcheck disable=SC2046  # ids are words
    ask docker_containers docker_each "$format" $(limited docker ps -aq --no-trunc || echo none)
    return
    ;;
  esac
  ask docker_told printf '%s\n' "$told"
  ids=$(docker_missing)
  [ -n "$ids" ] || return 0
  # shellcheck disable=SC2086  # ids are words
  set -- $ids
  inspected=$(docker_inspected "$@")
  case $inspected in
  '{"Id":'*) ask docker_inspected printf '%s\n' "$inspected" ;;
  *) ask docker_containers docker_each "$format" "$@" ;;
  esac
}

# FORMAT ID...: by one client; where that hangs at a container it tells of none, and each is asked about alone
docker_each() {
  each=$1
  shift
  limited docker inspect --type container --format "$each" "$@" && return
  status=$?
  [ "$status" = 137 ] || return "$status"
  for id in "$@"; do limited_to 5 docker inspect --type container --format "$each" "$id"; done
  return 137
}

# of an answer's lines: how pages ended, what counts a runner's jobs, the daemon's info, names of images (their labels
# can be long), ids of containers, an answer's status
docker_lists='^(page |gitlab_runner_jobs[{]).*|^[{]"ID":.*|"Repo(Tags|Digests)":\[[^]]*\]|"Id":"[0-9a-f]{64}"|^200 [^ ]*$'
docker_string='"([^"\\]|\\.)*"'
docker_strings="[{]($docker_string:$docker_string,?)*[}]"
# of each container a member a line; no more than is needed, for the rest may hold secrets. One pattern, for busybox's
# grep
# finds one place a line where there are several
docker_members="^[{]\"Id\":\"[0-9a-f]{64}\"|\"Name\":\"/[^\"]*\"|\"(Running|AutoRemove)\":(true|false)\
|\"RestartPolicy\":[{]\"Name\":\"[^\"]*\"|\"Image\":$docker_string|\"Labels\":$docker_strings\
|\"PortBindings\":[{]($docker_string:(null|\\[($docker_strings,?)*\\]),?)*[}]\
|\"Mounts\":\\[([{]($docker_string:($docker_string|true|false),?)*[}],?)*\\]"

# DATA-ROOT...: from the daemon's own socket, and the pages that others ask for: by one curl, for the start of each
# costs the host
docker_told() {
  command -v curl >/dev/null 2>&1 && [ -S "$socket" ] && [ -e "$root/var/run/docker.pid" ] || return 1
  # after the lists: curl ends at a container at which dockerd hangs, and only that and those behind it are asked about
  # again
  asked=''
  for place in "$@"; do # a container has a folder: so most are known before the daemon has told their ids
    for id in "$root$place"/containers/*; do
      id=${id##*/}
      case $id in *[!0-9a-f]*) continue ;; ????????????????????????????????????????????????????????????????) ;; *) continue ;; esac
      asked="$asked -o /dev/fd/3 http://localhost/containers/$id/json"
    done
  done
  {
    # shellcheck disable=SC2086  # addresses are words
    lists=$(get_with_pages -sS -g -m 15 --fail-early -w '\n%{http_code} %{url_effective}\n' --unix-socket "$socket" -o - http://localhost/info \
      -o - http://localhost/images/json -o - 'http://localhost/containers/json?all=1' $asked 3>&4 | grep -Eo "$docker_lists")
    printf '%s\n' "$lists"
  } 4>&1 | grep -Eo "^(page |gitlab_runner_jobs[{]).*|^[{]\"ID\":.*|^\"Repo(Tags|Digests)\":\\[[^]]*\\]\$\
|^\"Id\":\"[0-9a-f]{64}\"\$|^200 [^ ]*\$|$docker_members"
}

# ids of containers that $told names and has no members of: their folders lie elsewhere, or they are new
docker_missing() {
  set -f
  IFS=$newline known=' '
  for line in $told; do
    case $line in
    '{"Id":"'*) line=${line#*:\"} known="$known${line%\"} " ;;
    '"Id":"'*)
      line=${line#*:\"}
      case $known in *" ${line%\"} "*) ;; *) printf '%s\n' "${line%\"}" ;; esac
      ;;
    esac
  done
  unset IFS
  set +f
}

docker_inspected() { # ID...
  # shellcheck disable=SC2046  # addresses are words
  limited curl -s -g -m 15 --unix-socket "$socket" $(printf 'http://localhost/containers/%s/json\n' "$@") 2>/dev/null |
    grep -Eo "$docker_members"
}

observe_docker_flavour() { # where the client is, and sockets of rootless daemons
  where=$(command -v docker)
  if [ -L "$where" ]; then where=$(readlink -f "$where"); fi
  ask docker_where printf '%s\n' "$where"
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
  bridge=''
  know_addresses
  set -f
  IFS=$newline
  for line in $addresses; do
    case $line in *': docker0 '*' inet '*) bridge=${bridge:-$line} ;; esac
  done
  unset IFS
  set +f
  ask docker_interface printf '%s\n' "$bridge"
  [ -n "$bridge" ] || ask docker_bridge limited docker network inspect bridge \
    --format '{{range .IPAM.Config}}{{println .Gateway .Subnet}}{{end}}'
}

# who asks (sudo drops the variable), the way back to it, routes, resolvers, what lets containers through
observe_docker_network() {
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

# the file that says in containerd's words where images of Docker Hub come from, and its lines that name hosts
docker_hosts() {
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

observe_docker_selinux() { # asked where daemon.json turns it on: the kernel makes this folder where SELinux is on
  ask docker_selinux test -d "$root/sys/fs/selinux"
}

lines_of() { # PATH: a small file, without a process
  while read -r line || [ -n "$line" ]; do printf '%s\n' "$line"; done <"$1"
}
