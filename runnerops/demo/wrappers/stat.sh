#!/bin/sh
# stat of the demo's host, whose files belong to root, whoever runs the demo.
for word; do
  shift
  case $word in *%U:%G*) word=${word%%\%U:%G*}root:root${word#*%U:%G} ;; esac
  set -- "$@" "$word"
done
exec "$(PATH=${PATH#*:} && command -v stat)" "$@"
