# shellcheck shell=sh
# What the host says of caches: Compose, ports, answers, files. Reads only; `ask`, `file` and $root come from the frame.

root=${root-}

observe_registry_compose() { # the plugin, else the command, which may be either version
  places="/usr/libexec/docker/cli-plugins /usr/lib/docker/cli-plugins /usr/local/lib/docker/cli-plugins"
  # shellcheck disable=SC2046,SC2086  # folders are words
  recall registry_compose "$(fingerprint $(command -v docker docker-compose) \
    $(for place in $places /usr/local/libexec/docker/cli-plugins "${HOME:-/root}/.docker/cli-plugins"; do
      printf '%s/docker-compose ' "$root$place"
    done))" registry_find_compose
}

registry_find_compose() {
  if compose_version=$(limited docker compose version --short 2>/dev/null); then
    printf '%s\n' "$compose_version" docker compose
  elif compose_version=$(limited docker-compose version --short 2>/dev/null); then
    printf '%s\n' "$compose_version" docker-compose
  fi
}

observe_registry_listeners() {
  ask registry_listeners ss -Hltnp
}

registry_get() { # URL: its body, if it answers with success within 3 s
  if command -v curl >/dev/null 2>&1; then
    curl -fsS --noproxy '*' -m 3 "$1" 2>/dev/null
  else
    wget -q -T 3 -O - "$1" 2>/dev/null
  fi
}

registry_reached() { # URL: whether anything answers there, be it that it asks for a login
  if command -v curl >/dev/null 2>&1; then
    case $(curl -sS -m 5 -o /dev/null -w '%{http_code}' "$1" 2>/dev/null) in 200 | 401) ;; *) return 1 ;; esac
  else
    wget -T 5 -O /dev/null "$1" 2>&1 | grep -Eq '200 OK|401|saved'
  fi
}

observe_registry_answer() { # N URL
  if registry_get "$2/v2/" >/dev/null; then said=yes; else said=no; fi
  ask "registry_answer_$1" printf '%s %s\n' "$2" "$said"
}

observe_registry_upstream() { # N NAME CACHE-URL UPSTREAM REPOSITORY [PATH SHA256]…
  number=$1 name=$2 cache=$3 upstream=$4 repository=$5
  shift 5
  changed=
  while [ $# -gt 1 ]; do
    case $(sha256sum "$root$1" 2>/dev/null) in "$2 "*) ;; *) changed=yes ;; esac
    shift 2
  done
  [ -n "$changed" ] || return 0 # nothing is asked of the upstream where nothing changes
  cached=$(registry_get "$cache/v2/_catalog?n=1" | sed -n 's/.*"repositories":\["\([^"]*\)".*/\1/p')
  said=no
  if registry_get "$cache/v2/${cached:-$repository}/tags/list" >/dev/null || registry_reached "$upstream/v2/"; then
    said=yes
  fi
  ask "registry_upstream_$number" printf '%s %s\n' "$name" "$said"
}

observe_registry_files() { # DIRECTORY: all files that may be ours there, wanted or not
  file "$1/docker-compose.yml"
  for found in "$root$1"/registry-config*.yml; do
    if [ -e "$found" ] || [ -L "$found" ]; then file "${found#"$root"}"; fi
  done
}
