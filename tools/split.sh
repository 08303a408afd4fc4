#!/bin/sh
# Runs the tests of a folder in as many processes as there are cores, each with some of its files:
# `split.sh FOLDER PYTEST…`. The output of the last process is printed as it comes, and then that of the others. The
# exit status is that of a process that failed.
# This is for many small tests, because pytest-xdist takes as long to distribute one as it takes to run. A process reads
# only its own files, because to collect all tests takes a tenth of the time.
set -u
folder=$1
shift
cores=$(nproc 2>/dev/null || echo 2)
scratch=$(mktemp -d) || exit
trap 'rm -rf "$scratch"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# NUMBER: the files of this share. Each file, the one that takes longest first, goes to the share that has least to do.
# A file takes as long as it is large, and a property, which is tried with many examples, as long as PROPERTY bytes.
PROPERTY=12000
files() {
  find "$folder" -name 'test_*.py' -exec awk -v property="$PROPERTY" '
    { cost[FILENAME] += length + 1 }
    /^@given/ { cost[FILENAME] += property }
    END { for (file in cost) print cost[file], file }' {} + |
    sort -k 1,1nr -k 2 | awk -v cores="$cores" -v number="$1" '{
      least = 1
      for (share = 2; share <= cores; share++) if (taken[share] < taken[least]) least = share
      taken[least] += $1
      if (least == number) print $2
    }'
}

# NUMBER PYTEST…
share() {
  own=$(files "$1")
  shift
  # shellcheck disable=SC2086  # one word for each file
  [ -z "$own" ] || "$@" -p no:cacheprovider -p no:logging $own
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
