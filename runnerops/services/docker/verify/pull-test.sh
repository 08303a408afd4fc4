# shellcheck shell=sh
# Pulls an image through the daemon, then restores what the pull has changed. remote/observe.sh defines `ask` and
# `limited`, verify.sh defines `docker_inside` and `docker_reach`.

root=${root-}

# MARKER IMAGE NAME TAG JOBS URL...: pulls IMAGE, which is NAME:TAG, and requests each URL from a container. JOBS is
# `yes` if CI jobs are running, which may need the image.
docker_pull_test() {
  trap '' HUP PIPE # if the connection is lost, the pull is still undone
  marker=$1 image=$2 name=$3 tag=$4 jobs=$5
  shift 5
  before=$(docker_image "$image")
  began=$(date +%s)
  ask docker_before printf '%s\n' "${before:-none}"
  ask docker_pull docker_pull "$marker" "$name" "$tag"
  if [ -n "$(docker_image "$image")" ] && command -v nsenter >/dev/null 2>&1; then
    docker_ask_from_container "$marker" "$image" "$@"
  fi
  ask docker_after docker_restore_image "$image" "$before" "$began" "$jobs"
}

docker_image() { # NAME: prints the id of this image, if the host has it
  limited docker image inspect -f '{{.Id}}' "$1" 2>/dev/null
}

docker_pull() { # MARKER NAME TAG: pulls; the daemon sends the marker to mirrors, as part of its User-Agent
  if command -v curl >/dev/null 2>&1 && [ -S "$root/var/run/docker.sock" ]; then
    curl -sSN -m 300 --unix-socket "$root/var/run/docker.sock" -X POST -A "runnerops-verify/$1" \
      "http://localhost/images/create?fromImage=$2&tag=$3" 2>&1
  else
    echo '{"status":"unmarked"}'
    output=$(timeout -s KILL 300 docker pull -q "$2:$3" 2>&1) ||
      printf '%s\n' "${output:-docker pull did not end within 300 s}"
  fi
}

# MARKER IMAGE URL...: requests each URL from the network of a container on the default bridge. If none is running
# there, starts one and removes it afterwards.
docker_ask_from_container() {
  marker=$1 image=$2 started=
  shift 2
  inside=$(docker_inside)
  case $inside in
  *' default '* | *' bridge '*) ;;
  *)
    started=$(limited docker run -d --rm --network bridge --label "runnerops.verify=$marker" \
      --entrypoint sleep "$image" 60 2>/dev/null)
    pid=$(limited docker inspect -f '{{.State.Pid}}' "$started" 2>/dev/null)
    [ "${pid:-0}" = 0 ] || inside="$pid bridge /$image"
    ;;
  esac
  if [ -n "$inside" ]; then
    ask docker_inside printf '%s\n' "$inside"
    for url in "$@"; do ask "docker_reach/$url" docker_reach "${inside%% *}" "$url"; done
  fi
  [ -z "$started" ] || limited docker rm -fv "$started" >/dev/null 2>&1
}

# IMAGE BEFORE BEGAN JOBS: gives the name IMAGE back to the image with the id BEFORE, or removes IMAGE if BEFORE is
# empty. Keeps the new image if somebody else has pulled it since BEGAN (epoch seconds), or if a CI job may need it.
# Prints which of these it was.
docker_restore_image() {
  now=$(docker_image "$1")
  if [ "$now" = "$2" ]; then
    echo same
  elif [ "$(limited docker events --since "$3" --until "$(date +%s.%N)" \
    --filter event=pull --filter "image=$1" | wc -l)" -gt 1 ]; then
    echo 'stays pulled'
  elif [ -n "$2" ]; then
    [ "$4" = yes ] || [ -n "$(limited docker ps -q --filter label=com.gitlab.gitlab-runner.managed=true)" ] ||
      limited docker rmi "$1" >/dev/null 2>&1 # by name: by id, other names of the image would be removed too
    limited docker tag "$2" "$1" && echo restored
  elif [ "$4" = yes ] || [ -n "$(limited docker ps -q --filter label=com.gitlab.gitlab-runner.managed=true)" ]; then
    echo 'stays jobs'
  elif limited docker rmi "$1" >/dev/null; then
    echo removed
  else
    echo 'stays used'
  fi
}
