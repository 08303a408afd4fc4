# shellcheck shell=sh
# Functions that check which URLs containers can reach from their network. They only read. remote/observe.sh defines
# `ask`, `limited` and $root.

root=${root-}

# PID URL: requests URL/v2/ from the network namespace of this process. Prints the HTTP status and curl's exit status.
docker_reach() {
  authority=${2#*://}
  authority=${authority%%/*}
  # the name is resolved here, because a resolver on the host's loopback cannot be reached from that namespace
  name=${authority%:*}
  case $name in
  *[!0-9.]*) address=$(getent ahostsv4 "$name" 2>/dev/null | sed -n '1s/ .*//p') ;;
  *) address='' ;;
  esac
  if command -v curl >/dev/null 2>&1; then
    for port in "${authority##*:}" 80 443; do
      case $port in *[!0-9]*) ;; *) [ -z "$address" ] || set -- "$@" --resolve "$name:$port:$address" ;; esac
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

# Prints the PID, network and name of a running container that does not use the host's network. Prefers one on the
# default bridge.
docker_inside() {
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

docker_firewall() { # prints which program manages the host's firewall
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

# Prints the chains of the firewall, other than Docker's own, that packets for a published port pass.
docker_chains() {
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
      *' docker-bridges '* | 'ip filter '* | 'ip6 filter '*) ;; # Docker's own chains, and those of iptables
      *' forward priority '*) echo "$table $chain" ;;
      esac
      ;;
    esac
  done
}

verify_docker_chains() {
  ask docker_chains docker_chains
}

verify_docker_inside() { # URL...: requests each URL from the network of a container that is running already
  command -v nsenter >/dev/null 2>&1 || return 0
  inside=$(docker_inside) || return 0
  ask docker_inside printf '%s\n' "$inside"
  for url in "$@"; do ask "docker_reach/$url" docker_reach "${inside%% *}" "$url"; done
  ask docker_firewall docker_firewall
  ask docker_chains docker_chains
}
