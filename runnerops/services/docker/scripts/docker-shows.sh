#!/bin/sh
# FORMAT VALUE: prints the output of `docker info` in FORMAT. If the client is older than its daemon and does not know a
# field of it, prints VALUE instead: it cannot be read then, and the daemon has accepted it.

if output=$(docker info --format "$1" 2>/dev/null); then
  printf '%s\n' "$output"
else
  errors=$(docker info --format "$1" 2>&1 >/dev/null)
  case $errors in
  *"can't evaluate field"*) printf '%s\n' "$2" ;;
  *) printf '%s\n' "$errors" >&2 && exit 1 ;;
  esac
fi
