#!/bin/sh
# sha256sum of the demo's host, which shows the host's own paths.
said=$("$(PATH=${PATH#*:} && command -v sha256sum)" "$@")
status=$?
[ -z "$said" ] || printf '%s\n' "$said" | sed "s|  $RUNNEROPS_ROOT/|  /|"
exit $status
