# shellcheck shell=sh
# Functions that observe the caches: Compose, files, ports, and responses of caches and upstreams. They only read.
# remote/observe.sh defines `ask`, `file` and $root.

root=${root-} newline=${newline-} code=${code-}

observe_registry() { # DIRECTORY
  observe_registry_files "$1"
  observe_registry_compose
}

# Answers with the version of Compose, and with how it is called: as a plugin of docker, or as `docker-compose`.
observe_registry_compose() {
  folders="/usr/libexec/docker/cli-plugins /usr/lib/docker/cli-plugins /usr/local/lib/docker/cli-plugins"
  set --
  for folder in $folders /usr/local/libexec/docker/cli-plugins "${HOME:-/root}/.docker/cli-plugins"; do
    set -- "$@" "$root$folder/docker-compose"
  done
  # shellcheck disable=SC2046  # paths are words
  fingerprint $(command -v docker docker-compose) "$@"
  recall registry_compose registry_find_compose
}

registry_find_compose() { # prints the version of Compose, then the words of its command, one per line
  if compose_version=$(limited docker compose version --short 2>/dev/null); then
    registry_version_lines "$compose_version" docker compose
  elif compose_version=$(limited docker-compose version --short 2>/dev/null); then
    registry_version_lines "$compose_version" docker-compose
  fi
}

# OUTPUT WORD…: prints the version and the words, one per line. The version is the last word of the first line of
# OUTPUT, because some releases print a sentence, or further lines.
registry_version_lines() {
  first=${1%%"
"*}
  shift
  printf '%s\n' "${first##* }" "$@"
}

await_registry_volumes() {
  ask registry_volumes limited docker volume ls -q --filter label=com.docker.compose.project=runnerops
}

registry_get() { # URL [SECONDS]: prints the body of a successful response; the default time limit is 3 s
  if command -v curl >/dev/null 2>&1; then
    curl -fsS --noproxy '*' -m "${2:-3}" "$1" 2>/dev/null
  else
    wget -q -T "${2:-3}" -O - "$1" 2>/dev/null
  fi
}

registry_reachable() { # URL: succeeds if a registry responds there, even if it demands a login
  if command -v curl >/dev/null 2>&1; then
    case $(curl -sS -m 5 -o /dev/null -w '%{http_code}' "$1" 2>/dev/null) in 200 | 401) ;; *) return 1 ;; esac
  else
    wget -T 5 -O /dev/null "$1" 2>&1 | grep -Eq '200 OK|401|saved'
  fi
}

registry_container() { # NAME: prints the id of this cache's container, if it runs
  limited docker ps -q --filter label=com.docker.compose.project=runnerops \
    --filter "label=com.docker.compose.service=$1" 2>/dev/null
}

registry_volume() { # NAME: prints the path, on the host, of the volume in which this cache stores images
  limited docker inspect -f '{{range .Mounts}}{{if eq .Destination "/var/lib/registry"}}{{.Source}}{{end}}{{end}}' \
    "$(registry_container "$1")" 2>/dev/null
}

# NAME CACHE-URL REPOSITORY [SECONDS]: prints where the cache's list of a repository's tags comes from. If the upstream
# does not respond, a cache lists the tags that it holds itself, also with status 200.
#   upstream   the list has a tag that the cache does not hold
#   held       the cache holds all of them
#   none       there is no list
#   silent     there was no response in time
registry_tag_source() {
  list=$(registry_get "$2/v2/$3/tags/list" "${4:-3}") ||
    case $? in 28) echo silent && return ;; esac # curl's exit status for a timeout
  tags=$(printf '%s\n' "$list" | sed -n 's/.*"tags": *\[\([^]]*\)\].*/\1/p' | tr ',' '\n' | tr -d ' "')
  [ -n "$tags" ] || { echo none && return; }
  held=$root$(registry_volume "$1")/docker/registry/v2/repositories/$3/_manifests/tags
  for tag in $tags; do
    if [ ! -e "$held/$tag" ]; then echo upstream && return; fi
  done
  echo held
}

await_registry_answer() { # N URL: answers whether a registry responds at URL
  if page_status "$2/v2/"; then
    case $code in [23]??) responds=yes ;; *) responds=no ;; esac
  elif registry_get "$2/v2/" >/dev/null; then
    responds=yes
  else
    responds=no
  fi
  ask "registry_answer_$1" printf '%s %s\n' "$2" "$responds"
}

