#!/bin/sh
# FILE: asks gitlab-runner whether it would load this file. Its `lint` (19.3) also fails for problems that a load
# ignores: those of its schema, and unknown keys (commands/lint.go). So if `lint` fails, `list` is called, which loads
# the file like the runner does, and the errors of `lint` become a note. `list` always ends with 0. Its output has
# tokens, so it is not shown. It writes a .runner_system_id, so it gets a copy of the file.

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
  echo 'gitlab-runner loads this config.toml, but its lint finds errors in it:'
  why
} | head -n 8 >tell
