"""What the steps of a gitlab-runner part run as `sh -c SCRIPT sh UNIT …`. Pure: texts, which the host runs.

Their working directory is the run's own. Each begins with what it is for: a plan shows a script's first words.
"""

_DESK = 'cd "${RUNNEROPS_DESK:-.}" || exit; '
"""What these scripts note lies in memory: they must answer on a full disk too."""

_LOADS = (
    'loads() { { curl -gfsS --noproxy "*" -m 2 "$1" || wget -q -T 2 -O - "$1"; } 2>/dev/null | '
    'sed -n "s/^gitlab_runner_configuration_loaded_total //p"; }; '
)

CURSOR = (
    ": mark the log; "
    + _DESK
    + _LOADS
    + (
        "rm -f polled waits; "
        'journalctl -q -u "$1" -n 1 --show-cursor -o cat | sed -n "s/^-- cursor: //p" >cursor; [ -s cursor ] || '
        'journalctl -q -n 1 --show-cursor -o cat | sed -n "s/^-- cursor: //p" >cursor; '
        'if [ "$2" = - ]; then : >loads; else loads "$2" >loads; fi'
    )
)
"""Where the journal is now, and how often the metrics page at URL (or `-`) has seen the config loaded."""

_IS_LOADED = _LOADS + (
    'heard() { case $1 in *"no file") grep -v "no such file or directory";; *) cat;; esac; }; '
    'systemctl is-active -q "$1" || { echo "not active"; exit; }; '
    'pid=$(systemctl show -p MainPID --value "$1"); '
    '[ "$2" = any ] || [ "$2" = "$pid" ] || { echo "another process"; exit; }; '
    "last=; [ ! -s cursor ] || "
    'last=$(journalctl -q -u "$1" --after-cursor="$(cat cursor)" -o cat | '
    'grep -e "Failed to load config" -e "Configuration loaded" | heard "$3" | tail -n 1); '
    'now=; [ "$4" = - ] || now=$(loads "$4"); '
    'case $last in *Failed*) echo "refused its config"; exit;; *loaded*) seen=loaded;; '
    '*) if [ -n "$now" ] && [ "$now" != "$(cat loads)" ]; then seen=loaded; '
    'elif [ -n "$now" ]; then echo "not loaded yet"; exit; '
    'elif [ "${3%,*}" = quiet ] || [ ! -s cursor ]; then seen="loaded, not observable at this log level"; '
    'else echo "not loaded yet"; exit; fi;; esac; '
    'if [ "$(cat polled 2>/dev/null)" = "$pid" ]; then '
    '[ "$seen" = loaded ] || echo "$1: $seen" >tell; echo loaded; '
    'else echo "$pid" >polled; echo "$seen; looking once more"; sleep 1; fi'
)

LOADED = ": is its config loaded; " + _DESK + _IS_LOADED
"""UNIT PID|any info|quiet URL|-: says `loaded` once the running process has the new file, at two polls in a row.

The log tells, else the metrics page; where neither can (`quiet`: a log level that hides it), twice no complaint must do.
With `, no file` after the level there is none to load, and that the runner says so every 3 s is no complaint.
The two polls are a second apart, so that a process that dies of its config is seen dead.
"""

RETURNED = (
    ": is it back, or will be; " + _DESK + 'if systemctl is-active -q "runnerops-return-$1"; then '
    'if [ -e waits ]; then echo "$1 starts by itself after its last job" >tell; echo loaded; '
    'else : >waits; echo "not back yet"; sleep 1; fi; exit; fi; ' + _IS_LOADED
)
"""As LOADED; it is met, too, by a return that waits for a last job: it comes by itself."""

WOULD_LOAD = (
    ": would it load this file; " + 'lint=$(gitlab-runner lint --config "$1" 2>&1) && exit; '
    'desk=${RUNNEROPS_DESK:-$PWD}/judged; rm -rf "$desk"; (umask 077; mkdir "$desk" && cp "$1" "$desk/config.toml") || exit; '
    'loads=$(gitlab-runner list --config "$desk/config.toml" 2>&1); rm -rf "$desk"; '
    'why() { printf "%s\\n" "$lint" | tr "\\033" " " | sed "s/ \\[[0-9;]*m//g" | grep -v -e "Runtime platform" -e "^ *\\$"; }; '
    'case $loads in *"Listing configured runners"*) ;; *) why; exit 1;; esac; '
    'cd "${RUNNEROPS_DESK:-.}" && { echo "gitlab-runner loads this config.toml, though its lint complains:"; why; } '
    "| head -n 8 >tell"
)
"""FILE. Whether the runner would load it: where `lint` complains, its loading code is asked by `list`.

`lint` (19.3) also fails for what a load passes over: its schema, and keys that it does not know (`commands/lint.go`); that
is told. `list` ends with 0 in any case; it shows tokens, which go nowhere, and makes a `.runner_system_id`, so it reads a
copy.
"""

RESET = ': forget failed starts; systemctl reset-failed "$1" 2>/dev/null || :'

TELL = (
    ": tell it to end; "
    + _DESK
    + 'pid=$(systemctl show -p MainPID --value "$1"); '
    + '{ systemctl kill -s "$2" --kill-who="$3" "$1" && echo "$pid" >told; }'
)
"""UNIT SIGNAL main|all. Which process was told is noted: one that was started since must be told as well (`drain.sh`)."""

TELL_IF_THERE = TELL + " 2>/dev/null || :"
"""For a process that may be gone already."""

STAY = ': no return of an earlier run; systemctl stop "runnerops-return-$1" 2>/dev/null || :'
"""Ends the return that an earlier run left behind, or the runner would be started while it must be at rest."""

LOAD_OR_START = (
    ": load, or start; "
    'systemctl kill -s HUP --kill-who=main "$1" || { systemctl reset-failed "$1"; systemctl start "$1"; }'
)
"""The way back of a load: a process that died of the new file is started."""

RETURN = (
    ": once it has ended; told=0; "
    'while pid=$(systemctl show -p MainPID --value "$1"); [ "${pid:-0}" != 0 ]; do '
    'if [ "$pid" = "$told" ]; then sleep 1; continue; fi; '
    'if [ "$2" = start ] && [ "$told" != 0 ]; then exit; fi; '
    'systemctl kill -s QUIT --kill-who=main "$1" 2>/dev/null && told=$pid; sleep 0.2 2>/dev/null || sleep 1; done; '
    'systemctl stop "$1"; [ "$2" = stop ] || { systemctl reset-failed "$1"; systemctl start "$1"; }'
)
"""UNIT start|stop: a SIGQUIT cannot be taken back, so the unit is started, or stays stopped, after its last job.

Another SIGQUIT changes nothing for a process that has one; without any, one that lives would be waited for in vain.
One that its unit has started again by itself is what `start` asks for, and is told to end as well for `stop`.
"""

RETURN_LATER = (
    ': come back later; systemctl stop "runnerops-return-$1" 2>/dev/null; '
    'later() { systemd-run --collect --quiet --unit="runnerops-return-$1" sh -c "$2" sh "$1" "$3"; }; '
    'later "$@" || { sleep 1; later "$@"; }'
)
"""UNIT RETURN start|stop. Waits for nothing itself: the run ends at once, the runner is back when it can be."""
