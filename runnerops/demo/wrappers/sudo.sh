#!/bin/sh
# sudo of the demo's host, on which everybody is root.
[ "$1" != -n ] || shift
exec "$@"
