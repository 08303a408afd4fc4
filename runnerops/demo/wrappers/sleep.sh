#!/bin/sh
# sleep of the demo's host. It waits for a tenth of a second only, because simulated programs take no time.
case $1 in 1) set -- 0.1 ;; esac
exec "$(PATH=${PATH#*:} && command -v sleep)" "$@"
