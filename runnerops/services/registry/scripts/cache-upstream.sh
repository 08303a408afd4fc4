#!/bin/sh
# --note|--compare NAME URL REPOSITORY|-: asks the cache at URL for a repository's list of tags, which it gets from its
# upstream and which costs no pull. A cache whose upstream is silent answers with the tags that it holds itself: that list is
# shorter than the upstream's, never longer.
#   --note      before the change: writes down status and size, for a repository of the cache's own catalog, else for
#               REPOSITORY.
#   --compare   after it: prints `same` where the answer is as good as the one noted. Where nothing was noted (a first
#               deploy, another upstream), an upstream that does not give REPOSITORY is only told.

what=$1 name=$2 url=$3 repository=$4
cd "${RUNNEROPS_DESK:-.}" || exit

ask() { # REPOSITORY: the HTTP status, and the size of the answer in bytes
  curl -sS --noproxy '*' -m 10 -o tags -w '%{http_code}' "$url/v2/$1/tags/list" 2>/dev/null
  printf ' %s' "$(wc -c <tags 2>/dev/null || echo 0)"
  rm -f tags
}

note() {
  held=$(curl -fsS --noproxy '*' -m 3 "$url/v2/_catalog?n=1" 2>/dev/null | sed -n 's/.*"repositories":\["\([^"]*\)".*/\1/p')
  repository=${held:-$repository}
  [ "$repository" = - ] || echo "$repository $(ask "$repository")" >"upstream.$name"
}

compare_with_note() {
  read -r repository status size <"upstream.$name"
  if [ "$status" != 200 ]; then
    echo same
    return
  fi
  # shellcheck disable=SC2046  # two words
  set -- $(ask "$repository")
  if [ "$1" = 200 ] && [ "$2" -ge "$size" ]; then
    echo same
  else
    echo "its upstream does not answer as before for $repository: $1, $2 bytes of tags, was 200, $size"
  fi
}

tell() {
  now=$(ask "$repository")
  case $now in
  '200 '*) ;;
  *) echo "cache $name: its upstream gives no $repository (${now% *}); until it does, pulls go past this cache" >tell ;;
  esac
}

if [ "$what" = --note ]; then
  note
elif [ -s "upstream.$name" ]; then
  compare_with_note
else
  [ "$repository" = - ] || tell
  echo same
fi
