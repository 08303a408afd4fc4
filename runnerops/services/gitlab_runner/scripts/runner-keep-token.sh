#!/bin/sh
# DIGEST: copies rotate.toml of the run's folder to /var/lib/runnerops/rotated/DIGEST/config.toml. It has the new token
# that GitLab created in place of the one whose SHA-256 is DIGEST, and must survive a power cut.

kept=${RUNNEROPS_ROOT-}/var/lib/runnerops/rotated/$1
umask 077
mkdir -p "$kept" && cp rotate.toml "$kept/.new" || exit
sync "$kept/.new" 2>/dev/null || sync
mv -f "$kept/.new" "$kept/config.toml" || exit
sync "$kept" "${kept%/*}" 2>/dev/null || sync
