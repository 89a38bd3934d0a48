# Everything here sets itself up: a Python of 3.11 or newer, and make, are all that must be there.

# uv makes .venv; where it is not installed, one for this checkout is.
UV := $(shell command -v uv || echo .uv/bin/uv)
PY := .venv/bin/python
LIVES := .venv/up-to-date
PACKAGES := tests/interop examples/node-gateway examples/targets
MODULES := $(PACKAGES:%=%/node_modules/up-to-date)
OURS := protocols reference_server simulators conformance loadtests rehearsal tests benchmarks

.DEFAULT_GOAL := help
.PHONY: help setup demo test faults power calm scripts check format generate new-protocol lock bench clean

help: ## show this
	@sed -n 's/^\([a-z-]*\):.*## /  make \1: /p' Makefile

setup: $(LIVES) ## make .venv as requirements.lock says

demo: $(LIVES) ## server, simulated people, judge and load, in about a minute
	@$(PY) -m rehearsal demo

# Most tests wait for a network more than they compute: four processes are no strain on two cores.
test: $(LIVES) $(MODULES) ## run all tests
	@$(PY) -m pytest -n 4 --dist worksteal

faults: $(LIVES) ## play every faulty server at the requirement that it breaks (make test plays one in three)
	@FAULTS=all $(PY) -m pytest -n 4 --dist worksteal tests/faults/test_faults.py

# What these take may be chosen: make power SEEDS=3 FAULTS="space/ hub/Left" JOBS=2; make calm SEEDS=5 SERVERS=hub.
power: $(LIVES) ## judge every faulty server: how many are found, how soon, at what (long)
	@$(PY) -m tests.faults.power $(FAULTS) $(SEEDS:%=--seeds %) $(JOBS:%=--jobs %) $(BUDGET:%=--budget %) $(JSON:%=--json %)

calm: $(LIVES) $(MODULES) ## judge right servers on a busy machine: nothing may be found (long)
	@$(PY) -m tests.faults.calm $(SERVERS) $(SEEDS:%=--seeds %) $(JOBS:%=--jobs %) $(BUDGET:%=--budget %) $(JSON:%=--json %)

scripts: $(LIVES) $(MODULES) ## run the scripts that the failures of faulty servers leave: each must show its fault (long)
	@$(PY) -m tests.faults.scripts $(FAULTS) $(JOBS:%=--jobs %) $(JSON:%=--json %) $(if $(WHOLE),--whole)

check: $(LIVES) ## format, lint, types, arrows, contract: all but the tests
	$(PY) -m ruff format --check $(OURS)
	$(PY) -m ruff check $(OURS)
	$(PY) -m mypy
	.venv/bin/lint-imports
	.venv/bin/rehearsal spec lint
	.venv/bin/rehearsal spec generate --check
	$(PY) -m rehearsal.help_docs --check

format: $(LIVES) ## put all code in shape
	$(PY) -m ruff format $(OURS)
	$(PY) -m ruff check --fix $(OURS)

generate: $(LIVES) ## write what follows from spec/ and from the command line
	.venv/bin/rehearsal spec generate
	$(PY) -m rehearsal.help_docs

new-protocol: $(LIVES) ## begin a protocol with one that is small and whole: make new-protocol NAME=echo
	@$(PY) -m rehearsal.scaffold $(NAME)

bench: $(LIVES) $(MODULES) ## measure all, or what BENCH names; wants a quiet machine with two cores
	@$(PY) -u -m benchmarks $(BENCH) $(IMAGES:%=--images %)

lock: $(UV) ## choose the newest versions that pyproject.toml allows
	$(UV) pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-emit-find-links --upgrade \
		--all-extras --group dev --custom-compile-command "make lock" pyproject.toml -o requirements.lock

clean: ## remove all that was made here
	rm -rf .venv .uv $(PACKAGES:%=%/node_modules) .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache

$(LIVES): requirements.lock pyproject.toml | $(UV)
	@test -x $(PY) || $(UV) venv --quiet --python '>=3.11' .venv
	@$(UV) pip sync --quiet --compile-bytecode --python $(PY) --require-hashes requirements.lock
	@$(UV) pip install --quiet --python $(PY) --no-deps --editable .
	@touch $@

.uv/bin/uv:
	@python3 -m venv .uv
	@.uv/bin/python -m pip install --quiet --disable-pip-version-check uv

# The JavaScript clients and servers that tests and benchmarks play against.
%/node_modules/up-to-date: %/package-lock.json
	@if command -v npm >/dev/null; then cd $* && npm ci --silent --no-fund --no-audit && touch node_modules/up-to-date; \
	elif test -n "$$CI"; then echo "npm is missing, and CI tests against JavaScript's socket.io too" >&2; exit 1; \
	else echo "npm is missing: whatever plays against JavaScript's socket.io is skipped"; fi
