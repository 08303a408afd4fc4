# shellcheck shell=sh
# What caches say when they are asked as their clients ask. Reads only; `ask` and `limited` come from the frame.

registry_code() { # URL SECONDS [HOSTS]: the HTTP status, and the exit status of what asked; HOSTS: past any proxy
  if command -v curl >/dev/null 2>&1; then
    code=$(curl -gsS -m "$2" -o /dev/null -w '%{http_code}' ${3:+--noproxy "$3"} "$1" 2>/dev/null)
    printf '%s %s\n' "${code:-000}" $?
  else
    said=$(wget -T "$2" -O /dev/null "$1" 2>&1) && { echo '200 0' && return; }
    code=$(printf '%s\n' "$said" | sed -n 's/.* \([1-5][0-9][0-9]\) .*/\1/p' | tail -n 1)
    printf '%s %s\n' "${code:-000}" 1
  fi
}

registry_page() { # URL: the body, if it is there
  if command -v curl >/dev/null 2>&1; then
    curl -gfsS --noproxy '*' -m 20 "$1" 2>/dev/null
  else
    wget -q -T 20 -O - "$1" 2>/dev/null
  fi
}

registry_catalog() { # URL: the pages of what it holds, one a line
  size='n=1000' last='' pages=0
  while [ $pages -lt 1000 ]; do
    if ! page=$(registry_page "$1/v2/_catalog?$size&last=$last"); then
      [ -n "$size" ] || return 1
      size='' # its own limit (catalog.maxentries) is lower: pages of its own size
      continue
    fi
    printf '%s\n' "$page" | tr -d '\n'
    echo
    next=$(printf '%s' "$page" | sed -n 's/.*"\([^"]*\)" *\] *}[^]]*$/\1/p')
    if [ -z "$next" ] || [ "$next" = "$last" ]; then return 0; fi
    last=$(printf '%s' "$next" | sed 's,/,%2F,g') pages=$((pages + 1))
  done
}

verify_registry_answer() { # URL
  ask "registry_code/$1" registry_code "$1/v2/" 5 '*'
}

verify_registry_upstream() { # KEY CACHE-URL REPOSITORY [UPSTREAM]: a list of tags is always the upstream's; -: of any
  repository=$3
  [ "$repository" != - ] || repository=$(registry_page "$2/v2/_catalog?n=1" | sed -n 's/.*"repositories":\["\([^"]*\)".*/\1/p')
  [ -n "$repository" ] || return 0
  ask "registry_tags/$1" registry_code "$2/v2/$repository/tags/list" 20 '*'
  [ $# -lt 4 ] || ask "registry_upstream/$1" registry_code "$4/v2/$repository/tags/list" 10
}

verify_registry_log() { # NAME PATH SECONDS: its log's lines about this path; asked again while there are none
  id=$(limited docker ps -q --filter label=com.docker.compose.project=runnerops --filter "label=com.docker.compose.service=$1")
  for pause in 0 1 2; do
    sleep $pause
    lines=$(limited docker logs --since "$3s" "$id" 2>&1 | grep -F -e "$2" | tail -n 200)
    [ -z "$lines" ] || break
  done
  ask "registry_log/$1" printf '%s\n' "$lines"
  ask "registry_logs/$1" registry_logs "$id" "$3"
}

registry_logs() { # ID SECONDS: how many lines it logs at all of what it is asked
  limited docker logs --since "$2s" "$1" 2>&1 | grep -c -F -e /v2/
}

verify_registry_catalog() { # NAME URL
  ask "registry_catalog/$1" registry_catalog "$2"
}
