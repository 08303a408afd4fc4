# shellcheck shell=sh
# Asks caches as their clients do. Reads only. `ask` and `limited` come from the frame, the rest from observe.sh.

root=${root-}

registry_code() { # URL SECONDS [HOSTS]: the HTTP status, and the exit status of curl or wget; no proxy for HOSTS
  if command -v curl >/dev/null 2>&1; then
    code=$(curl -gsS -m "$2" -o /dev/null -w '%{http_code}' ${3:+--noproxy "$3"} "$1" 2>/dev/null)
    printf '%s %s\n' "${code:-000}" $?
  else
    said=$(wget -T "$2" -O /dev/null "$1" 2>&1) && { code=200 && echo '200 0' && return; }
    code=$(printf '%s\n' "$said" | sed -n 's/.* \([1-5][0-9][0-9]\) .*/\1/p' | tail -n 1)
    printf '%s %s\n' "${code:-000}" 1
  fi
}

registry_catalog() { # URL: the pages of its catalog, one per line
  size='n=1000' last='' pages=0
  while [ $pages -lt 1000 ]; do
    if ! page=$(registry_get "$1/v2/_catalog?$size&last=$last" 20); then
      [ -n "$size" ] || return 1
      size='' # the registry's own limit (catalog.maxentries) is lower, so pages get its own size
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
  case ${code:-000} in 000) ask "registry_way/$1" registry_way "$1" ;; esac
}

registry_way() { # URL: the two addresses of a connection to it: the one of this host, and the other end's
  to=${1#*://}
  to=${to%%/*}
  case $to in
  \[*) to=${to#\[} && to=${to%%\]*} ;;
  *) to=${to%:*} && to=$(getent ahosts "$to" | sed -n '1s/ .*//p') ;;
  esac
  ip -o route get "$to" | sed -n 's/.* src \([^ ]*\).*/\1/p' | sed "s/\$/ $to/"
}

# NAME CACHE-URL UPSTREAM [REPOSITORY...]: asks for the tags of these repositories, then of those that the cache holds,
# because an upstream may not have the given ones.
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
      said=$(registry_asked "$name" "$cache" "$repository" 15)
      case $said in
      upstream | silent) best=$said && break 2 ;;
      held) best=held ;;
      *) best=${best:-none} ;;
      esac
    done
  done
  ask "registry_asked/$name" printf '%s\n' "${best:-nothing}"
  ask "registry_upstream/$name" registry_code "$upstream/v2/${first:-none}/tags/list" 10
}

# NAME REPOSITORY SECONDS: the lines of the cache's log about this repository, and all that have the marker. Asks again
# while no line has it.
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

registry_stored() { # NAME DIGEST...: prints those that are in the cache's storage; waits, as it may still be writing
  home=$(registry_volume "$1")
  [ -n "$home" ] || return 1
  blobs=$root$home/docker/registry/v2/blobs/sha256 left=10
  shift
  while :; do
    there='' missing=''
    for digest in "$@"; do
      hex=${digest#sha256:}
      if [ -s "$blobs/${hex%"${hex#??}"}/$hex/data" ]; then there="$there $digest"; else missing=yes; fi
    done
    if [ -z "$missing" ] || [ $left = 0 ]; then break; fi
    sleep 1
    left=$((left - 1))
  done
  printf '%s\n' "$there"
}

registry_full() { # ID SECONDS: how many lines of its log report a full disk
  limited docker logs --since "$2s" "$1" 2>&1 | grep -c -F -e 'no space left on device' -e 'disk quota exceeded'
}

registry_space() { # NAME: of the cache's volume: KiB in all, KiB free; in the second line the same for inodes
  home=$(registry_volume "$1")
  [ -n "$home" ] || return 1
  columns='\([0-9][0-9]*\)  *[0-9][0-9]*  *\([0-9][0-9]*\)  *[0-9-][0-9]*%'
  limited df -Pk "$root$home" | sed -n "\$s/^.* $columns.*\$/\\1 \\2/p"
  limited df -Pi "$root$home" | sed -n "\$s/^.* $columns.*\$/\\1 \\2/p"
}

verify_registry_space() { # NAME
  ask "registry_space/$1" registry_space "$1"
}

registry_logs() { # ID SECONDS: how many lines of its log are about requests
  limited docker logs --since "$2s" "$1" 2>&1 | grep -c -F -e /v2/
}

registry_tags() { # NAME: the tags that it holds, as REPOSITORY/_manifests/tags/TAG; its API would list the upstream's
  cd "$root$(registry_volume "$1")/docker/registry/v2/repositories" && find . -path '*/_manifests/tags/*' -prune -print
}

catalog_registry() { # NAME URL TAGS: TAGS is `yes` or `no`
  ask "registry_code/$1" registry_code "$2/v2/" 5 '*'
  ask "registry_catalog/$1" registry_catalog "$2"
  [ "$3" = no ] || ask "registry_tags/$1" registry_tags "$1"
}

verify_registry_catalog() { # NAME URL
  ask "registry_catalog/$1" registry_catalog "$2"
}
