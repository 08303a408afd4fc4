#!/bin/sh
# sync of the demo's host: syncs nothing, because the demo has no power cuts, but fails for missing files.
for path; do
  [ -e "$path" ] || { echo "sync: error opening '$path': No such file or directory" >&2 && exit 1; }
done
