#!/bin/sh
# NAME PATH [FILE MODE OWNER]: keeps the original of PATH for good as originals/NAME, unless there is one already. The
# original is FILE of the run's folder, with MODE and OWNER. Without FILE nothing was at PATH; then this is recorded,
# with the topmost folder that did not exist either. If the script is killed or the power goes, the whole original is
# kept or nothing: it is on the disk before the run replaces the file.

to_disk() { sync "$@" 2>/dev/null || sync; }

mkdir -p ../../originals && cd ../../originals || exit 1
if [ -e "$1" ] || [ -e "$1.absent" ]; then exit 0; fi
if [ $# -gt 2 ]; then
  echo "$4 $5" >"$1.mode" && cp "$OLDPWD/$3" .new && to_disk "$1.mode" .new && mv .new "$1" && to_disk . ..
  exit
fi
folder=${2%/*} top=''
while [ "$folder" ] && [ ! -d "${RUNNEROPS_ROOT-}$folder" ]; do
  top=$folder folder=${folder%/*}
done
echo "$top" >.new && to_disk .new && mv .new "$1.absent" && to_disk . ..
