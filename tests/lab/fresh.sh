#!/bin/sh
# Runs the two commands of the README on a machine that has only Python, make and git. /project is the source tree,
# read-only. The arguments are the tests to run: those that may need a program of the machine.
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
