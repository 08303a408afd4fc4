# Everything a contributor types. `make test` is the whole of it; nothing is installed outside .venv,
# unless RUNNEROPS_LAB=require says that the machine may be given what the lab needs.

PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.ready

# how many examples each property is tried with: few while working, many in `make test` (tests/conftest.py has the numbers)
EXAMPLES ?= few

# compiled once, not by each of the processes that tests start
unexport PYTHONDONTWRITEBYTECODE

.PHONY: docs help demo lock upgrade matrix oldest venv equip lint types unit integration hosts faults lab test bench clean

help:
	@echo "make demo         see it work, on a simulated host in a scratch directory"
	@echo "make test         lint, types, unit, integration and lab tests"
	@echo "make unit         the unit tests alone (some 20 s on two cores)"
	@echo "make integration  the tests against real shells and a real sshd on loopback"
	@echo "make lab          the tests on real hosts (root on Debian; see docs/architecture.md): make hosts, make faults"
	@echo "make matrix       the unit tests under Python 3.11, 3.12 and 3.13, those that are here"
	@echo "make oldest       the unit tests with the oldest dependencies that are allowed"
	@echo "make lint types   ruff, shellcheck; mypy --strict"
	@echo "make docs         write the pages and the schema that are made from tables"
	@echo "make lock         write the lock of what make venv installs; what is locked keeps its version"
	@echo "make upgrade      the lock with the newest versions of all"
	@echo "make bench        timings as ratios: against ssh, of many hosts, of check"
	@echo "make clean        remove .venv and caches"

venv: $(STAMP)

$(STAMP): pyproject.toml requirements-dev.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "$(PYTHON) is older than 3.11: name another with make PYTHON=python3.x" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  if [ "$$RUNNEROPS_LAB" = require ] && [ "$$(id -u)" = 0 ]; then \
	    apt-get update -qq && apt-get install -y -qq --no-install-recommends python3-venv; \
	  else echo "python has no venv module: apt-get install python3-venv" >&2; exit 1; fi; }
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install -q --require-hashes -r requirements-dev.lock
	@$(BIN)/python -m pip install -q --no-deps --no-build-isolation --editable .
	@touch $@

demo: venv
	@$(BIN)/runnerops demo

lint: venv
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/shellcheck $$(git ls-files '*.sh')

types: venv
	$(BIN)/mypy

unit: venv
	@sh tools/split.sh tests/unit $(BIN)/pytest -q --hypothesis-profile $(EXAMPLES)

integration: venv
	$(BIN)/pytest -q -n auto tests/integration

# the matrix of faults tries all hosts of two labs at once itself; four labs more wait more than they work
hosts: venv
	$(BIN)/pytest -v -n 4 --dist loadfile --no-loadscope-reorder tests/lab --ignore tests/lab/faults/test_steps.py

faults: venv
	$(BIN)/pytest -q -s tests/lab/faults/test_steps.py

# up to three parts at once, each tried whatever becomes of the others; a line tells of which part it is
TOGETHER := --no-print-directory --keep-going --jobs=3

lab: equip
	@$(MAKE) $(TOGETHER) part-hosts part-faults

test: equip
	@$(MAKE) $(TOGETHER) EXAMPLES=many part-hosts part-faults part-lint part-types part-unit part-integration

# what computes only takes what the tests on hosts leave of the processor: those wait for each other, and end last
part-lint part-types part-unit part-integration: AFTER_OTHERS := nice -n 10

part-%:
	@$(AFTER_OTHERS) sh tools/part.sh $* $(MAKE) --no-print-directory $*

# with RUNNEROPS_LAB=require the machine may be given what tests need; then nothing is skipped
equip: venv
	@if [ "$$RUNNEROPS_LAB" = require ]; then $(BIN)/python -m tests.lab.install; fi

# the unit tests under each Python that is here
matrix:
	@for version in 3.11 3.12 3.13; do \
	  command -v python$$version >/dev/null 2>&1 && python$$version -c '' 2>/dev/null || { echo "no Python $$version here"; continue; }; \
	  [ -d .venv-$$version ] || python$$version -m venv .venv-$$version || exit 1; \
	  .venv-$$version/bin/python -m pip install -q --require-hashes -r requirements-dev.lock && \
	  .venv-$$version/bin/python -m pip install -q --no-deps --no-build-isolation --editable . || exit 1; \
	  echo "Python $$version" && sh tools/split.sh tests/unit .venv-$$version/bin/pytest -q || exit 1; \
	done

# the unit tests with the oldest releases that pyproject.toml allows; other libraries warn of each other then
oldest:
	@[ -d .venv-oldest ] || $(PYTHON) -m venv .venv-oldest
	@.venv-oldest/bin/python -m pip install -q uv
	@VIRTUAL_ENV=.venv-oldest .venv-oldest/bin/uv pip install -q --resolution lowest-direct --group dev --editable .
	@sh tools/split.sh tests/unit .venv-oldest/bin/pytest -q -W ignore::DeprecationWarning

docs: venv
	$(BIN)/python docs/generate.py

# with checksums, for every Python that is supported
lock:
	sh tools/lock.sh

upgrade:
	sh tools/lock.sh --upgrade

bench: venv
	$(BIN)/python bench/check.py
	$(BIN)/python bench/fleet.py
	$(BIN)/python bench/ratios.py
	$(BIN)/python bench/host.py

clean:
	rm -rf .venv .venv-3.* .venv-oldest .mypy_cache .ruff_cache .pytest_cache .hypothesis dist build tests/lab/npm/node_modules
