#!/bin/sh
# Reads the actual state of a host from its programs and from Docker's API. Prints a tar archive with the managed paths
# and the note of a fault that struck (the arguments), the state folder of runnerops, and one file for each answer.
# Environment variables: SECRETS, a pattern per line; IMAGE, an image that the host has; CACHE, the path of the cache's
# configuration on the host.
# Starting a program costs more than most answers, so few are started.
export LC_ALL=C no_proxy='*'
umask 077 # the search for readable secrets must not find the answers
state=/var/lib/runnerops answers=/run/runnerops-lab.truth
rm -rf "$answers" && mkdir "$answers" || exit 1

# Reads the daemon's settings and containers, and the configuration of a new container, because the daemon's log options
# show only there.
engine() {
    api=http://docker new=http://docker/containers/runnerops-lab-truth
    filters='%7B%22label%22:%5B%22com.docker.compose.project=runnerops%22%5D%7D'
    set -- -sf -m 15 --unix-socket /run/docker.sock
    curl "$@" -o "$answers/engine" $api/info -o "$answers/running" "$api/containers/json?filters=$filters" \
        -o "$answers/foreign" $api/containers/by-hand/json \
        --next "$@" -o /dev/null -H 'Content-Type: application/json' -d "{\"Image\": \"$IMAGE\"}" \
        "$api/containers/create?name=${new##*/}" \
        --next "$@" -o "$answers/new_container" $new/json --next "$@" -X DELETE $new
}

# Reads the cache's container, the configuration that its process sees, a response of the cache, and the metrics page of
# the runner.
services() {
    id=$(sed -n 's/^\[{"Id":"\([^"]*\)".*/\1/p' "$answers/running")
    page=$(sed -n 's/^listen_address *= *"\(.*\)"/\1/p' /etc/gitlab-runner/config.toml)
    curl -sf -m 15 --unix-socket /run/docker.sock -o "$answers/container" "http://docker/containers/${id:-none}/json" \
        --next -s -i -m 5 -o "$answers/answer" http://172.17.0.1:5000/v2/ \
        --next -s -m 5 -o "$answers/page" "http://${page:-127.0.0.1:9}/metrics"
    # With `read` and patterns, the shell would take a tenth of a second of processor time for this long line.
    where='.*"Pid":\([0-9]*\),.*"Source":"'$CACHE'","Destination":"\([^"]*\)".*'
    found=$(sed -n "s|$where|\1/root\2|p" "$answers/container")
    [ -z "$found" ] || cat "/proc/$found" >"$answers/config"
}

{
    { engine; services; } &
    systemctl list-units --all --plain --no-legend >"$answers/units"
    find /etc/docker /etc/gitlab-runner /opt/registry /opt $state /tmp /run /root -xdev \
        \( -path '/etc/*' -o -path '/opt/registry/*' \) -name '.*.runnerops*' -fprint "$answers/debris" , \
        -type f -perm -004 -exec grep -lF -e "$SECRETS" {} + >"$answers/open"
    wait
} >/dev/null 2>&1
tar -cPf - --no-recursion $state "$@" --recursion $state/intents "$answers" 2>/dev/null
rm -r "$answers"
