#!/bin/sh
# NAME PATH [FILE MODE OWNER]: keeps the first original of a path for good: FILE, its content in the run's folder, where this
# runs, with its mode and owner; or that there was none, and the topmost folder that was not there either. The original is kept
# whole or not at all.

mkdir -p ../../originals && cd ../../originals || exit 1
if [ -e "$1" ] || [ -e "$1.absent" ]; then exit 0; fi
if [ $# -gt 2 ]; then
  echo "$4 $5" >"$1.mode" && cp "$OLDPWD/$3" .new && mv .new "$1"
  exit
fi
folder=${2%/*} top=''
while [ "$folder" ] && [ ! -d "${RUNNEROPS_ROOT-}$folder" ]; do
  top=$folder folder=${folder%/*}
done
echo "$top" >.new && mv .new "$1.absent"
