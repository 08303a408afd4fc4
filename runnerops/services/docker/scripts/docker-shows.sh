#!/bin/sh
# FORM VALUE: prints what `docker info` says in this form; VALUE where the client is older than its daemon and has no such field,
# for then nobody can see it, and that the daemon took it must do.

if said=$(docker info --format "$1" 2>/dev/null); then
  printf '%s\n' "$said"
else
  said=$(docker info --format "$1" 2>&1 >/dev/null)
  case $said in
  *"can't evaluate field"*) printf '%s\n' "$2" ;;
  *) printf '%s\n' "$said" >&2 && exit 1 ;;
  esac
fi
