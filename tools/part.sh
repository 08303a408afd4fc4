#!/bin/sh
# Runs one of several commands that run at the same time: `part.sh NAME COMMAND…`. Each line of its output is printed as
# it comes, with NAME before it. Two more lines say that it begins and ends; the last one has the time that passed, and
# the processor time of the command and of all processes that it waited for. The exit status is that of the command.
set -u
name=$1
shift
whole() { # TIME: prints a time such as 1m23.45s, as `times` writes it, in whole seconds
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
times >"$spent" # not into a pipe: `times` of a subshell does not count these processes
{ read -r _ && read -r user system; } <"$spent"
echo "$name: $end after $(($(date +%s) - began)) s ($(($(whole "$user") + $(whole "$system"))) s of processor)"
exit "$code"
