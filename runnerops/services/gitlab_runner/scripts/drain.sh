#!/bin/sh
# UNIT SIGNAL main|all URL|- SYSTEM-ID|-: prints `gone` once the process of the unit has ended. Until then it prints how
# many jobs the unit still runs, with as many of them as fit into one line (`2 jobs: job 7 name="build" project="a/b"
# runner="r" started="TIME"; job 8`), and then all of them, one per line. URL is the runner's metrics page.
#
# The unit's process gets SIGNAL only once: the file `signalled` has its PID. If the unit has another process since
# then, that gets the signal too; otherwise it would not end. After the signal a process ends with its last job, or at
# once if it has none. If no job is found and the process still does not end, the script says so: it may be frozen, or
# its jobs may run on other machines.

unit=$1 signal=$2 kill_who=$3 url=$4 system=$5 label=com.gitlab.gitlab-runner
proc=${RUNNEROPS_ROOT-}/proc
export DOCKER_HOST=unix:///var/run/docker.sock # the host's own daemon, even if root uses another context

get() { # URL: prints the response
    { curl -gfsS --noproxy '*' -m 2 "$1" || wget -q -T 2 -O - "$1"; } 2>/dev/null
}

# Sets $count and $which from the metrics page, which is the most reliable source, and is served during a drain too.
# Counts jobs in any state, because the runner has accepted a `pending` job already.
by_page() {
    [ "$url" != - ] && page=$(get "$url") || return 1
    count=0
    for one in $(printf '%s\n' "$page" | sed -n 's/^gitlab_runner_jobs{.*} //p'); do count=$((count + ${one%%.*})); done
    which=$(get "${url%/metrics}/debug/jobs/list" |
        sed -n 's,^url=[a-z]*://[^/]*/\([^ "]*\)/-/jobs/\([0-9][0-9]*\) .*,job \2 project="\1",p' | sort -u -k 2,2n)
}

by_labels_and_processes() { # sets $count and $which from job containers and from child processes of the runner
    which=$(containers 2>/dev/null | sort -u)
    more=$(children)
    count=$(printf '%s\n' "$which" "$more" | grep -c .)
    [ -z "$more" ] || which=$({ printf '%s\n' "$which" && names "$more"; } | grep . | sort -u -k 1,1 -k 2,2n -k 2)
}

containers() { # prints the jobs that run in containers of this runner; another may use the same Docker daemon
    timeout -s KILL 5 docker ps --filter "label=$label.managed=true" \
        --format "{{.Label \"$label.job.id\"}}/{{.Label \"$label.runner.system_id\"}}/{{.Names}}" |
        while IFS=/ read -r job theirs name; do
            if [ "$system" != - ] && [ "${theirs:-"$system"}" != "$system" ]; then continue; fi
            if [ "$job" ]; then echo "job $job"; else echo "container $name"; fi
        done
}

children() { # prints child processes of the runner, without autoscaler plugins and `docker` clients, which are not jobs
    sed -n "s/^\([0-9]*\) (\(.*\)) [^Z] $pid .*/process \1 (\2)/p" "$proc"/[0-9]*/stat 2>/dev/null |
        grep -v -e '(fleeting-plugin)$' -e '(plugin)$' -e '(docker)$'
}

names() { # PROCESSES: prints the ids of their jobs; if none of their descendants has one in its environment, PROCESSES
    ids=$(environs | while read -r at job _; do if below "$at"; then echo "job $job"; fi; done)
    printf '%s\n' "${ids:-"$1"}"
}

