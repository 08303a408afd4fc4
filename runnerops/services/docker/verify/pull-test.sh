# shellcheck shell=sh
# Pulls an image through the daemon, then restores what the pull changed. `ask`, `limited`, `docker_inside` and
# `docker_reach` come from the frame and from verify.sh. If the client is gone, this still runs to its end.

root=${root-}

docker_try() { # MARKER IMAGE NAME TAG JOBS URL...: JOBS is `yes` if CI jobs were seen
  trap '' HUP PIPE
  marker=$1 image=$2 name=$3 tag=$4 jobs=$5
  shift 5
  before=$(docker_image "$image")
  began=$(date +%s)
  ask docker_before printf '%s\n' "${before:-none}"
  ask docker_pull docker_pull "$marker" "$name" "$tag"
  if [ -n "$(docker_image "$image")" ] && command -v nsenter >/dev/null 2>&1; then
    docker_visit "$marker" "$image" "$@"
  fi
  ask docker_after docker_put_back "$image" "$before" "$began" "$jobs"
}

docker_image() { # NAME: the id of this image, if it is there
  limited docker image inspect -f '{{.Id}}' "$1" 2>/dev/null
}

docker_pull() { # MARKER NAME TAG: the daemon pulls, and passes the marker on to a mirror in its User-Agent
  if command -v curl >/dev/null 2>&1 && [ -S "$root/var/run/docker.sock" ]; then
    curl -sSN -m 300 --unix-socket "$root/var/run/docker.sock" -X POST -A "runnerops-verify/$1" \
      "http://localhost/images/create?fromImage=$2&tag=$3" 2>&1
  else
    echo '{"status":"unmarked"}'
    said=$(timeout -s KILL 300 docker pull -q "$2:$3" 2>&1) ||
      printf '%s\n' "${said:-docker pull did not end within 300 s}"
  fi
}

docker_visit() { # MARKER IMAGE URL...: asks each URL from a container on the default bridge, if need be from a new one
  marker=$1 image=$2 guest=
  shift 2
  inside=$(docker_inside)
  case $inside in
  *' default '* | *' bridge '*) ;;
  *)
    guest=$(limited docker run -d --rm --network bridge --label "runnerops.verify=$marker" \
      --entrypoint sleep "$image" 60 2>/dev/null)
    pid=$(limited docker inspect -f '{{.State.Pid}}' "$guest" 2>/dev/null)
    [ "${pid:-0}" = 0 ] || inside="$pid bridge /$image"
    ;;
  esac
  if [ -n "$inside" ]; then
    ask docker_inside printf '%s\n' "$inside"
    for url in "$@"; do ask "docker_reach/$url" docker_reach "${inside%% *}" "$url"; done
  fi
  [ -z "$guest" ] || limited docker rm -fv "$guest" >/dev/null 2>&1
}

docker_put_back() { # IMAGE BEFORE BEGAN JOBS: restores the image as it was, unless somebody may need the new one
  now=$(docker_image "$1")
  if [ "$now" = "$2" ]; then
    echo same
  elif [ "$(limited docker events --since "$3" --until "$(date +%s.%N)" \
    --filter event=pull --filter "image=$1" | wc -l)" -gt 1 ]; then
    echo 'stays pulled'
  elif [ -n "$2" ]; then
    [ "$4" = yes ] || [ -n "$(limited docker ps -q --filter label=com.gitlab.gitlab-runner.managed=true)" ] ||
      limited docker rmi "$1" >/dev/null 2>&1 # by its name, because by its id other names of it would go too
    limited docker tag "$2" "$1" && echo restored
  elif [ "$4" = yes ] || [ -n "$(limited docker ps -q --filter label=com.gitlab.gitlab-runner.managed=true)" ]; then
    echo 'stays jobs'
  elif limited docker rmi "$1" >/dev/null; then
    echo removed
  else
    echo 'stays used'
  fi
}
