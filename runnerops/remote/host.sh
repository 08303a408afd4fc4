#!/bin/sh
# The half of runnerops that runs on the host. It walks steps that were decided elsewhere, and knows no service, no path
# and no policy. It only decides whether it has the lock, whether a checksum or an output equals the one given, and
# whether a condition was met in time. From that follows whether it goes on or rolls back.
#   start DIR SECONDS   starts the run in DIR as a unit of its own, and follows it
#   walk DIR            is the unit itself: it walks `forward` and, if a step fails, `rollback`
#   back DIR            is the unit's ExecStopPost: it rolls back a run that was cut off
#   follow DIR BYTE     prints the log from BYTE on until the run's end (exit status 76: it is over without one)

export LC_ALL=C
unset DOCKER_CONTEXT DOCKER_TLS_VERIFY DOCKER_CERT_PATH DOCKER_API_VERSION
export DOCKER_HOST=unix:///var/run/docker.sock # the host's own daemon, whatever root's environment or contexts say
umask 077
root=${RUNNEROPS_ROOT-} state=${RUNNEROPS_ROOT-}/var/lib/runnerops
tab=$(printf '\t')
list='' index=-1 phase='' only=''

uptime() { read -r up _ </proc/uptime; }

event() { # KIND TEXT: a line of the log; TEXT is one line without tabs
    uptime
    log "$@" 2>/dev/null || { spend && echo >>log && log "$@"; } # the line that was cut short ends here
}

log() { printf '%s\t%s\t%s\t%s\t%s\n' "$up" "$list" "$index" "$1" "$2" >>log; }

notes() { # each line of standard input becomes a note
    clean | while IFS= read -r line; do event note "$line"; done
}

reserve() { # space for what the run writes after its first step, in case the disk fills up
    head -c 65536 /dev/urandom >reserve || { spend && false; }
}

spend() { [ -e reserve ] && rm -f reserve; }