# Prints, for each process with a job's id in its environment: the PID, the job's id, and what GitLab's variables say of
# the job. There is a time limit, because to read the environment of a process that hangs in the kernel can hang too.
environs() {
    part='\([^";]\{1,80\}\).*'
    { timeout -s KILL 10 head -c 65536 "$proc"/[0-9]*/environ 2>/dev/null; echo; echo '==> '; } | tr '\000' '\n' |
        sed -n -e '/^==> /p' -e '/^CI_JOB_ID=[0-9][0-9]*$/p' -e "s/^CI_JOB_NAME=$part/name=\"\1\"/p" \
            -e "s/^CI_PROJECT_PATH=$part/project=\"\1\"/p" -e "s/^CI_RUNNER_DESCRIPTION=$part/runner=\"\1\"/p" \
            -e 's/^CI_JOB_STARTED_AT=\([0-9TZ:.+-]\{1,40\}\)$/started="\1"/p' | {
        process='' job='' words=''
        while IFS= read -r line; do
            case $line in
            CI_JOB_ID=*) job=${line#*=} ;;
            name=* | project=* | runner=* | started=*) words="$words $line" ;;
            *)
                [ -z "$job" ] || printf '%s\n' "$process $job$words"
                process=${line##*/proc/} job='' words=''
                process=${process%%/*}
                ;;
            esac
        done
    }
}

# Prints the jobs of standard input, one per line, each with its description. It is kept in a file, because the
# processes that have it in their environment come and go during a job.
described() {
    all='' # the environments of processes, read at most once
    while read -r kind id rest; do
        if [ "$kind" = job ]; then
            known=$(sed -n "/^$id /{s/^$id //p;q;}" described 2>/dev/null)
            if [ -z "$known" ]; then
                [ -n "$all" ] || all=$(environs; echo 'no more')
                known=$(printf '%s\n' "$all" | sed -n "/^[0-9]* $id /{s/^[0-9]* $id //p;q;}")
            fi
            rest=${known:-$rest}
            [ -z "$known" ] || grep -qs "^$id " described || printf '%s\n' "$id $known" >>described
        fi
        printf '%s\n' "$kind $id${rest:+ $rest}"
    done 2>/dev/null
}

briefly() { # COUNT: prints it in one line with as many jobs of standard input as fit into a line of the log
    line=''
    while IFS= read -r one; do
        [ $((${#line} + ${#one})) -lt 350 ] || break
        line="$line${line:+; }$one"
    done
    printf '%s\n' "$1${line:+: $line}"
}

below() { # PID: succeeds if it descends from the unit's process
    up=$1
    while [ "${up:-0}" -gt 1 ]; do
        [ "$up" != "$pid" ] || return 0
        read -r stat 2>/dev/null <"$proc/$up/stat" || return 1
        stat=${stat##*) ? } # the parent's PID comes after the name, which may contain anything, and the state
        up=${stat%% *}
    done
    return 1
}

# Succeeds if the unit has no process. Sets $pid, to `unknown` if systemd does not respond, as during its own upgrade.
ended() {
    pid=$(systemctl show -p MainPID --value "$unit" 2>/dev/null) || pid=unknown
    [ "${pid:-0}" = 0 ]
}

# Sends the signal. Then checks often for half a second whether the process has ended, because a unit may start again a
# tenth of a second after that.
send_signal() {
    systemctl kill -s "$signal" --kill-who="$kill_who" "$unit" 2>/dev/null && echo "$pid" >"$signalled"
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        ! ended || return 0
        sleep 0.05 2>/dev/null || return 0
    done
}

idle() { # prints that no job is left; after 15 s, that the process does not end, although it should within seconds
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

still() { # prints why the process may not have received the signal, and what helps
    if [ "$(systemctl show -p FreezerState --value "$unit" 2>/dev/null)" = frozen ]; then
        echo " (it is frozen: systemctl thaw $unit)"
    elif read -r stat 2>/dev/null <"$proc/$pid/stat" && case ${stat##*) } in T*) ;; *) false ;; esac then
        echo " (it is stopped: kill -CONT $pid)"
    fi
}

signalled=${RUNNEROPS_SCRATCH:-.}/signalled
ended || [ "$pid" = unknown ] || [ "$pid" = "$(cat "$signalled" 2>/dev/null)" ] || send_signal
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
# take the highest of the last three counts: between two stages a job has neither a container nor a process
read -r one two 2>/dev/null <counts
echo "$count $one" >counts
for last in $one $two; do if [ "$last" -gt "$count" ]; then count=$last; fi; done
[ "$count" = 0 ] || rm -f idle
which=$(printf '%s\n' "$which" | grep . | described)
seen=$(printf '%s\n' "$which" | grep -c .)
if [ "$seen" -lt "$count" ] && [ "$count" = "$(grep -c . seen 2>/dev/null)" ]; then which=$(cat seen); fi
printf '%s\n' "$which" >seen
case $count in
0) idle ;;
1) printf '%s\n' "$which" | grep . | briefly '1 job' ;;
*) printf '%s\n' "$which" | grep . | briefly "$count jobs" ;;
esac
[ -z "$which" ] || printf '%s\n' "$which"
