#!/bin/sh
# --note|--compare NAME URL REPOSITORY|-: asks the cache at URL for the list of a repository's tags. The cache gets it
# from its upstream, and it does not count as a pull. If the upstream does not answer, the cache lists the tags that it
# holds itself: that list is shorter than the upstream's, never longer.
#   --note      is called before the change: it notes the HTTP status and the size, for a repository from the cache's
#               catalog, otherwise for REPOSITORY.
#   --compare   is called after it: it prints `same` if the answer is as good as the one noted. If nothing was noted (a
#               first deploy, another upstream), and the upstream does not serve REPOSITORY, that is only a note.

what=$1 name=$2 url=$3 repository=$4
cd "${RUNNEROPS_DESK:-.}" || exit

ask() { # REPOSITORY: the HTTP status, and the size of the answer in bytes
  curl -sS --noproxy '*' -m 10 -o tags -w '%{http_code}' "$url/v2/$1/tags/list" 2>/dev/null
  printf ' %s' "$(wc -c <tags 2>/dev/null || echo 0)"
  rm -f tags
}

note() {
  held=$(curl -fsS --noproxy '*' -m 3 "$url/v2/_catalog?n=1" 2>/dev/null |
    sed -n 's/.*"repositories":\["\([^"]*\)".*/\1/p')
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
    echo "its upstream does not answer as before for $repository: status $1, $2 bytes of tags (before: 200, $size)"
  fi
}

tell() {
  now=$(ask "$repository")
  case $now in
  '200 '*) ;;
  *)
    echo "cache $name: its upstream does not serve $repository (status ${now% *}); until it does, pulls bypass this cache" \
      >tell
    ;;
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
