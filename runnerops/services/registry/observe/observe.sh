# shellcheck shell=sh
# What the host says of caches: Compose, ports, answers, files. Reads only; `ask`, `file` and $root come from the frame.

root=${root-} newline=${newline-} code=${code-}

observe_registry() { # DIRECTORY
  observe_registry_files "$1"
  observe_registry_compose
}

observe_registry_compose() { # the plugin, else the command, which may be either version
  places="/usr/libexec/docker/cli-plugins /usr/lib/docker/cli-plugins /usr/local/lib/docker/cli-plugins"
  set --
  for place in $places /usr/local/libexec/docker/cli-plugins "${HOME:-/root}/.docker/cli-plugins"; do
    set -- "$@" "$root$place/docker-compose"
  done
  # shellcheck disable=SC2046  # a path is a word
  fingerprint $(command -v docker docker-compose) "$@"
  recall registry_compose registry_find_compose
}

registry_find_compose() {
  if compose_version=$(limited docker compose version --short 2>/dev/null); then
    registry_said "$compose_version" docker compose
  elif compose_version=$(limited docker-compose version --short 2>/dev/null); then
    registry_said "$compose_version" docker-compose
  fi
}

# VERSION WORD…: the last word of what was said first, for some say a sentence, or more below; a line each
registry_said() {
  first=${1%%"
"*}
  shift
  printf '%s\n' "${first##* }" "$@"
}

await_registry_volumes() {
  ask registry_volumes limited docker volume ls -q --filter label=com.docker.compose.project=runnerops
}

registry_get() { # URL [SECONDS]: its body, if it answers with success within 3 s
  if command -v curl >/dev/null 2>&1; then
    curl -fsS --noproxy '*' -m "${2:-3}" "$1" 2>/dev/null
  else
    wget -q -T "${2:-3}" -O - "$1" 2>/dev/null
  fi
}

registry_reached() { # URL: whether anything answers there, be it that it asks for a login
  if command -v curl >/dev/null 2>&1; then
    case $(curl -sS -m 5 -o /dev/null -w '%{http_code}' "$1" 2>/dev/null) in 200 | 401) ;; *) return 1 ;; esac
  else
    wget -T 5 -O /dev/null "$1" 2>&1 | grep -Eq '200 OK|401|saved'
  fi
}

registry_container() { # NAME: the id of this cache's container, if it runs
  limited docker ps -q --filter label=com.docker.compose.project=runnerops --filter "label=com.docker.compose.service=$1" 2>/dev/null
}

registry_volume() { # NAME: where this cache keeps what it holds, with the registry's own layout below it
  limited docker inspect -f '{{range .Mounts}}{{if eq .Destination "/var/lib/registry"}}{{.Source}}{{end}}{{end}}' \
    "$(registry_container "$1")" 2>/dev/null
}

# NAME CACHE-URL REPOSITORY [SECONDS]: `upstream` where it lists a tag that it does not hold; else `held`, `none`,
# `silent`
registry_asked() {
  # a cache whose upstream is silent lists the tags that it holds, and says 200
  list=$(registry_get "$2/v2/$3/tags/list" "${4:-3}") || case $? in 28) echo silent && return ;; esac # curl's word for too late
  tags=$(printf '%s\n' "$list" | sed -n 's/.*"tags": *\[\([^]]*\)\].*/\1/p' | tr ',' '\n' | tr -d ' "')
  [ -n "$tags" ] || { echo none && return; }
  held=$root$(registry_volume "$1")/docker/registry/v2/repositories/$3/_manifests/tags
  for tag in $tags; do
    if [ ! -e "$held/$tag" ]; then echo upstream && return; fi
  done
  echo held
}

await_registry_answer() { # N URL
  if page_said "$2/v2/"; then
    case $code in [23]??) said=yes ;; *) said=no ;; esac
  elif registry_get "$2/v2/" >/dev/null; then
    said=yes
  else
    said=no
  fi
  ask "registry_answer_$1" printf '%s %s\n' "$2" "$said"
}

# N NAME CACHE-URL UPSTREAM REPOSITORY [PATH SHA256]…: a cache of this host, and its upstream where one of them matters
await_registry_cache() {
  number=$1 called=$2 cache=$3 upstream=$4 repository=$5
  shift 5
  registry_looks "$cache"
  ask "registry_answer_$number" printf '%s %s\n' "$cache" "$said"
  changed=
  [ "$said" = yes ] || changed=yes # without its upstream a registry does not come up
  [ "$(registry_sums "$@")" = yes ] || changed=yes
  # another program may only be in the way of a cache that is started
  if [ -n "$changed" ] || ! registry_runs "$called" "${cache##*:}"; then ask "registry_listeners_$number" ss -Hltnp; fi
  [ -n "$changed" ] || return 0 # nothing is asked of the upstream where nothing changes
  answers=$said said=no
  if [ "$answers" = yes ]; then
    cached=$(registry_get "$cache/v2/_catalog?n=1" | sed -n 's/.*"repositories":\["\([^"]*\)".*/\1/p')
    case $(registry_asked "$called" "$cache" "${cached:-$repository}") in upstream*) said=yes ;; esac
  fi
  [ "$said" = yes ] || ! registry_reached "$upstream/v2/" || said=yes
  ask "registry_upstream_$number" printf '%s %s\n' "$called" "$said"
}

registry_runs() { # NAME PORT: whether the daemon told of a container of this cache that runs and has this port
  set -f
  IFS=$newline state='' found=''
  for line in ${told-}; do
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

registry_sums() { # [PATH SHA256]…: `yes` where each has its own
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

registry_looks() { # URL: $said is whether a cache answers there; one that is just starting is asked again
  said=yes
  page_said "$1/v2/" && case $code in [23]??) return ;; esac
  registry_get "$1/v2/" >/dev/null
  case $? in
  0) return ;;
  7 | 28) said=no && return ;; # curl's words for refused and for too late
  esac
  sleep 1
  registry_get "$1/v2/" >/dev/null || said=no
}

observe_registry_files() { # DIRECTORY: all files that may be ours there, wanted or not
  file "$1/docker-compose.yml"
  for found in "$root$1"/registry-config*.yml; do
    if [ -e "$found" ] || [ -L "$found" ]; then file "${found#"$root"}"; fi
  done
}

# FORMAT: registries that run in containers, whoever started them, and the config that each sees
await_registry_found() {
  number=0
  # shellcheck disable=SC2046  # ids are words
  limited docker inspect --type container --format '{{.State.Pid}} {{.Id}} {{.Image}}' $(limited docker ps -q --no-trunc) \
    2>/dev/null </dev/null | {
    while read -r pid id image; do
      started=$(tr '\000' ' ' <"$root/proc/$pid/cmdline" 2>/dev/null)
      started=${started% }
      case $started in
      *registry*.y*ml | *distribution*.y*ml) ;;
      *registry\ serve) started=$(tr '\000' '\n' <"$root/proc/$pid/environ" | sed -n 's/^REGISTRY_CONFIGURATION_PATH=//p') ;;
      *) continue ;;
      esac
      number=$((number + 1))
      ask "registry_found_$number" limited docker inspect --type container --format "$1" "$id"
      ask "registry_image_$number" limited docker inspect --type image --format '{{json .Config}}' "$image"
      ask "registry_started_$number" registry_started "$pid" "${started##* }"
    done
  }
}

registry_started() { # PID PATH: the path, and below it the file as this process sees it
  printf '%s\n' "$2"
  cat "$root/proc/$1/root$2"
}
