#!/bin/sh
# The part of runnerops that runs on the host. It executes steps that the client has decided, and knows no service, no
# path and no policy. It only decides whether it has the lock, whether a checksum or an output equals the given one, and
# whether a condition was met in time. From that follows whether it continues or rolls back.
#   start DIR SECONDS   starts the run in DIR as a systemd unit, and follows it; its rollback may take SECONDS
#   walk DIR            is the unit's process: executes the list `forward` and, if a step fails, the list `rollback`
#   back DIR            is the unit's ExecStopPost: rolls back a run whose process was killed
#   follow DIR BYTE     prints the log from BYTE on until the run ends (exit status 76: it ended without writing so)
# The log has a line `UPTIME LIST INDEX KIND TEXT` for each event, separated by TABs.

export LC_ALL=C
unset DOCKER_CONTEXT DOCKER_TLS_VERIFY DOCKER_CERT_PATH DOCKER_API_VERSION
export DOCKER_HOST=unix:///var/run/docker.sock # the host's own daemon, even if root uses another Docker context
umask 077
root=${RUNNEROPS_ROOT-} state=${RUNNEROPS_ROOT-}/var/lib/runnerops
tab=$(printf '\t') newline='
'
list='' index=-1 phase='' only_files=''

uptime() { read -r up _ </proc/uptime; } # sets $up to the seconds since the boot

event() { # KIND TEXT: appends an event to the log; TEXT is one line without tabs
    uptime
    # on a full disk a line may be cut short; `echo` ends it
    log "$@" 2>/dev/null || { free_reserve && echo >>log && log "$@"; }
}

log() { printf '%s\t%s\t%s\t%s\t%s\n' "$up" "$list" "$index" "$1" "$2" >>log; }

notes() { # writes each line of standard input to the log, as a note
    clean | while IFS= read -r line; do event note "$line"; done
}

reserve() { # allocates disk space, which `free_reserve` frees if the disk is full when the run has to write something
    head -c 65536 /dev/urandom >reserve || { free_reserve && false; }
}

free_reserve() { [ -e reserve ] && rm -f reserve; }

