#!/bin/sh
# Runs one of several parts that work side by side: `part.sh NAME COMMAND…`. What it writes comes line by line, with its
# name before each line; where it begins and ends it has a line of its own. Ends as the command does.
set -u
name=$1
shift
began=$(date +%s)
echo "$name: begins"
{ code=$({ { "$@" 2>&1 8>&-; echo "$?" >&8; } | while IFS= read -r line || [ -n "$line" ]; do
    printf '%s | %s\n' "$name" "$line"
done >&9; } 8>&1); } 9>&1
[ "$code" -eq 0 ] && end=passed || end="FAILED ($code)"
echo "$name: $end after $(($(date +%s) - began)) s"
exit "$code"
