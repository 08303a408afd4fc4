# shellcheck shell=sh
# What the Docker daemon says of itself. Reads only; `ask`, `file` and $root come from the frame.

root=${root-}

observe_docker_unit() { # DEFAULT-PATH: the unit, how dockerd was really started, and the file that it reads
  unit=$(limited systemctl show -p LoadState,ActiveState,MainPID,InvocationID,ExecStart docker.service 2>/dev/null)
  pid=$(printf '%s\n' "$unit" | sed -n 's/^MainPID=//p')
  if [ "${pid:-0}" != 0 ] && [ -r "$root/proc/$pid/cmdline" ]; then
    argv=$(tr '\000' '\n' <"$root/proc/$pid/cmdline")
  else
    argv=$(printf '%s\n' "$unit" | sed -n 's/^ExecStart=.* argv\[\]=\(.*\) ; ignore_errors=.*/\1/p' | tr ' ' '\n')
  fi
  path=$(printf '%s\n' "$argv" | sed -n -e 's/^--config-file=//p' -e '/^--config-file$/{n;p;}' | tail -n 1)
  ask docker_unit printf '%s\n' "$unit"
  ask docker_argv printf '%s\n' "$argv"
  file "${path:-$1}"
}

observe_docker_info() { # of the daemon's own socket: the client would first run each of its plugins
  if command -v curl >/dev/null 2>&1 && [ -S "$root/var/run/docker.sock" ] && [ -e "$root/var/run/docker.pid" ]; then
    info=$(curl -fsS -m 15 --unix-socket "$root/var/run/docker.sock" http://localhost/info 2>/dev/null) &&
      ask docker_info printf '%s' "$info" && return
  fi
  ask docker_info docker info --format '{{json .}}'
}

observe_docker_flavour() { # where the client is, and sockets of rootless daemons
  # shellcheck disable=SC2016  # expanded by the inner shell
  ask docker_where sh -c 'readlink -f "$(command -v docker)"'
  # shellcheck disable=SC2016
  ask docker_rootless sh -c 'ls -d "$1"/run/user/*/docker.sock' sh "$root"
}

observe_docker_bridge() { # the default bridge's address; the daemon is asked where there is no such interface
  bridge=$(ip -4 -o addr show dev docker0 2>/dev/null)
  ask docker_interface printf '%s\n' "$bridge"
  [ -n "$bridge" ] || ask docker_bridge docker network inspect bridge \
    --format '{{range .IPAM.Config}}{{println .Gateway .Subnet}}{{end}}'
}

observe_docker_containers() { # FORMAT: one JSON object a line
  found=$(limited docker ps -aq --no-trunc 2>/dev/null)
  # shellcheck disable=SC2086  # ids are words
  ask docker_containers docker inspect --type container --format "$1" ${found:-none}
}

observe_docker_images() {
  ask docker_images docker image ls --digests --format '{{.Repository}}:{{.Tag}} {{.Repository}}@{{.Digest}}'
}
