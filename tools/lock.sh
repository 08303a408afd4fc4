#!/bin/sh
# Writes requirements-dev.lock: all dependencies of the program, of its tests and of its build, with the checksums of
# their files, for each supported Python. A version in the lock stays if pyproject.toml allows it. With --upgrade every
# dependency gets the newest version that pyproject.toml allows; with --upgrade-package NAME only that one and its
# dependencies do. uv resolves the versions; it is installed into a temporary environment. `make venv` and CI install
# exactly what is in the lock, but for users only the bounds in pyproject.toml apply.

set -eu
cd "$(dirname "$0")/.."
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
"${PYTHON:-python3}" -m venv "$scratch"
"$scratch/bin/python" -m pip install -q uv
"$scratch/bin/uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate \
  --custom-compile-command tools/lock.sh --group dev --output-file requirements-dev.lock "$@" pyproject.toml