# Sets $scratch to a folder for the output of commands and for their temporary files. It is in /run, which is in memory,
# so that a full disk does no harm. Without /run it is the run's own folder.
make_scratch() {
    scratch=$PWD
    [ ! -d "$root/run" ] || { mkdir -p "$root/run/runnerops-${PWD##*/}" && scratch=$root/run/runnerops-${PWD##*/}; }
    export RUNNEROPS_SCRATCH="$scratch"
}

remove_scratch() { if [ "$scratch" = "$PWD" ]; then rm -f out err; else rm -rf "$root"/run/runnerops-[0-9]*; fi; }

# Prints standard input without lines that contain a secret, and without control characters. The client removes the rest
# of escape sequences.
clean() {
    if [ -s secrets ]; then grep -vF -f secrets; else cat; fi |
        tr '\t' ' ' | tr -d '\000-\010\013-\032\034-\037\177' | cut -c1-400
}

append_line() { # TEXT FILE: appends a line with `cat`, which reports a full disk; not every shell's printf does
    printf '%s\n' "$1" | cat >>"$2" && return
    echo "${2#"$root"} cannot be written" >&2
    return 1
}

sync_all() { sync "$@" 2>/dev/null || sync; }

sha() { # PATH: prints the SHA-256 of a file in hex, `absent`, or `no-file` if it is something else, such as a link
    if [ -f "$1" ]; then
        sum=$(sha256sum <"$1") && printf '%s' "${sum%% *}"
    elif [ -e "$1" ] || [ -L "$1" ]; then printf 'no-file'; else printf 'absent'; fi
}

staged_path() { # PATH SHA: sets $staged to the path at which this content for PATH is staged, in the same folder
    staged=$root${1%/*}/.${1##*/}.runnerops.${2%"${2#????????????}"}
}

# FILE PATH MODE OWNER SHA: copies FILE of the run's folder beside PATH, checks its content, and syncs both, because
# FILE is kept for later rollbacks.
stage() {
    staged_path "$2" "$5"
    folder=${staged%/*}
    [ -d "$folder" ] || (umask 022 && mkdir -p "$folder") || return 1
    # owner and mode are set in a folder of root's: in the folder of PATH, which may belong to the user of CI jobs, the
    # file could be replaced by a link in between
    cp "$1" "$scratch/staged" && chown "$4" "$scratch/staged" && chmod "$3" "$scratch/staged" &&
        rm -f "$staged" && cp -p "$scratch/staged" "$staged" || return 1
    rm -f "$scratch/staged"
    [ "$(sha "$staged")" = "$5" ] || { echo "${staged#"$root"} is not what was sent" >&2; return 1; }
    sync_all "$1" "$staged" "$folder"
}

# PATH OLD NEW: renames the staged content NEW to PATH, or deletes PATH if NEW is `absent`. Fails if PATH has neither
# the content OLD nor NEW. A rollback skips paths that were not swapped, or that it has restored already.
swap() {
    path=$root$1
    if [ "$list" = rollback ] && ! grep -qxF -e "$1" swapped 2>/dev/null; then return 0; fi
    now=$(sha "$path")
    if [ "$list" = rollback ] && reached_later "$1" "$now"; then return 0; fi
    if [ "$list" = forward ] && [ "$now" = "$3" ] && [ "$2" != "$3" ]; then return 0; fi
    [ "$now" = "$2" ] || { edited "$1"; return 1; }
    if [ "$list" = forward ]; then append_line "$1" "$PWD/swapped" && sync_all swapped || return 1; fi
    if [ "$3" != absent ]; then
        staged_path "$1" "$3"
        [ "$(sha "$staged")" = "$3" ] || { echo "${staged#"$root"} is not what was staged" >&2; return 1; }
        set_newer_mtime "$staged" "$path" || return 1
    fi
    if [ "$(sha "$path")" != "$2" ]; then # checked once more, because a sync may take long on a busy disk
        [ "$list" = rollback ] || { sed '$d' swapped >not-swapped && mv not-swapped swapped; }
        edited "$1"
        return 1
    fi
    if [ "$3" = absent ]; then rm -f "$path" || return 1; else mv -f "$staged" "$path" || return 1; fi
    sync_all "${path%/*}"
}

edited() { echo "$1 was edited meanwhile" >&2; } # PATH

# PATH SHA: succeeds if this step of the rollback, or a later one, swaps PATH to this content. An interrupted rollback
# has then done this step already.
reached_later() {
    tail -n "+$((index + 1))" rollback | (
        while IFS=$tab read -r verb path _ to; do
            if [ "$verb" = swap ] && [ "$path" = "$1" ] && [ "$to" = "$2" ]; then exit 0; fi
        done
        exit 1
    )
}

# NEW OLD: sets the mtime of NEW to the present time, or to a second after OLD's if that is in the future. gitlab-runner
# loads its file again only if it is newer.
set_newer_mtime() {
    then=$(stat -c %Y "$2" 2>/dev/null || echo 0)
    if [ "$then" -ge "$(date +%s)" ]; then touch -c -d "@$((then + 1))" "$1"; else touch -c "$1"; fi
}

intend() { # SERVICE TEXT: writes the intent of a service atomically, and syncs it
    if mkdir -p "$state/intents" && rm -f "$state/intents/.$1" && append_line "$2" "$state/intents/.$1" &&
        sync_all "$state/intents/.$1" && mv -f "$state/intents/.$1" "$state/intents/$1" &&
        sync_all "$state/intents"; then return 0; fi
    [ "$list" = rollback ] && [ -s "$state/intents/$1" ] # on a full disk, an older intent is enough for a rollback
}

complete() { rm -f "$state/intents/$1" && { [ ! -d "$state/intents" ] || sync_all "$state/intents"; }; }

phase() { # SERVICE: records that this phase has begun, so that a rollback includes it
    [ "$list" = rollback ] || { append_line "$1" "$PWD/begun" && sync_all begun; }
}

# SECONDS ARGV...: runs a command in its own process group, and kills the whole group at the time limit. Sets $status to
# the exit status, which is 137 then, and returns it.
limited() {
    setsid timeout -s KILL "$@" </dev/null &
    wait $! 2>/dev/null
    status=$?
    [ $status != 137 ] || kill -KILL "-$!" 2>/dev/null # busybox's timeout kills only one process
    return $status
}

# WANT ARGV...: succeeds if the command prints WANT. The exit status does not count: `systemctl is-active` prints
# `inactive` and ends with 3.
guard() {
    want=$1
    shift
    limited 60 "$@" >"$scratch/out" 2>"$scratch/err"
    [ "$(cat "$scratch/out")" = "$want" ] && return 0
    cat "$scratch/err" >>"$scratch/out"
    return 1
}

run() { # SECONDS ARGV...: succeeds if the command ends with 0 within the time limit
    seconds=$1
    shift
    limited "$seconds" "$@" >"$scratch/out" 2>&1 && return 0
    [ $status != 137 ] || echo "it did not end within $seconds s" >>"$scratch/out"
    return 1
}

# SECONDS CONDITION ARGV...: repeats the command until the condition is met: `ok`, the command ends with 0; `=TEXT`, it
# prints TEXT; `~TEXT`, its output contains TEXT. The pauses are short at first, because most conditions are met soon.
# The first line of the output is logged whenever it has changed.
await() {
    uptime
    end=$((${up%%.*} + $1)) condition=$2 logged=$tab last_output='' attempts=0
    shift 2
    while :; do
        uptime
        remaining=$((end - ${up%%.*}))
        [ "$remaining" -gt 0 ] || remaining=1
        limited "$remaining" "$@" >"$scratch/out" 2>"$scratch/err"
        output=$(cat "$scratch/out")
        if [ "$status" = 137 ] && [ -z "$output" ]; then # killed at the limit: report the output of the attempt before
            output=$last_output
            [ -z "$output" ] || printf '%s\n' "$output" >"$scratch/out"
        else
            last_output=$output
            case $condition in
            ok) [ $status != 0 ] || return 0 ;;
            =*) [ "$output" != "${condition#=}" ] || return 0 ;;
            "~"*) case $output in *"${condition#\~}"*) return 0 ;; esac ;;
            esac
        fi
        first_line=${output%%"$newline"*}
        [ -z "$first_line" ] || first_line=$(printf '%s\n' "$first_line" | clean)
        [ "$first_line" = "$logged" ] || event wait "$first_line"
        logged=$first_line
        uptime
        [ "${up%%.*}" -lt "$end" ] || break
        attempts=$((attempts + 1))
        if [ $attempts -gt 10 ]; then sleep 1; else sleep 0.2 2>/dev/null || sleep 1; fi
    done
    cat "$scratch/err" >>"$scratch/out"
    return 1
}

step() { # VERB ARGS...: executes a step; its output, or the error message, is in $scratch/out
    verb=$1
    shift
    true >"$scratch/out" # if this fails, `true` does not end the shell, unlike `:`
    case $verb in
    guard | run | await) "$verb" "$@" ;;
    stage | swap | intend | complete | phase) "$verb" "$@" 2>>"$scratch/out" ;; # also errors of the shell itself
    *) echo "unknown verb $verb" >"$scratch/out" && false ;;
    esac
}

missing_output() { # prints a reason for a step that failed without output, as all do if $scratch is on a full disk
    case $verb,$status in
    guard,137 | await,137) echo 'no answer in time' ;;
    guard,* | run,* | await,*) echo "exit status $status, and it printed nothing" ;;
    *) echo 'there is no message that says why: check whether the disk is full or read-only' ;;
    esac
}

# forward|rollback: executes a list of steps. `forward` ends at the first step that fails, and $phase is then its phase.
# `rollback` continues after a failure, and skips the phases that had not begun. With $only_files, it executes only
# swaps, and writes the intents of actions on containers.
# shellcheck disable=SC2094  # the file of the list is only read
walk_list() {
    list=$1 index=-1 skip='' bad=0
    [ -r "$list" ] || return 1
    while IFS= read -r line <&3; do
        index=$((index + 1))
        IFS=$tab
        set -f
        # shellcheck disable=SC2086  # the line is to be split at tabs
        set -- $line
        set +f
        unset IFS
        if [ "$list" = rollback ] && [ "$1" = phase ]; then
            if grep -qxF -e "$2" begun 2>/dev/null; then skip=''; else skip=1; fi
        fi
        [ -z "$skip" ] || continue
        case $only_files,$1,${3-} in ,* | *,swap,* | *,intend,up\ * | *,intend,recreate\ *) ;; *) continue ;; esac
        [ "$1" != phase ] || phase=$2
        event step ''
        if step "$@" 3<&-; then
            # what a script wrote for the person who deploys
            if [ -s "$scratch/notes" ]; then notes <"$scratch/notes" && rm -f "$scratch/notes"; fi
            event 'done' ''
        else
            if [ -s "$scratch/out" ]; then tail -n 20 "$scratch/out" | notes; else event note "$(missing_output)"; fi
            event fail ''
            bad=1
            [ "$list" = rollback ] || break
        fi
    done 3<"$list"
    return $bad
}

# PHASES: logs what the steps of the list `diagnostics` print about these services. Before a rollback, which would
# change it.
diagnostics() {
    [ -r diagnostics ] || return 0
    phases=" $1 " list='' index=-1 skip=1
    while IFS= read -r line <&3; do
        IFS=$tab
        set -f
        # shellcheck disable=SC2086  # as in walk_list
        set -- $line
        set +f
        unset IFS
        if [ "$1" = phase ]; then
            case $phases in *" $2 "*) skip='' ;; *) skip=1 ;; esac
        elif [ -z "$skip" ]; then
            step "$@" 3<&- || :
            tail -n 12 "$scratch/out" | notes
        fi
    done 3<diagnostics
}

lock() { # holds the lock on file descriptor 9 until all processes of the run have ended
    exec 9>>"$state/lock" && flock -w 5 9 && make_scratch && { echo $$ >holder || :; }
}

# WORD: deletes staged files and half-written intents, also those of earlier runs that ended in a power cut, then writes
# the last line of the log: the run ended with this result.
finish() {
    free_reserve
    [ -s verdict ] || echo "$1" >verdict # if the process is killed from here on, `back` uses this result
    for unfinished in "$state"/intents/.[!.]*; do [ ! -f "$unfinished" ] || rm -f "$unfinished"; done
    grep -h "^stage$tab" ../*/forward 2>/dev/null | while IFS=$tab read -r _ _ path _ _ wanted; do
        staged_path "$path" "$wanted"
        # all kept runs are listed, and nearly none of these files is left
        if [ -e "$staged" ] || [ -L "$staged" ]; then rm -f "$staged"; fi
    done
    if [ "$1" = applied ] && [ -r folders ]; then # folders that a removal may leave empty
        while IFS= read -r folder; do rmdir "$root$folder" 2>/dev/null || :; done <folders
    fi
    remove_scratch
    list='' index=-1
    event end "$1"
    sync_all log .
}

shutting_down() { [ "$(systemctl is-system-running 2>/dev/null)" = stopping ]; } # or rebooting

# Rolls back only the swaps. During a shutdown no service can be started; at the next boot they load the restored files,
# so their intents are removed. A container starts again as it was created, so the intents of `up` and `recreate` stay.
roll_back_files() {
    event note 'cut off by a shutdown of the host'
    only_files=1
    if [ -s begun ] && ! walk_list rollback; then
        finish needs-attention
        return
    fi
    # shellcheck disable=SC3044  # a function of this file
    grep -l -e "^reload ${PWD##*/} " -e "^restart ${PWD##*/} " "$state"/intents/* 2>/dev/null |
        while IFS= read -r intent; do complete "${intent##*/}"; done
    if [ -s swapped ]; then finish rolled-back; else finish shutdown; fi
}

roll_back() { # WORD: rolls the run back, and finishes it; WORD is its result if no phase had begun
    free_reserve
    if shutting_down; then
        roll_back_files
    elif [ ! -s begun ]; then
        finish "$1"
    elif walk_list rollback; then
        finish rolled-back
    else
        diagnostics "$(tr '\n' ' ' <begun)"
        finish needs-attention
    fi
}

# Deletes old runs, the oldest first, until no more remain than the number and the KiB that the file `keep` names. Runs
# that are newer than this one stay, because a client may be unpacking them.
prune() {
    this=${PWD##*/}
    read -r count size 2>/dev/null <keep && cd .. || return 0
    spare=" $this $(runs_to_keep | tr '\n' ' ')"
    rm -rf .gone
    du -sk [0-9]* 2>/dev/null | sort -k 2,2nr | while read -r used run; do
        case $run in *[!0-9]*) continue ;; esac
        [ "$run" -le "$this" ] || continue
        count=$((count - 1)) size=$((size - used))
        case $spare in *" $run "*) continue ;; esac
        # renamed first, so that no incomplete run remains if this process is killed
        if [ "$count" -lt 0 ] || [ "$size" -lt 0 ]; then mv "$run" .gone && rm -rf .gone; fi
    done
}

# Prints the runs that `prune` may not delete: those with an unfinished intent, the last applied one, and the last
# applied one for each file.
runs_to_keep() {
    cut -d ' ' -f 2 "$state"/intents/* 2>/dev/null
    grep -l "${tab}end${tab}applied\$" [0-9]*/log 2>/dev/null | sort -nr | head -n 1 | cut -d / -f 1
    grep -l "${tab}end${tab}applied\$" [0-9]*/log 2>/dev/null | while IFS=/ read -r run _; do
        sed -n "s,^stage${tab}[^$tab]*$tab\\([^$tab]*\\).*,\\1$tab$run,p" "$run/forward"
    done | sort -t "$tab" -k 1,1 -k 2,2nr | while IFS=$tab read -r path run; do
        [ "$path" = "${last-}" ] || echo "$run"
        last=$path
    done
}

walk() {
    trap '' HUP PIPE
    event note "clock $(date +%s)"
    lock || { event end locked; return; }
    if ! reserve; then
        event note "no space left in $state"
        roll_back failed
        return
    fi
    # from these files, the next plan knows runnerops' own contents after a power cut
    sync_all forward rollback meta reserve . ..
    if walk_list forward; then
        finish applied
    else
        shutting_down || diagnostics "$phase"
        roll_back failed
    fi
    prune
}

back() {
    trap '' HUP PIPE
    if grep -q "${tab}end$tab" log; then return; fi
    lock || return 1
    if [ -s verdict ]; then finish "$(cat verdict)"; else roll_back interrupted; fi
    prune
}

start() { # DIR SECONDS
    systemd-run --quiet --collect --unit="runnerops-${1##*/}" -p "TimeoutStopSec=$2" \
        -p "ExecStopPost=/bin/sh $1/host.sh back $1" --setenv=HOME=/root \
        --setenv=PATH="/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" \
        /bin/sh "$1/host.sh" walk "$1" || return 73
    follow "$1" 0
}

# DIR QUIET: succeeds if the unit of the run is alive; QUIET counts the looks since the last new line of the log. A
# transient unit has its file for as long as systemd knows it. To ask systemd itself costs more than the rest of a look.
goes_on() {
    transient=$root/run/systemd/transient unit=runnerops-${1##*/}
    case $2 in
    *[05]0) ;;
    *) if [ -d "$transient" ]; then [ -e "$transient/$unit.service" ] && return; fi ;;
    esac
    case $(systemctl show -p ActiveState --value "$unit" 2>/dev/null) in
    active | activating | deactivating | reloading) return 0 ;;
    esac
    return 1
}

