#!/bin/sh
# sudo of the demo's host: everybody is root there.
[ "$1" != -n ] || shift
exec "$@"
