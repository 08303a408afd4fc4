#!/bin/sh
# UNIT SIGNAL main|all URL|- SYSTEM-ID|-: says `gone` once the unit's process has ended; until then how many jobs it waits
# for, and which they are, one a line. It ends with its last job, and at once where there is none. Runs in the run's own
# folder. A process that was started since one was told to end is told as well, or it would be waited for in vain. One
# that does not end though no job is seen is told of as that: it may be frozen, or have its jobs on other machines.

unit=$1 signal=$2 whom=$3 url=$4 system=$5 label=com.gitlab.gitlab-runner
proc=${RUNNEROPS_ROOT-}/proc

get() { { curl -gfsS --noproxy '*' -m 2 "$1" || wget -q -T 2 -O - "$1"; } 2>/dev/null; }

by_page() { # counts best, and is still there while it drains; of any state: a `pending` job is taken
    [ "$url" != - ] && page=$(get "$url") || return 1
    count=0
    for one in $(printf '%s\n' "$page" | sed -n 's/^gitlab_runner_jobs{.*} //p'); do count=$((count + ${one%%.*})); done
    which=$(get "${url%/metrics}/debug/jobs/list" | sed -n 's/^url=\([^ ]*\) .*/\1/p')
}

by_labels_and_processes() {
    which=$(containers 2>/dev/null | sort -u)
    more=$(children)
    count=$(printf '%s\n' "$which" "$more" | grep -c .)
    [ -z "$more" ] || which=$({ printf '%s\n' "$which" && names "$more"; } | grep . | sort -u)
}

containers() { # of jobs that this runner took: another one's may run beside them
    timeout -s KILL 5 docker ps --filter "label=$label.managed=true" \
        --format "{{.Label \"$label.job.id\"}}/{{.Label \"$label.runner.system_id\"}}/{{.Names}}" |
        while IFS=/ read -r job theirs name; do
            if [ "$system" != - ] && [ "${theirs:-"$system"}" != "$system" ]; then continue; fi
            if [ "$job" ]; then echo "job $job"; else echo "container $name"; fi
        done
}

children() { # an autoscaler's plugin stays, and is no job; nor is a client that attends to a container
    sed -n "s/^\([0-9]*\) (\(.*\)) [^Z] $pid .*/process \1 (\2)/p" "$proc"/[0-9]*/stat 2>/dev/null |
        grep -v -e '(fleeting-plugin)$' -e '(plugin)$' -e '(docker)$'
}

names() { # PROCESSES: GitLab's ids, where a process below them has one in its environment
    ids=$(head -c 65536 "$proc"/[0-9]*/environ 2>/dev/null | tr '\000' '\n' | sed -n \
        -e '/^==> /{s,.*/proc/\([0-9]*\)/environ .*,\1,;h;}' \
        -e '/^CI_JOB_ID=[0-9][0-9]*$/{s/.*=//;G;s/\(.*\)\n\(.*\)/\2 \1/p;}' |
        while read -r at job; do if below "$at"; then echo "job $job"; fi; done)
    printf '%s\n' "${ids:-"$1"}"
}

below() { # PROCESS: whether it descends from the unit's
    up=$1
    while [ "${up:-0}" -gt 1 ]; do
        [ "$up" != "$pid" ] || return 0
        read -r stat 2>/dev/null <"$proc/$up/stat" || return 1
        stat=${stat##*) ? } # after the name, which may hold anything, and the state
        up=${stat%% *}
    done
    return 1
}

ended() { # a systemd that does not answer (it is being upgraded) tells nothing
    pid=$(systemctl show -p MainPID --value "$unit" 2>/dev/null) || pid=unknown
    [ "${pid:-0}" = 0 ]
}

tell() { # and look at once: a unit may start itself again a tenth of a second after its process has ended
    systemctl kill -s "$signal" --kill-who="$whom" "$unit" 2>/dev/null && echo "$pid" >"$told"
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        ! ended || return 0
        sleep 0.05 2>/dev/null || return 0
    done
}

idle() { # one that has no job ends at once, a busy host allowed for; from then on it does something else
    now=$(date +%s) of='' since=''
    read -r of since 2>/dev/null <idle
    if [ "$of" != "$pid" ]; then
        since=$now
        echo "$pid $now" >idle
    fi
    if [ $((now - since)) -lt 15 ]; then
        echo 'no job left, it ends'
    else
        echo "no job is seen, and it does not end$(still)"
    fi
} 2>/dev/null

still() { # why a process may not even have heard that it is to end
    if [ "$(systemctl show -p FreezerState --value "$unit" 2>/dev/null)" = frozen ]; then
        echo " (it is frozen: systemctl thaw $unit)"
    elif read -r stat 2>/dev/null <"$proc/$pid/stat" && case ${stat##*) } in T*) ;; *) false ;; esac then
        echo " (it is stopped: kill -CONT $pid)"
    fi
}

told=${RUNNEROPS_DESK:-.}/told
ended || [ "$pid" = unknown ] || [ "$pid" = "$(cat "$told" 2>/dev/null)" ] || tell
case ${pid:-0} in
0)
    echo gone
    exit
    ;;
unknown)
    echo 'systemd does not answer'
    exit
    ;;
esac
by_page || by_labels_and_processes
one=0 two=0
read -r one two 2>/dev/null <counts # the two before: between two stages a job has no container and no process
echo "$count $one" >counts
for last in $one $two; do if [ "$last" -gt "$count" ]; then count=$last; fi; done
case $count in
0) idle ;;
1) echo '1 job' ;;
*) echo "$count jobs" ;;
esac
[ "$count" = 0 ] || rm -f idle
[ -z "$which" ] || printf '%s\n' "$which"