# DIR BYTE: prints the log from BYTE on until it has the end of the run. Returns 76 if the unit is gone without one. The
# shell reads the file itself, because to start a program ten times a second would cost more than the run.
follow() {
    skip=$2 quiet=0 opened='' part='' over=''
    while :; do
        alive=1 # determined before the log is read
        case $quiet in *[05]) goes_on "$1" "$quiet" || alive='' ;; esac
        if [ -z "$opened" ] && [ -r log ]; then exec 4<log && opened=1; fi
        [ -z "$opened" ] || print_new_lines <&4 || return 1
        [ -z "$over" ] || return 0
        [ -n "$alive" ] || return 76
        quiet=$((quiet + 1)) # less and less often, because each pause starts a program, and a drain may last hours
        case $quiet in
        [1-5]) pause=0.1 ;;
        [6-9] | 1?) pause=0.3 ;;
        *) pause=1 ;;
        esac
        sleep $pause 2>/dev/null || sleep 1
    done
}

# Prints the whole lines of standard input, after its first $skip bytes. An incomplete line is kept in $part for the
# next call.
print_new_lines() {
    while IFS= read -r line; do
        line=$part$line part='' quiet=0
        case $line in *"${tab}end$tab"*) over=1 ;; esac
        if [ "$skip" = 0 ]; then
            printf '%s\n' "$line" || return 1
        elif [ "$skip" -gt ${#line} ]; then
            skip=$((skip - ${#line} - 1))
        else
            printf '%s\n' "$line" | tail -c "+$((skip + 1))" || return 1
            skip=0
        fi
    done
    part=$part$line
}

what=$1
shift
cd "$root$1" 2>/dev/null || cd "$1" || exit 76
case $what in
start | walk | back | follow) "$what" "$@" ;;
*) exit 64 ;;
esac
