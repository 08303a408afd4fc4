#!/bin/sh
# What is true of a host, asked of its own programs and of Docker's API: prints a tar of the managed paths (the arguments) and
# of our state as they lie there, and of the answers, a file each. Environment: SECRETS (a pattern a line), IMAGE (one that
# the host has), CACHE (the path of its config on the host). Starting a program costs more than most answers: few are started.
export LC_ALL=C no_proxy='*'
umask 077 # the answers are not what lies open
state=/var/lib/runnerops said=/run/runnerops-lab.truth
rm -rf "$said" && mkdir "$said" || exit 1

engine() { # settings, containers, and what a new container would get: the daemon tells its log options in no other way
    api=http://docker new=http://docker/containers/runnerops-lab-truth
    filters='%7B%22label%22:%5B%22com.docker.compose.project=runnerops%22%5D%7D'
    set -- -sf -m 15 --unix-socket /run/docker.sock
    curl "$@" -o "$said/engine" $api/info -o "$said/running" "$api/containers/json?filters=$filters" \
        -o "$said/foreign" $api/containers/by-hand/json \
        --next "$@" -o /dev/null -H 'Content-Type: application/json' -d "{\"Image\": \"$IMAGE\"}" \
        "$api/containers/create?name=${new##*/}" \
        --next "$@" -o "$said/new_container" $new/json --next "$@" -X DELETE $new
}

services() { # the cache's container, the config that its process sees, its answer; the runner's page
    id=none
    if read -r all <"$said/running" && [ "$all" != "${all#*\"Id\":\"}" ]; then id=${all#*\"Id\":\"} id=${id%%\"*}; fi
    page=$(sed -n 's/^listen_address *= *"\(.*\)"/\1/p' /etc/gitlab-runner/config.toml)
    curl -sf -m 15 --unix-socket /run/docker.sock -o "$said/container" "http://docker/containers/$id/json" \
        --next -s -i -m 5 -o "$said/answer" http://172.17.0.1:5000/v2/ \
        --next -s -m 5 -o "$said/page" "http://${page:-127.0.0.1:9}/metrics"
    read -r all <"$said/container" || return
    pid=${all#*\"Pid\":} path=${all##*\"Source\":\""$CACHE"\",\"Destination\":\"}
    cat "/proc/${pid%%,*}/root${path%%\"*}" >"$said/config"
}

{
    { engine; services; } &
    systemctl list-units --all --plain --no-legend >"$said/units"
    find /etc/docker /etc/gitlab-runner /opt/registry /opt $state /tmp /run /root -xdev \
        \( -path '/etc/*' -o -path '/opt/registry/*' \) -name '.*.runnerops*' -fprint "$said/debris" , \
        -type f -perm -004 -exec grep -lF -e "$SECRETS" {} + >"$said/open"
    wait
} >/dev/null 2>&1
tar -cPf - --no-recursion $state "$@" --recursion $state/intents "$said" 2>/dev/null
rm -r "$said"
