#!/bin/sh
# FILE: whether gitlab-runner would load it, by its own verdict. Its `lint` (19.3) also fails for what a load passes over: its
# schema, and keys that it does not know (commands/lint.go). So where `lint` complains, the code that loads is asked, by
# `list`, and the complaint is only told. `list` ends with 0 in any case; it shows tokens, which go nowhere, and makes a
# .runner_system_id, so it reads a copy.

lint=$(gitlab-runner lint --config "$1" 2>&1) && exit
desk=${RUNNEROPS_DESK:-$PWD}/judged
rm -rf "$desk"
(umask 077 && mkdir "$desk" && cp "$1" "$desk/config.toml") || exit
loads=$(gitlab-runner list --config "$desk/config.toml" 2>&1)
rm -rf "$desk"

why() {
  printf '%s\n' "$lint" | tr '\033' ' ' | sed 's/ \[[0-9;]*m//g' | grep -v -e 'Runtime platform' -e '^ *$'
}

case $loads in
*'Listing configured runners'*) ;;
*)
  why
  exit 1
  ;;
esac
cd "${RUNNEROPS_DESK:-.}" && {
  echo 'gitlab-runner loads this config.toml, though its lint complains:'
  why
} | head -n 8 >tell
