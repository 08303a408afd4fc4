# shellcheck shell=sh
# Functions that observe the Docker daemon. They only read. remote/observe.sh defines $root and functions such as `ask`
# and `file`.

root=${root-} newline=${newline-} ended=${ended-} unit=${unit-} argv=${argv-} value=${value-} addresses=${addresses-}

observe_docker() { # DEFAULT-PATH DATA-ROOT...: answers what the host itself knows, without the daemon
  observe_docker_unit "$1"
  shift
  ask docker_roots docker_roots "$@"
  observe_docker_bridge
  observe_docker_flavour
  observe_docker_network
}

# DEFAULT-PATH: answers with the unit's properties, the arguments of the dockerd process, and the daemon.json that it
# reads.
observe_docker_unit() {
  service_unit docker.service
  ask docker_unit printf '%s\n' "$unit"
  ask docker_argv printf '%s\n' "$argv"
  flag_value --config-file
  file "${value:-$1}"
}

# FORMAT DATA-ROOT...: answers with the daemon's info, images and containers. They are requested with curl; if that does
# not work, `docker` prints them. Its `inspect` prints containers in FORMAT, one per line.
await_docker_daemon() {
  socket=$root/var/run/docker.sock format=$1 ok='200 http://localhost'
  shift
  responses=$(docker_responses "$@")
  case $responses in
  *'{"ID":'*"$newline$ok/info$newline"*"$ok/images/json"*"$ok/containers/json"*) ;;
  *)
    ask docker_info limited docker info --format '{{json .}}'
    # shellcheck disable=SC2034  # `limited_to` of remote/observe.sh reads it
    [ "$ended" != 137 ] || hung_program=docker
    ask docker_images limited docker image ls --digests --format '{{.Repository}}:{{.Tag}} {{.Repository}}@{{.Digest}}'
    # shellcheck disable=SC2046  # ids are words
    ask docker_containers docker_inspect_each "$format" $(limited docker ps -aq --no-trunc || echo none)
    return
    ;;
  esac
  ask docker_responses printf '%s\n' "$responses"
  ids=$(docker_uninspected) # of containers that are new, or whose folders are elsewhere
  [ -n "$ids" ] || return 0
  # shellcheck disable=SC2086  # ids are words
  set -- $ids
  inspected=$(docker_inspected "$@")
  case $inspected in
  '{"Id":'*) ask docker_inspected printf '%s\n' "$inspected" ;;
  *) ask docker_containers docker_inspect_each "$format" "$@" ;;
  esac
}

# FORMAT ID...: inspects all containers with one call of `docker`. If dockerd hangs at one of them, that call is killed
# at its time limit and has printed none; then each container gets a call with a time limit of its own.
docker_inspect_each() {
  each=$1
  shift
  limited docker inspect --type container --format "$each" "$@" && return
  status=$?
  [ "$status" = 137 ] || return "$status"
  for id in "$@"; do limited_to 5 docker inspect --type container --format "$each" "$id"; done
  return 137
}

# What is kept of the responses to the first requests: the status lines of pages, the job counts of a runner's metrics
# page, the daemon's info, the names of images (not their labels, which can be long), the ids of containers, and the
# status line of each request.
docker_lists='^(page |gitlab_runner_jobs[{]).*|^[{]"ID":.*|"Repo(Tags|Digests)":\[[^]]*\]'
docker_lists=$docker_lists'|"Id":"[0-9a-f]{64}"|^200 [^ ]*$'
docker_string='"([^"\\]|\\.)*"'
docker_strings="[{]($docker_string:$docker_string,?)*[}]"
# What is kept of each container: these fields, one per line, and no others, because they may contain secrets. It is a
# single pattern, because with several of them busybox's grep prints only one match per line.
docker_members="^[{]\"Id\":\"[0-9a-f]{64}\"|\"Name\":\"/[^\"]*\"|\"(Running|AutoRemove)\":(true|false)\
|\"RestartPolicy\":[{]\"Name\":\"[^\"]*\"|\"Image\":$docker_string|\"Labels\":$docker_strings\
|\"PortBindings\":[{]($docker_string:(null|\\[($docker_strings,?)*\\]),?)*[}]\
|\"Mounts\":\\[([{]($docker_string:($docker_string|true|false),?)*[}],?)*\\]"