desk() { # the folder for what commands print and note: in memory if there is /run, so that a full disk does no harm
    desk=$PWD
    [ ! -d "$root/run" ] || { mkdir -p "$root/run/runnerops-${PWD##*/}" && desk=$root/run/runnerops-${PWD##*/}; }
    export RUNNEROPS_DESK="$desk"
}

clear_desk() { if [ "$desk" = "$PWD" ]; then rm -f out err; else rm -rf "$root"/run/runnerops-[0-9]*; fi; }

clean() { # standard input without secrets and control characters; the reader of the log removes escape sequences
    if [ -s secrets ]; then grep -vF -f secrets; else cat; fi |
        tr '\t' ' ' | tr -d '\000-\010\013-\032\034-\037\177' | cut -c1-400
}

put() { # TEXT FILE: appends a line; `cat` prints an error for a full disk, which not every shell's printf does
    printf '%s\n' "$1" | cat >>"$2" && return
    echo "${2#"$root"} cannot be written" >&2
    return 1
}

sync_all() { sync "$@" 2>/dev/null || sync; }

sha() { # PATH: 64 hex digits; `absent`, or `no-file` if something else is there
    if [ -f "$1" ]; then
        sum=$(sha256sum <"$1") && printf '%s' "${sum%% *}"
    elif [ -e "$1" ] || [ -L "$1" ]; then printf 'no-file'; else printf 'absent'; fi
}

staged() { # PATH SHA: sets $beside, the path at which this content was staged
    beside=$root${1%/*}/.${1##*/}.runnerops.${2%"${2#????????????}"}
}

stage() { # FILE PATH MODE OWNER SHA
    staged "$2" "$5"
    folder=${beside%/*}
    [ -d "$folder" ] || (umask 022 && mkdir -p "$folder") || return 1
    rm -f "$beside" && cp "$1" "$beside" && chown "$4" "$beside" && chmod "$3" "$beside" || return 1
    [ "$(sha "$beside")" = "$5" ] || { echo "${beside#"$root"} is not what was sent" >&2 && return 1; }
    sync_all "$beside" "$folder"
}

swap() { # PATH OLD NEW
    path=$root$1
    if [ "$list" = rollback ] && ! grep -qxF -e "$1" swapped 2>/dev/null; then return 0; fi
    now=$(sha "$path")
    if [ "$list" = rollback ] && ahead "$1" "$now"; then return 0; fi
    if [ "$list" = forward ] && [ "$now" = "$3" ] && [ "$2" != "$3" ]; then return 0; fi
    if [ "$now" != "$2" ]; then
        echo "$1 was edited meanwhile" >&2
        return 1
    fi
    if [ "$list" = forward ]; then put "$1" "$PWD/swapped" && sync_all swapped || return 1; fi
    if [ "$3" = absent ]; then
        rm -f "$path" || return 1
    else
        staged "$1" "$3"
        [ "$(sha "$beside")" = "$3" ] || { echo "${beside#"$root"} is not what was staged" >&2 && return 1; }
        newer "$beside" "$path" && mv -f "$beside" "$path" || return 1
    fi
    sync_all "${path%/*}"
}

ahead() { # PATH SHA: whether a swap of the rollback from this step on leads to SHA; then PATH is there already
    tail -n "+$((index + 1))" rollback | (
        while IFS=$tab read -r verb path _ to; do
            if [ "$verb" = swap ] && [ "$path" = "$1" ] && [ "$to" = "$2" ]; then exit 0; fi
        done
        exit 1
    )
}

newer() { # NEW OLD: sets the mtime of NEW to now, but later than OLD's, or its reader would not notice the change
    then=$(stat -c %Y "$2" 2>/dev/null || echo 0)
    if [ "$then" -ge "$(date +%s)" ]; then touch -c -d "@$((then + 1))" "$1"; else touch -c "$1"; fi
}

intend() { # SERVICE TEXT
    if mkdir -p "$state/intents" && rm -f "$state/intents/.$1" && put "$2" "$state/intents/.$1" &&
        sync_all "$state/intents/.$1" && mv -f "$state/intents/.$1" "$state/intents/$1" &&
        sync_all "$state/intents"; then return 0; fi
    [ "$list" = rollback ] && [ -s "$state/intents/$1" ] # if the disk takes no other record, the older one will do
}

complete() { rm -f "$state/intents/$1" && { [ ! -d "$state/intents" ] || sync_all "$state/intents"; }; }

phase() { # SERVICE
    [ "$list" = rollback ] || { put "$1" "$PWD/begun" && sync_all begun; }
}

limited() { # SECONDS ARGV...: in a process group of its own, which is killed as a whole at the time limit (then: 137)
    setsid timeout -s KILL "$@" </dev/null &
    wait $! 2>/dev/null
    status=$?
    [ $status != 137 ] || kill -KILL "-$!" 2>/dev/null # busybox's timeout kills one process only
    return $status
}

guard() { # WANT ARGV...: only the output counts, not the exit status (`is-active` prints `inactive` and ends with 3)
    want=$1
    shift
    limited 60 "$@" >"$desk/out" 2>"$desk/err"
    [ "$(cat "$desk/out")" = "$want" ] && return 0
    cat "$desk/err" >>"$desk/out"
    return 1
}

run() { # SECONDS ARGV...
    seconds=$1
    shift
    limited "$seconds" "$@" >"$desk/out" 2>&1 && return 0
    [ $status != 137 ] || echo "it did not end within $seconds s" >>"$desk/out"
    return 1
}

await() { # SECONDS CONDITION ARGV...: asks often at first, because most conditions are met in a moment
    uptime
    end=$((${up%%.*} + $1)) condition=$2 said=$tab told='' asked=0
    shift 2
    while :; do
        uptime
        left=$((end - ${up%%.*}))
        [ "$left" -gt 0 ] || left=1
        limited "$left" "$@" >"$desk/out" 2>"$desk/err"
        got=$(cat "$desk/out")
        if [ "$status" = 137 ] && [ -z "$got" ]; then # killed at the limit: the answer before counts
            [ -z "$told" ] || printf '%s\n' "$told" >"$desk/out"
        else
            told=$got
            case $condition in
            ok) [ $status != 0 ] || return 0 ;;
            =*) [ "$got" != "${condition#=}" ] || return 0 ;;
            "~"*) case $got in *"${condition#\~}"*) return 0 ;; esac ;;
            esac
        fi
        first=$(head -n 1 "$desk/out" | clean)
        [ "$first" = "$said" ] || event wait "$first"
        said=$first
        uptime
        [ "${up%%.*}" -lt "$end" ] || break
        asked=$((asked + 1))
        if [ $asked -gt 10 ]; then sleep 1; else sleep 0.2 2>/dev/null || sleep 1; fi
    done
    cat "$desk/err" >>"$desk/out"
    return 1
}

step() { # VERB ARGS...
    verb=$1
    shift
    true >"$desk/out" # with `:` the shell would end if this cannot be written
    case $verb in
    guard | run | await) "$verb" "$@" ;;
    stage | swap | intend | complete | phase) "$verb" "$@" 2>>"$desk/out" ;; # error messages, also the shell's
    *) echo "unknown verb $verb" >"$desk/out" && false ;;
    esac
}

silent() { # the reason given for a step that failed without output, as any does if the desk is on a full disk
    case $verb,$status in
    guard,137 | await,137) echo 'no answer in time' ;;
    guard,* | run,* | await,*) echo "exit status $status, and it printed nothing" ;;
    *) echo 'there is no message that says why: check whether the disk is full or read-only' ;;
    esac
}

# shellcheck disable=SC2094  # the list's name is compared, its file only read
walk_list() { # forward: up to the first step that fails, whose phase is then in $phase; rollback: all steps
    list=$1 index=-1 skip='' bad=0
    [ -r "$list" ] || return 1
    while IFS= read -r line <&3; do
        index=$((index + 1))
        IFS=$tab
        set -f
        # shellcheck disable=SC2086  # split at tabs: the one unquoted expansion
        set -- $line
        set +f
        unset IFS
        if [ "$list" = rollback ] && [ "$1" = phase ]; then
            if grep -qxF -e "$2" begun 2>/dev/null; then skip=''; else skip=1; fi
        fi
        [ -z "$skip" ] || continue
        [ -z "$only" ] || [ "$1" = "$only" ] || continue
        [ "$1" != phase ] || phase=$2
        event step ''
        if step "$@" 3<&-; then
            if [ -s "$desk/tell" ]; then notes <"$desk/tell" && rm -f "$desk/tell"; fi # for the person who deploys
            event 'done' ''
        else
            if [ -s "$desk/out" ]; then tail -n 20 "$desk/out" | notes; else event note "$(silent)"; fi
            event fail ''
            bad=1
            [ "$list" = rollback ] || break
        fi
    done 3<"$list"
    return $bad
}

diagnostics() { # PHASES: what these services say about themselves; asked before the rollback, which would change it
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
            tail -n 12 "$desk/out" | notes
        fi
    done 3<diagnostics
}

lock() { exec 9>>"$state/lock" && flock -w 5 9 && desk && { echo $$ >holder || :; }; }

finish() { # WORD: deletes staged files, also those that a power cut left of other runs; then writes the log's last line
    spend
    [ -s verdict ] || echo "$1" >verdict # a kill from here on does not change how the run ended
    grep -h "^stage$tab" ../*/forward 2>/dev/null | while IFS=$tab read -r _ _ path _ _ wanted; do
        staged "$path" "$wanted"
        rm -f "$beside"
    done
    if [ "$1" = applied ] && [ -r folders ]; then # folders that a removal leaves empty
        while IFS= read -r folder; do rmdir "$root$folder" 2>/dev/null || :; done <folders
    fi
    clear_desk
    list='' index=-1
    event end "$1"
    sync_all log .
}

going_down() { [ "$(systemctl is-system-running 2>/dev/null)" = stopping ]; } # whether the host shuts down or reboots

cut_off() { # in a shutdown nothing can be started or asked any more; the next boot loads the files that it finds
    event note 'cut off by a shutdown of the host'
    only=swap
    if [ -s begun ] && ! walk_list rollback; then
        finish needs-attention
        return
    fi
    # shellcheck disable=SC3044  # a function of this file
    grep -l "^[a-z]* ${PWD##*/} " "$state"/intents/* 2>/dev/null |
        while IFS= read -r intent; do complete "${intent##*/}"; done
    if [ -s swapped ]; then finish rolled-back; else finish shutdown; fi
}

roll_back() { # WORD: how the run ends if none of its phases had begun
    spend
    if going_down; then
        cut_off
    elif [ ! -s begun ]; then
        finish "$1"
    elif walk_list rollback; then
        finish rolled-back
    else
        diagnostics "$(tr '\n' ' ' <begun)"
        finish needs-attention
    fi
}

prune() { # deletes runs beyond the count and KiB in `keep`, oldest first; none newer than this: a client may unpack it
    this=${PWD##*/}
    read -r count size 2>/dev/null <keep && cd .. || return 0
    spare=" $this $(spared | tr '\n' ' ')"
    rm -rf .gone
    du -sk [0-9]* 2>/dev/null | sort -k 2,2nr | while read -r used run; do
        case $run in *[!0-9]*) continue ;; esac
        [ "$run" -le "$this" ] || continue
        count=$((count - 1)) size=$((size - used))
        case $spare in *" $run "*) continue ;; esac
        # moved first, so that a kill leaves no half of a run
        if [ "$count" -lt 0 ] || [ "$size" -lt 0 ]; then mv "$run" .gone && rm -rf .gone; fi
    done
}

spared() { # prints runs to keep: the last applied one, the last one for each file, and those with an unfinished intent
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
    lock || { event end locked && return; }
    if ! reserve; then
        event note "no space left in $state"
        roll_back failed
        return
    fi
    sync_all forward rollback meta reserve . .. # after a power cut, they still say which contents are of runnerops
    if walk_list forward; then
        finish applied
    else
        going_down || diagnostics "$phase"
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

follow() { # DIR BYTE: the shell reads the log itself: a program ten times a second would cost more than the run
    skip=$2 quiet=0 opened='' part='' over=''
    while :; do
        alive=active # asked before the log is read, and seldom, because that costs more than all the rest
        case $quiet in *[05]) alive=$(systemctl show -p ActiveState --value "runnerops-${1##*/}" 2>/dev/null) ;; esac
        if [ -z "$opened" ] && [ -r log ]; then exec 4<log && opened=1; fi
        [ -z "$opened" ] || unread <&4 || return 1
        [ -z "$over" ] || return 0
        case $alive in active | activating | deactivating | reloading) ;; *) return 76 ;; esac
        quiet=$((quiet + 1)) # a drain may last hours
        if [ $quiet -gt 30 ]; then sleep 1; else sleep 0.1 2>/dev/null || sleep 1; fi
    done
}

unread() { # prints whole lines of standard input, after its first $skip bytes; half a line waits for its rest
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
