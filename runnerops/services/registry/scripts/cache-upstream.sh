#!/bin/sh
# --note|--compare NAME URL REPOSITORY|-: checks whether the upstream of cache NAME responds, by requesting the list of
# a repository's tags from the cache at URL. The cache gets the list from its upstream; this does not count as a pull.
# If the upstream does not respond, the cache lists the tags that it holds itself, which are never more than the
# upstream's.
#   --note      is called before the change: it records the HTTP status and the size of the list, for a repository from
#               the cache's catalog, otherwise for REPOSITORY.
#   --compare   is called after it: it prints `same` if the response is as good as the recorded one. If nothing was
#               recorded (a first deploy, another upstream) and the upstream does not serve REPOSITORY, writes a note.

what=$1 name=$2 url=$3 repository=$4
cd "${RUNNEROPS_SCRATCH:-.}" || exit

request() { # REPOSITORY: prints the HTTP status, and the size of the list in bytes
  curl -sS --noproxy '*' -m 10 -o tags -w '%{http_code}' "$url/v2/$1/tags/list" 2>/dev/null
  printf ' %s' "$(wc -c <tags 2>/dev/null || echo 0)"
  rm -f tags
}

record() {
  held=$(curl -fsS --noproxy '*' -m 3 "$url/v2/_catalog?n=1" 2>/dev/null |
    sed -n 's/.*"repositories":\["\([^"]*\)".*/\1/p')
  repository=${held:-$repository}
  [ "$repository" = - ] || echo "$repository $(request "$repository")" >"upstream.$name"
}

compare() {
  read -r repository status size <"upstream.$name"
  if [ "$status" != 200 ]; then
    echo same
    return
  fi
  # shellcheck disable=SC2046  # two words
  set -- $(request "$repository")
  if [ "$1" = 200 ] && [ "$2" -ge "$size" ]; then
    echo same
  else
    echo "its upstream does not answer as before for $repository: status $1, $2 bytes of tags (before: 200, $size)"
  fi
}

warn() {
  now=$(request "$repository")
  case $now in
  '200 '*) ;;
  *)
    problem="its upstream does not serve $repository (status ${now% *})"
    echo "cache $name: $problem; until it does, pulls bypass this cache" >notes
    ;;
  esac
}

if [ "$what" = --note ]; then
  record
elif [ -s "upstream.$name" ]; then
  compare
else
  [ "$repository" = - ] || warn
  echo same
fi
