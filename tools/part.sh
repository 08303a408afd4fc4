#!/bin/sh
# Runs one of several parts that work side by side: `part.sh NAME COMMAND…`. What it writes comes line by line, with its
# name before each line; where it begins and ends it has a line of its own. The last one has the time that passed, and the
# processor's time of the command and of all whose end it waited for. Ends as the command does.
set -u
name=$1
shift
whole() { # 1m23.45s, as `times` writes it, in whole seconds
  of_minute=${1#*m}
  echo $((${1%%m*} * 60 + ${of_minute%%[!0-9]*}))
}
began=$(date +%s)
spent=$(mktemp)
trap 'rm -f "$spent"' EXIT
echo "$name: begins"
{ code=$({ { "$@" 2>&1 8>&-; echo "$?" >&8; } | while IFS= read -r line || [ -n "$line" ]; do
    printf '%s | %s\n' "$name" "$line"
done >&9; } 8>&1); } 9>&1
[ "$code" -eq 0 ] && end=passed || end="FAILED ($code)"
times >"$spent" # not in a pipe: another shell has other children
{ read -r _ && read -r user system; } <"$spent"
echo "$name: $end after $(($(date +%s) - began)) s ($(($(whole "$user") + $(whole "$system"))) s of processor)"
exit "$code"
