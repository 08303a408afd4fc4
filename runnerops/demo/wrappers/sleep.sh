#!/bin/sh
# sleep of the demo's host: what is simulated is as it will be at once, so nobody need wait long for it.
case $1 in 1) set -- 0.1 ;; esac
exec "$(PATH=${PATH#*:} && command -v sleep)" "$@"
