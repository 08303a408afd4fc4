#!/bin/sh
# Restores the state of a lab host that no test has used: a fresh installation of Docker and gitlab-runner, with the
# images that the arguments name. Docker is restarted only if its configuration was changed.
# shellcheck disable=SC2086  # lists are split on purpose
set -u
export LC_ALL=C
seen=/run/runnerops-lab.untouched

state() { # prints what stays the same until the daemon is restarted or its configuration is changed
    [ -n "${docker-}" ] || ask_about_docker
    echo "$docker"
    stat -c '%y %n' /etc/docker /etc/systemd/system /etc/systemd/system/docker.service.d 2>/dev/null
    return 0
}

# Sets $docker, and $docker_runs to nothing if it does not run. On an unused host, the calls of systemctl cost more than
# all the rest.
ask_about_docker() {
    docker=$(systemctl show --property=InvocationID,ActiveState docker)
    case $docker in *ActiveState=active*) docker_runs=1 ;; *) docker_runs='' ;; esac
}

api() { curl -sg --max-time 60 --unix-socket /run/docker.sock "$@"; } # a `docker` process costs five times as much

content() { # prints the daemon's containers, networks, volumes and images
    api 'http://docker/containers/json?all=1' 'http://docker/networks?filters={"type":["custom"]}' \
        http://docker/volumes http://docker/images/json |
        tr ',{}[]' '\n' | sed '/^"Created/d' | sort
}

# KEY LIST PATH QUERY: deletes PATH/VALUE, with QUERY, for each value that KEY has in the LIST of the API. QUERY is used
# in a replacement of sed.
remove() {
    urls=$(api "http://docker/$2" | tr ',{[' '\n' | sed -n "s,^\"$1\":\"\(.*\)\"\$,http://docker/$3/\1$4,p")
    [ -z "$urls" ] || api -X DELETE $urls >/dev/null
}

remove_containers() { remove Id 'containers/json?all=1' containers '?force=1\&v=1'; }

emptied() { # succeeds if the daemon has what it had on a host that no test had used
    [ -s "$seen.content" ] && content | cmp -s - "$seen.content"
}

empty() { # IMAGE…: removes all containers, volumes and networks, and all images except these
    remove_containers
    remove Name volumes volumes '?force=1'
    remove Id 'networks?filters={"type":["custom"]}' networks ''
    ! emptied || return 0
    docker images --format '{{.Repository}}:{{.Tag}} {{.ID}}' | while read -r name id; do
        case " $* " in *" $name "*) continue ;; esac
        case $name in *'<none>'*) name=$id ;; esac
        docker rmi --force "$name" >/dev/null
    done
    return 0
}

if [ "${1-}" = --note ]; then # called after the first boot: records the state of an unused host
    state >"$seen" && content >"$seen.content"
    exit
fi

units=$(cd /run/systemd/transient 2>/dev/null && ls -d runnerops-* 2>/dev/null)
[ -z "$units" ] || { systemctl kill --signal=KILL $units; timeout 30 systemctl stop $units; } 2>/dev/null
systemctl kill --signal=KILL gitlab-runner 2>/dev/null
systemctl stop gitlab-runner
ask_about_docker

[ -e /etc/docker/daemon.json ] || [ ! -e "$seen" ] || [ "$(state)" != "$(cat "$seen")" ] || untouched=1
dropins=$(find /etc/systemd/system -name '*.service.d' \( -path '*/docker.*' -o -path '*/gitlab-runner.*' \))
# containers go first, because one that restarts would create folders at the paths of its missing bind mounts
if [ -n "$docker_runs" ] && ! emptied; then
    filled=1
    remove_containers
fi
rm -rf /etc/gitlab-runner /etc/sysconfig/gitlab-runner /opt/registry /var/lib/runnerops /home/gitlab-runner/builds
install -d -m 0700 /etc/gitlab-runner
[ ! -d /etc/docker ] || find /etc/docker -mindepth 1 ! -name key.json -delete
[ -z "$dropins" ] || { rm -rf $dropins && systemctl daemon-reload; }

for unit in docker gitlab-runner; do # a test may have disabled it
    [ -L "/etc/systemd/system/multi-user.target.wants/$unit.service" ] || systemctl enable --quiet "$unit" || exit 1
done

[ -z "${filled-}" ] || emptied || empty "$@"
systemctl reset-failed
if [ -z "${untouched-}" ] || [ -z "$docker_runs" ]; then
    docker=''
    systemctl stop docker.socket docker 2>/dev/null
    if ! ip -4 -brief address show docker0 2>/dev/null | grep -q ' 172.17.0.1/16'; then
        ip link delete docker0 2>/dev/null
        rm -f /var/lib/docker/network/files/local-kv.db # otherwise the daemon creates docker0 with its former address
    fi
    systemctl start docker.socket docker || exit 1
    emptied || empty "$@"
    rm -rf /opt/registry # created by a container that Docker has started again
    systemctl reset-failed docker
fi
systemctl start gitlab-runner || exit 1
pid=$(systemctl show --property=MainPID --value gitlab-runner)
for _ in 1 2 3 4 5 6 7 8 9 10; do # the stand-in needs a moment to change its command line
    read -r started <"/proc/$pid/cmdline"
    case $started in /usr/bin/gitlab-runner*) break ;; esac
    sleep 0.05
done 2>/dev/null
state >"$seen"
[ -s "$seen.content" ] || content >"$seen.content"
