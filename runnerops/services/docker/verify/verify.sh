# shellcheck shell=sh
# Asks what containers of the daemon reach, from their own network. Reads only. `ask`, `limited` and $root come from the
# frame.

root=${root-}

docker_reach() { # PID URL: the HTTP status of URL/v2/, asked from the network of this process, and curl's exit status
  place=${2#*://}
  place=${place%%/*}
  name=${place%:*} # resolved here, because a resolver on the host's loopback does not exist in that network
  case $name in
  *[!0-9.]*) known=$(getent ahostsv4 "$name" 2>/dev/null | sed -n '1s/ .*//p') ;;
  *) known='' ;;
  esac
  if command -v curl >/dev/null 2>&1; then
    for port in "${place##*:}" 80 443; do
      case $port in *[!0-9]*) ;; *) [ -z "$known" ] || set -- "$@" --resolve "$name:$port:$known" ;; esac
    done
    pid=$1 url=$2
    shift 2
    code=$(nsenter -t "$pid" -n curl -gsS --noproxy '*' -m 5 -o /dev/null -w '%{http_code}' "$@" "$url/v2/" 2>/dev/null)
    printf '%s %s\n' "${code:-000}" $?
  elif nsenter -t "$1" -n wget -q -T 5 -O /dev/null "$2/v2/" 2>/dev/null; then
    echo '200 0'
  else
    echo '000 1'
  fi
}

docker_inside() { # PID, network and name of a running container with its own network, if possible on the default bridge
  for filter in network=bridge status=running; do
    for id in $(limited docker ps -q --filter "$filter" 2>/dev/null); do
      found=$(limited docker inspect -f '{{.State.Pid}} {{.HostConfig.NetworkMode}} {{.Name}}' "$id" 2>/dev/null)
      case $found in '' | '0 '* | *' host '* | *' none '* | *' container:'*) continue ;; esac
      printf '%s\n' "$found"
      return 0
    done
  done
  return 1
}

docker_firewall() { # the program that manages the host's firewall
  if grep -qi '^ENABLED=yes' "$root/etc/ufw/ufw.conf"; then
    echo ufw
  elif systemctl is-active -q firewalld; then
    echo firewalld
  elif command -v iptables >/dev/null; then
    echo iptables
  else
    echo nft
  fi
}

docker_chains() { # the chains with rules that are not Docker's, which forwarded packets to a published port pass
  case $(nft list tables 2>/dev/null) in
  *docker-bridges*) ;;
  *)
    echo DOCKER-USER
    return
    ;;
  esac
  case $(iptables -S FORWARD 2>/dev/null) in '' | '-P FORWARD ACCEPT') ;; *) echo FORWARD ;; esac
  nft list chains 2>/dev/null | while read -r word second third rest; do
    case $word in
    table) table="$second $third" ;;
    chain) chain=$second ;;
    type)
      case "$table $rest" in
      *' docker-bridges '* | 'ip filter '* | 'ip6 filter '*) ;; # Docker's own, and those of iptables
      *' forward priority '*) echo "$table $chain" ;;
      esac
      ;;
    esac
  done
}

verify_docker_chains() {
  ask docker_chains docker_chains
}

verify_docker_inside() { # URL...: asks each URL from a container that runs already
  command -v nsenter >/dev/null 2>&1 || return 0
  inside=$(docker_inside) || return 0
  ask docker_inside printf '%s\n' "$inside"
  for url in "$@"; do ask "docker_reach/$url" docker_reach "${inside%% *}" "$url"; done
  ask docker_firewall docker_firewall
  ask docker_chains docker_chains
}
