#!/bin/sh
# Whether the runner has written config.toml since a swap. Both contents are compared as sorted lines `KEY = VALUE`, without
# those that match PATTERN (the runner's own keys, and the defaults that it adds); LINES is a file of such lines.
#   --kept PATH SHA LINES PATTERN
#       after the swap: fails unless the file is what was put there, or the runner's own writing of it.
#   --taken-back PATH SHA LINES PATTERN
#       before the swap of a rollback: where the old configuration is back in the runner's writing, with its token, there is
#       nothing to swap.

what=$1 path=$2 sha=$3 lines=$4 pattern=$5

counts() { grep -vxE -e "$pattern" | sort; }

lines() { # FILE: a list of several lines in one
  sed -e :a -e '/ = \[[^]]*$/{' -e N -e ba -e '}' \
    -e 's/\n[[:space:]]*/ /g' -e 's/ = \[ / = [/' -e 's/,\{0,1\} \]$/]/' -e 's/^[[:space:]]*//' -e '/^$/d' \
    -e '/^[#[]/d' "$1"
}

file=${RUNNEROPS_ROOT-}$path
sum=$(sha256sum <"$file") || exit
[ "${sum%% *}" != "$sha" ] || exit 0
there=$(lines "$file" | counts)
known=$(counts <"$lines")

if [ "$what" = --taken-back ]; then
  [ "$there" = "$known" ] && [ -s swapped ] || exit 0
  grep -vxF -e "$path" swapped >left
  [ $? -lt 2 ] && mv left swapped
elif [ "$there" = "$known" ]; then
  echo "$path: the runner wrote its own keys meanwhile; they stay"
else
  echo "$path was written meanwhile, and what was put there is gone"
  exit 1
fi
