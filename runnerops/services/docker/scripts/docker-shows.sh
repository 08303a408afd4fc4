#!/bin/sh
# FORM VALUE: prints the output of `docker info` in this form. If the client is older than its daemon and has no such
# field, it prints VALUE: nobody can see the value then, and the daemon has accepted it.

if said=$(docker info --format "$1" 2>/dev/null); then
  printf '%s\n' "$said"
else
  said=$(docker info --format "$1" 2>&1 >/dev/null)
  case $said in
  *"can't evaluate field"*) printf '%s\n' "$2" ;;
  *) printf '%s\n' "$said" >&2 && exit 1 ;;
  esac
fi
