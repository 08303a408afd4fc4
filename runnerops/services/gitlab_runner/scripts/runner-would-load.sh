#!/bin/sh
# FILE: fails if gitlab-runner would not load this file. `gitlab-runner lint` (19.3) also fails for errors that a load
# ignores: those of its schema, and unknown keys (commands/lint.go). So if `lint` fails, `gitlab-runner list` is called,
# which loads the file as the runner does; if that works, the errors of `lint` become a note. `list` always ends with 0.
# Its output has tokens, so it is not printed. It gets a copy of the file, because it writes a .runner_system_id beside
# it.

lint=$(gitlab-runner lint --config "$1" 2>&1) && exit
copy=${RUNNEROPS_SCRATCH:-$PWD}/loaded
rm -rf "$copy"
(umask 077 && mkdir "$copy" && cp "$1" "$copy/config.toml") || exit
loads=$(gitlab-runner list --config "$copy/config.toml" 2>&1)
rm -rf "$copy"

lint_errors() {
  printf '%s\n' "$lint" | tr '\033' ' ' | sed 's/ \[[0-9;]*m//g' | grep -v -e 'Runtime platform' -e '^ *$'
}

case $loads in
*'Listing configured runners'*) ;;
*)
  lint_errors
  exit 1
  ;;
esac
cd "${RUNNEROPS_SCRATCH:-.}" && {
  echo 'gitlab-runner loads this config.toml, but its lint finds errors in it:'
  lint_errors
} | head -n 8 >notes
