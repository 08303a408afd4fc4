"""What the steps of a gitlab-runner part run as `sh -c SCRIPT sh UNIT …`. Pure: texts, which the host runs."""

CURSOR = (
    'journalctl -q -u "$1" -n 1 --show-cursor -o cat | sed -n "s/^-- cursor: //p" >cursor; [ -s cursor ] || '
    'journalctl -q -n 1 --show-cursor -o cat | sed -n "s/^-- cursor: //p" >cursor'
)
"""Where the journal is now; the working directory is the run's own."""

LOADED = (
    'systemctl is-active -q "$1" || { echo "not active"; exit; }; '
    'pid=$(systemctl show -p MainPID --value "$1"); '
    '[ "$2" = any ] || [ "$2" = "$pid" ] || { echo "another process"; exit; }; '
    'said=$(journalctl -q -u "$1" --after-cursor="$(cat cursor)" -o cat); '
    'case $said in *"Failed to load config"*) echo "refused its config"; exit;; esac; '
    'case $3 in quiet) [ -e polled ] && echo loaded || { : >polled; echo "polled once"; };; '
    '*) case $said in *"onfiguration loaded"*) echo loaded;; *) echo "not loaded yet";; esac;; esac'
)
"""Says `loaded` once the running process has the new file. `quiet`, where its log level hides that: twice no complaint."""

DRAIN = 'pid=$(systemctl show -p MainPID --value "$1"); if [ "${pid:-0}" = 0 ]; then echo gone; else echo "its last job"; fi'
"""Whether the process has ended; it ends with its last job, and at once where there is none."""

RESET = 'systemctl reset-failed "$1" 2>/dev/null || :'

REST = 'systemctl kill -s QUIT --kill-who=main "$1" 2>/dev/null || :'
"""For a process that may be gone already."""

LOAD_OR_START = 'systemctl kill -s HUP --kill-who=main "$1" || { systemctl reset-failed "$1"; systemctl start "$1"; }'
"""The way back of a load: a process that died of the new file is started."""

RETURN = (
    'systemctl kill -s QUIT --kill-who=main "$1" 2>/dev/null; '
    'while pid=$(systemctl show -p MainPID --value "$1"); [ "${pid:-0}" != 0 ]; do sleep 1; done; '
    'systemctl stop "$1"; systemctl reset-failed "$1"; systemctl start "$1"'
)
"""Back from rest: a SIGQUIT cannot be taken back, so the unit is started once its last job has ended.

Another SIGQUIT changes nothing for a process that has one; without any, one that lives would be waited for in vain.
"""

RETURN_LATER = (
    'systemctl is-active -q "runnerops-return-$1" || '
    'systemd-run --collect --quiet --unit="runnerops-return-$1" sh -c "$2" sh "$1"'
)
"""Waits for nothing itself: the run ends at once, the runner is back when it can be."""
