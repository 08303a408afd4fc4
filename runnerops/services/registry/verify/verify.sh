# shellcheck shell=sh
# Functions that check caches the way their clients use them. They only read. remote/observe.sh defines `ask` and
# `limited`; observe.sh of this service defines the others.

root=${root-}

# URL SECONDS [HOSTS]: requests URL, and prints the HTTP status (000: no response) and the exit status of curl or wget.
# For HOSTS no proxy is used.
registry_code() {
  if command -v curl >/dev/null 2>&1; then
    code=$(curl -gsS -m "$2" -o /dev/null -w '%{http_code}' ${3:+--noproxy "$3"} "$1" 2>/dev/null)
    printf '%s %s\n' "${code:-000}" $?
  else
    errors=$(wget -T "$2" -O /dev/null "$1" 2>&1) && { code=200 && echo '200 0' && return; }
    code=$(printf '%s\n' "$errors" | sed -n 's/.* \([1-5][0-9][0-9]\) .*/\1/p' | tail -n 1)
    printf '%s %s\n' "${code:-000}" 1
  fi
}

registry_catalog() { # URL: prints the pages of the cache's catalog, one per line
  size='n=1000' last='' pages=0
  while [ $pages -lt 1000 ]; do
    if ! page=$(registry_get "$1/v2/_catalog?$size&last=$last" 20); then
      [ -n "$size" ] || return 1
      size='' # it allows fewer per page (catalog.maxentries): use its default
      continue
    fi
    printf '%s\n' "$page" | tr -d '\n'
    echo
    next=$(printf '%s' "$page" | sed -n 's/.*"\([^"]*\)" *\] *}[^]]*$/\1/p')
    if [ -z "$next" ] || [ "$next" = "$last" ]; then return 0; fi
    last=$(printf '%s' "$next" | sed 's,/,%2F,g') pages=$((pages + 1))
  done
}

verify_registry_answer() { # URL: answers with the status; without a response, also with the addresses of the connection
  ask "registry_code/$1" registry_code "$1/v2/" 5 '*'
  case ${code:-000} in 000) ask "registry_connection/$1" registry_connection "$1" ;; esac
}

registry_connection() { # URL: prints the addresses of a connection to URL: the one of this host, then the other one
  to=${1#*://}
  to=${to%%/*}
  case $to in
  \[*) to=${to#\[} && to=${to%%\]*} ;;
  *) to=${to%:*} && to=$(getent ahosts "$to" | sed -n '1s/ .*//p') ;;
  esac
  ip -o route get "$to" | sed -n 's/.* src \([^ ]*\).*/\1/p' | sed "s/\$/ $to/"
}

# NAME CACHE-URL UPSTREAM [REPOSITORY...]: answers with the best result of `registry_tag_source` for these repositories
# and for five that the cache holds, because an upstream may have none of the given ones; and with the HTTP status of a
# request to the upstream itself.
verify_registry_upstream() {
  name=$1 cache=$2 upstream=$3 first=${4:-} best=''
  shift 3
  for round in given held; do
    if [ $round = held ]; then
      # shellcheck disable=SC2046  # names are words
      set -- $(registry_get "$cache/v2/_catalog?n=5" 20 | sed -n 's/.*\[\(.*\)\].*/\1/p' | tr ',' '\n' | tr -d '"')
      first=${first:-${1:-none}}
    fi
    for repository in "$@"; do
      source=$(registry_tag_source "$name" "$cache" "$repository" 15)
      case $source in
      upstream | silent) best=$source && break 2 ;;
      held) best=held ;;
      *) best=${best:-none} ;;
      esac
    done
  done
  ask "registry_tag_source/$name" printf '%s\n' "${best:-nothing}"
  ask "registry_upstream/$name" registry_code "$upstream/v2/${first:-none}/tags/list" 10
}

# NAME REPOSITORY SECONDS: answers with the lines about this repository in the cache's log of the last SECONDS: those of
# the pull test, which have its marker, and the last 200 of all. Repeats this while no line has the marker. Also answers
# which of the pulled blobs the cache has stored.
verify_registry_log() {
  id=$(registry_container "$1")
  [ -n "$id" ] || return 0
  for pause in 0 1 2; do
    sleep $pause
    lines=$(limited docker logs --since "$3s" "$id" 2>&1 | grep -F -e "/v2/$2/")
    marked=$(printf '%s\n' "$lines" | grep -F -e runnerops-verify/)
    case $marked in */manifests/*) break ;; esac
  done
  ask "registry_log/$1" printf '%s\n' "$marked" "$(printf '%s\n' "$lines" | tail -n 200)"
  ask "registry_logs/$1" registry_logs "$id" "$3"
  # shellcheck disable=SC2046  # digests are words
  ask "registry_stored/$1" registry_stored "$1" $(printf '%s\n' "${marked:-$lines}" |
    grep -Eo '(blobs|manifests)/sha256:[0-9a-f]{64}' | sed 's,.*/,,' | sort -u)
  ask "registry_full/$1" registry_full "$id" "$3"
}

# NAME DIGEST...: prints which of these blobs the cache has stored. Waits up to 10 s, because it may still be writing.
registry_stored() {
  volume=$(registry_volume "$1")
  [ -n "$volume" ] || return 1
  blobs=$root$volume/docker/registry/v2/blobs/sha256 seconds=10
  shift
  while :; do
    stored='' missing=''
    for digest in "$@"; do
      hex=${digest#sha256:}
      if [ -s "$blobs/${hex%"${hex#??}"}/$hex/data" ]; then stored="$stored $digest"; else missing=yes; fi
    done
    if [ -z "$missing" ] || [ $seconds = 0 ]; then break; fi
    sleep 1
    seconds=$((seconds - 1))
  done
  printf '%s\n' "$stored"
}

registry_full() { # ID SECONDS: prints how many lines of this container's log report a full disk
  limited docker logs --since "$2s" "$1" 2>&1 | grep -c -F -e 'no space left on device' -e 'disk quota exceeded'
}

registry_space() { # NAME: prints the size of the cache's volume and its free space in KiB, then the same in inodes
  volume=$(registry_volume "$1")
  [ -n "$volume" ] || return 1
  columns='\([0-9][0-9]*\)  *[0-9][0-9]*  *\([0-9][0-9]*\)  *[0-9-][0-9]*%'
  limited df -Pk "$root$volume" | sed -n "\$s/^.* $columns.*\$/\\1 \\2/p"
  limited df -Pi "$root$volume" | sed -n "\$s/^.* $columns.*\$/\\1 \\2/p"
}

verify_registry_space() { # NAME
  ask "registry_space/$1" registry_space "$1"
}

registry_logs() { # ID SECONDS: prints how many lines of this container's log are about requests
  limited docker logs --since "$2s" "$1" 2>&1 | grep -c -F -e /v2/
}

# NAME: prints the tags that the cache holds, as ./REPOSITORY/_manifests/tags/TAG. They are read from its files, because
# its API lists the tags of the upstream.
registry_tags() {
  cd "$root$(registry_volume "$1")/docker/registry/v2/repositories" && find . -path '*/_manifests/tags/*' -prune -print
}

catalog_registry() { # NAME URL yes|no: answers with the status, the catalog, and (`yes`) the tags of a cache
  ask "registry_code/$1" registry_code "$2/v2/" 5 '*'
  ask "registry_catalog/$1" registry_catalog "$2"
  [ "$3" = no ] || ask "registry_tags/$1" registry_tags "$1"
}

verify_registry_catalog() { # NAME URL
  ask "registry_catalog/$1" registry_catalog "$2"
}
