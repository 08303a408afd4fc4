#!/bin/sh
# Runs tests in as many processes as there are cores, each with a share of them: `split.sh PYTEST…`. The output of the
# last process is printed as it comes, and then that of the others. The exit status is that of a process that failed.
# This is for many small tests, because pytest-xdist takes as long to distribute one as it takes to run.
set -u
cores=$(nproc 2>/dev/null || echo 2)
scratch=$(mktemp -d) || exit
trap 'rm -rf "$scratch"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# NUMBER PYTEST…: runs this share of the tests. Without known durations, `least_duration` distributes tests in turn, so
# that each share has some of every file.
share() {
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
