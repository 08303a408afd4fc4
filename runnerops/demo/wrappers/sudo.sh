#!/bin/sh
# sudo of the demo's host, where every command runs as root: only removes `-n`.
[ "$1" != -n ] || shift
exec "$@"
