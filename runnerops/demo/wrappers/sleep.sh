#!/bin/sh
# sleep of the demo's host: replaces a second by a tenth, because simulated programs are fast.
case $1 in 1) set -- 0.1 ;; esac
exec "$(PATH=${PATH#*:} && command -v sleep)" "$@"
