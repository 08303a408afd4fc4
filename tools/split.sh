#!/bin/sh
# Runs tests in as many plain processes as there are cores, each its share: `split.sh PYTEST…`. The last one's output is
# seen as it comes, the others' behind it. Ends with the status of one that failed.
# For many small tests: pytest-xdist spends as much on telling one process of them as they take.
set -u
cores=$(nproc 2>/dev/null || echo 2)
scratch=$(mktemp -d) || exit
trap 'rm -rf "$scratch"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

share() { # NUMBER PYTEST…: least_duration deals tests out in turn, so that each share has some of every file; no test asks for logs
  number=$1
  shift
  "$@" -p no:cacheprovider -p no:logging --splits "$cores" --group "$number" --splitting-algorithm least_duration
}

number=1
pids=''
while [ "$number" -lt "$cores" ]; do
  share "$number" "$@" >"$scratch/$number" 2>&1 &
  pids="$pids $!"
  number=$((number + 1))
done
share "$cores" "$@"
code=$?
number=1
for pid in $pids; do
  wait "$pid" || code=$?
  cat "$scratch/$number"
  number=$((number + 1))
done
exit "$code"
