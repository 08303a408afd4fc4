#!/bin/sh
# Writes requirements-dev.lock: every dependency of the program, of its tests and of its build, with the checksums of all
# their files, for each Python that is supported. What is locked already keeps its version where pyproject.toml allows it.
# With --upgrade everything is the newest that it allows; with --upgrade-package NAME that one, and what it needs.
# Resolved by uv, which is fetched into a scratch environment. `make venv` and CI install exactly what the lock names;
# what users install is bounded by pyproject.toml alone.

set -eu
cd "$(dirname "$0")/.."
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
"${PYTHON:-python3}" -m venv "$scratch"
"$scratch/bin/python" -m pip install -q uv
"$scratch/bin/uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate \
  --custom-compile-command tools/lock.sh --group dev --output-file requirements-dev.lock "$@" pyproject.toml
