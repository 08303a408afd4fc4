#!/bin/sh
# Whether the runner has written config.toml since a swap. Both contents are compared as sorted lines `KEY = VALUE`,
# without those that match PATTERN (the runner's own keys, and the defaults that it adds). LINES is a file of such
# lines.
#   --kept PATH SHA LINES PATTERN
#       is called after the swap: it fails unless the file has the content that was swapped in, or the same as the
#       runner writes it.
#   --taken-back PATH SHA LINES PATTERN
#       is called before the swap of a rollback: if the file has the old configuration as the runner writes it, with its
#       token, there is nothing to swap.

what=$1 path=$2 sha=$3 lines=$4 pattern=$5

counts() { grep -vxE -e "$pattern" | sort; }

lines() { # FILE: each key with its value in one line, also a list that has several
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
  echo "the runner has written its own keys into $path meanwhile; they are kept"
else
  echo "$path was overwritten meanwhile, and no longer has the content that was swapped in"
  exit 1
fi
