#!/bin/sh
# The README's two commands where there is nothing but Python, make and git; /project holds the tree, read-only.
# `$@` narrows the tests to those that may want a program of the machine: the others would only be run once more.
set -eu
cp -r /project /root/project
cd /root/project
git init -q .
git add -A
make -s demo
make -s lint
.venv/bin/pytest -q -n 2 "$@"
.venv/bin/pytest -q --collect-only tests | tail -1
.venv/bin/pytest -q tests/lab/test_lab.py