# N NAME CACHE-URL UPSTREAM REPOSITORY [PATH SHA256]…: answers whether a cache responds. If it does not, or one of its
# files has another checksum, a deploy will change it; then also answers whether the cache can reach its upstream, and
# which sockets listen on the host.
await_registry_cache() {
  number=$1 called=$2 cache=$3 upstream=$4 repository=$5
  shift 5
  registry_check_answer "$cache"
  ask "registry_answer_$number" printf '%s %s\n' "$cache" "$responds"
  changed=
  [ "$responds" = yes ] || changed=yes # a registry that cannot reach its upstream does not start
  [ "$(registry_sums "$@")" = yes ] || changed=yes
  # the sockets matter only if the cache has to be started, because another program may use its port
  if [ -n "$changed" ] || ! registry_runs "$called" "${cache##*:}"; then ask "registry_listeners_$number" ss -Hltnp; fi
  [ -n "$changed" ] || return 0
  reachable=no
  if [ "$responds" = yes ]; then
    cached=$(registry_get "$cache/v2/_catalog?n=1" | sed -n 's/.*"repositories":\["\([^"]*\)".*/\1/p')
    case $(registry_tag_source "$called" "$cache" "${cached:-$repository}") in upstream*) reachable=yes ;; esac
  fi
  [ "$reachable" = yes ] || ! registry_reachable "$upstream/v2/" || reachable=yes
  ask "registry_upstream_$number" printf '%s %s\n' "$called" "$reachable"
}

registry_runs() { # NAME PORT: succeeds if $responses has a running container of this cache that publishes this port
  set -f
  IFS=$newline state='' found=''
  for line in ${responses-}; do
    case $line in
    '{"Id":'*) state='' ;;
    '"Running":true') state=runs ;;
    '"PortBindings":'*"\"HostPort\":\"$2\""*) state=$state-here ;;
    '"Labels":'*'"com.docker.compose.project":"runnerops"'*)
      case $state$line in "runs-here"*"\"com.docker.compose.service\":\"$1\""*) found=yes ;; esac
      ;;
    esac
  done
  unset IFS
  set +f
  [ -n "$found" ]
}

registry_sums() { # [PATH SHA256]…: prints `yes` if each of these files has its checksum
  wanted='' found='' sums=''
  for word in "$@"; do
    shift
    case $word in /*) set -- "$@" "$root$word" ;; *) wanted="$wanted$word " ;; esac
  done
  [ $# = 0 ] || sums=$(sha256sum "$@" 2>/dev/null)
  set -f
  IFS=$newline
  for line in $sums; do found="$found${line%% *} "; done
  [ "$found" != "$wanted" ] || echo yes
}

# URL: sets $responds to `yes` if a cache responds there, otherwise to `no`. If the connection ended in another way than
# by a refusal or a timeout, the cache may just be starting, so there is a second request after a second.
registry_check_answer() {
  responds=yes
  page_status "$1/v2/" && case $code in [23]??) return ;; esac
  registry_get "$1/v2/" >/dev/null
  case $? in
  0) return ;;
  7 | 28) responds=no && return ;; # curl's exit status for a refused connection, and for a timeout
  esac
  sleep 1
  registry_get "$1/v2/" >/dev/null || responds=no
}

observe_registry_files() { # DIRECTORY: answers with all files there that runnerops may have written, now or earlier
  file "$1/docker-compose.yml"
  for found in "$root$1"/registry-config*.yml; do
    if [ -e "$found" ] || [ -L "$found" ]; then file "${found#"$root"}"; fi
  done
}

# FORMAT: answers, for each container that runs a registry, with `docker inspect` in FORMAT, the image's configuration,
# and the registry's configuration file. `adopt` offers registries that others have started.
await_registry_found() {
  number=0
  # shellcheck disable=SC2046  # ids are words
  limited docker inspect --type container --format '{{.State.Pid}} {{.Id}} {{.Image}}' \
    $(limited docker ps -q --no-trunc) 2>/dev/null </dev/null | {
    while read -r pid id image; do
      started=$(tr '\000' ' ' <"$root/proc/$pid/cmdline" 2>/dev/null)
      started=${started% }
      case $started in
      *registry*.y*ml | *distribution*.y*ml) ;;
      *registry\ serve) # without an argument, the path is in this variable
        started=$(tr '\000' '\n' <"$root/proc/$pid/environ" | sed -n 's/^REGISTRY_CONFIGURATION_PATH=//p')
        ;;
      *) continue ;;
      esac
      number=$((number + 1))
      ask "registry_found_$number" limited docker inspect --type container --format "$1" "$id"
      ask "registry_image_$number" limited docker inspect --type image --format '{{json .Config}}' "$image"
      ask "registry_started_$number" registry_started "$pid" "${started##* }"
    done
  }
}

registry_started() { # PID PATH: prints the path, then the file as this process sees it
  printf '%s\n' "$2"
  cat "$root/proc/$1/root$2"
}
