#!/bin/sh
# NAME [FILE]: keeps the first original of a path for good, or that there was none. FILE is its content in the run's folder,
# where this runs. The original is kept whole or not at all.

mkdir -p ../../originals && cd ../../originals || exit 1
if [ -e "$1" ] || [ -e "$1.absent" ]; then exit 0; fi
if [ $# = 2 ]; then
  cp "$OLDPWD/$2" .new && mv .new "$1"
else
  : >"$1.absent"
fi
