#!/bin/sh
# Checks whether gitlab-runner itself has written config.toml since a swap. The file is compared with LINES, a file of
# lines `KEY = VALUE`. The order does not count, and neither do lines that match PATTERN: keys that the runner writes,
# and defaults that it adds.
#   --kept PATH SHA LINES PATTERN
#       is called after the swap: it fails unless PATH has the content that was swapped in, or the same as the runner
#       writes it.
#   --taken-back PATH SHA LINES PATTERN
#       is called before the swap of a rollback: if PATH has the old configuration as the runner writes it, with its
#       token, it removes PATH from the list of swapped paths, so that the rollback leaves it alone.

what=$1 path=$2 sha=$3 lines=$4 pattern=$5

compared() { grep -vxE -e "$pattern" | sort; }

key_lines() { # FILE: prints each key with its value in one line; a list may have several in the file
  sed -e :a -e '/ = \[[^]]*$/{' -e N -e ba -e '}' \
    -e 's/\n[[:space:]]*/ /g' -e 's/ = \[ / = [/' -e 's/,\{0,1\} \]$/]/' -e 's/^[[:space:]]*//' -e '/^$/d' \
    -e '/^[#[]/d' "$1"
}

file=${RUNNEROPS_ROOT-}$path
sum=$(sha256sum <"$file") || exit
[ "${sum%% *}" != "$sha" ] || exit 0
observed=$(key_lines "$file" | compared)
expected=$(compared <"$lines")

if [ "$what" = --taken-back ]; then
  [ "$observed" = "$expected" ] && [ -s swapped ] || exit 0
  grep -vxF -e "$path" swapped >still-swapped
  [ $? -lt 2 ] && mv still-swapped swapped
elif [ "$observed" = "$expected" ]; then
  echo "the runner has written its own keys into $path meanwhile; they are kept"
else
  echo "$path was overwritten meanwhile, and no longer has the content that was swapped in"
  exit 1
fi