# DATA-ROOT...: prints what is kept of the responses of the daemon's socket and of the requested pages. A single curl
# makes all these requests, because starting a program costs a host more than a request.
docker_responses() {
  command -v curl >/dev/null 2>&1 && [ -S "$socket" ] && [ -e "$root/var/run/docker.pid" ] || return 1
  # A container has a folder below the data-root, so most ids are known before the daemon lists them. Containers come
  # after the lists: if dockerd hangs at one of them, curl ends there, and only the rest has to be requested again.
  requests=''
  for data_root in "$@"; do
    for id in "$root$data_root"/containers/*; do
      id=${id##*/}
      case $id in
      *[!0-9a-f]*) continue ;;
      ????????????????????????????????????????????????????????????????) ;; # 64 digits
      *) continue ;;
      esac
      requests="$requests -o /dev/fd/3 http://localhost/containers/$id/json"
    done
  done
  {
    # shellcheck disable=SC2086  # curl's arguments are words
    lists=$(get_with_pages -sS -g -m 15 --fail-early -w '\n%{http_code} %{url_effective}\n' --unix-socket "$socket" \
      -o - http://localhost/info -o - http://localhost/images/json -o - 'http://localhost/containers/json?all=1' \
      $requests 3>&4 | grep -Eo "$docker_lists")
    printf '%s\n' "$lists"
  } 4>&1 | grep -Eo "^(page |gitlab_runner_jobs[{]).*|^[{]\"ID\":.*|^\"Repo(Tags|Digests)\":\\[[^]]*\\]\$\
|^\"Id\":\"[0-9a-f]{64}\"\$|^200 [^ ]*\$|$docker_members"
}

docker_uninspected() { # prints the ids of the containers that $responses lists, but has no fields of
  set -f
  IFS=$newline known=' '
  for line in $responses; do
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

docker_inspected() { # ID...: prints what is kept of these containers, requested with one curl
  # shellcheck disable=SC2046  # URLs are words
  limited curl -s -g -m 15 --unix-socket "$socket" $(printf 'http://localhost/containers/%s/json\n' "$@") 2>/dev/null |
    grep -Eo "$docker_members"
}

observe_docker_flavour() { # answers with the path of the `docker` program, and the sockets of rootless daemons
  where=$(command -v docker)
  if [ -L "$where" ]; then where=$(readlink -f "$where"); fi
  ask docker_where printf '%s\n' "$where"
  ask docker_rootless docker_sockets
}

# DATA-ROOT...: prints for each of them a line with the path, its real path without links, and the storage drivers that
# have files there, separated by TABs.
docker_roots() {
  for data_root in "$@"; do
    real=$(cd -P "$root$data_root" 2>/dev/null && pwd -P) || real=$(readlink -f "$root$data_root" 2>/dev/null) ||
      real=$root$data_root
    found=
    for driver in overlay2 fuse-overlayfs btrfs zfs vfs aufs devicemapper overlay; do
      # drivers create `l` or `subvolumes` first; if one is there, a folder of thousands of layers need not be listed
      if [ -e "$real/$driver/l" ] || [ -e "$real/$driver/subvolumes" ] ||
        { [ -d "$real/$driver" ] && [ -n "$(ls -A "$real/$driver" 2>/dev/null)" ]; }; then
        found="$found $driver"
      fi
    done
    printf '%s\t%s\t%s\n' "$data_root" "${real#"$root"}" "${found# }"
  done
}

docker_sockets() { # prints the sockets of rootless daemons, one per line
  for socket in "$root"/run/user/*/docker.sock; do
    if [ -e "$socket" ]; then printf '%s\n' "$socket"; fi
  done
}

observe_docker_bridge() { # answers with the address of docker0; if there is none, asks the daemon
  bridge=''
  prepare_addresses
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

# Answers with the address of the SSH client and the route to it, the host's routes, its resolvers, and whether it
# forwards packets.
observe_docker_network() {
  client=${SSH_CONNECTION-} # sudo removes this variable, but its process still has it
  if [ -z "$client" ] && [ -r "$root/proc/$PPID/environ" ]; then
    client=$(tr '\000' '\n' <"$root/proc/$PPID/environ" | sed -n 's/^SSH_CONNECTION=//p')
  fi
  ask docker_client printf '%s\n' "$client"
  [ -z "$client" ] || ask docker_client_route ip -o route get "${client%% *}"
  ask docker_routes lines_of "$root/proc/net/route"
  ask docker_resolvers lines_of "$root/etc/resolv.conf"
  ask docker_forward lines_of "$root/proc/sys/net/ipv4/ip_forward"
  ask docker_hosts docker_hosts
}

# Prints the path of the hosts.toml that applies to Docker Hub (in containerd's format, it says where images are pulled
# from), and its lines that name hosts.
docker_hosts() {
  for folder in docker.io _default; do # dockerd uses only the first of these folders that exists
    folder=/etc/docker/certs.d/$folder
    [ -d "$root$folder" ] || continue
    [ -r "$root$folder/hosts.toml" ] || return 0
    printf '%s\n' "$folder/hosts.toml"
    while read -r line || [ -n "$line" ]; do
      case $line in '['*host* | host*) printf '%s\n' "$line" ;; esac
    done <"$root$folder/hosts.toml"
    return 0
  done
}

observe_docker_listeners() { # answers with all listening sockets; called if daemon.json makes dockerd listen on TCP
  ask docker_listeners ss -Hltnp
}

# Answers whether the kernel has SELinux enabled: only then does this folder exist. Called if daemon.json uses SELinux.
observe_docker_selinux() {
  ask docker_selinux test -d "$root/sys/fs/selinux"
}

lines_of() { # PATH: prints a small file without starting a process
  while read -r line || [ -n "$line" ]; do printf '%s\n' "$line"; done <"$1"
}
