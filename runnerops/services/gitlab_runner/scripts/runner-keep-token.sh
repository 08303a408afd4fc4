#!/bin/sh
# DIGEST: keeps rotate.toml, in the run's folder, as what GitLab gave in place of the token whose sha256 is DIGEST.

kept=${RUNNEROPS_ROOT-}/var/lib/runnerops/rotated/$1
umask 077
mkdir -p "$kept" && cp rotate.toml "$kept/.new" || exit
sync "$kept/.new" 2>/dev/null || sync
mv -f "$kept/.new" "$kept/config.toml" || exit
sync "$kept" "${kept%/*}" 2>/dev/null || sync
