# One door: `make demo` (set up and explain a real failure), `make test`, `make check` (what CI runs).
UV := $(shell command -v uv 2>/dev/null || echo .tools/bin/uv)
PY := .venv/bin/python
BIN := .venv/bin
LOCK = $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate
.PHONY: help demo test check lint types contracts generate generate-check docs docs-check bench fuzz lock clean
.DEFAULT_GOAL := help

help:
	@sed -n 's/^#: //p' Makefile

.tools/bin/uv:
	@python3 -m pip install --quiet --disable-pip-version-check --target .tools uv

# One stamp a set-up: it is made again only when a requirement changes.
.venv/.run: requirements/run.txt pyproject.toml $(filter .tools/%,$(UV))
	@test -x $(PY) || PYTHONPATH=.tools $(UV) venv --quiet .venv
	@$(UV) pip install --quiet --compile-bytecode --require-hashes -r requirements/run.txt
	@$(UV) pip install --quiet --compile-bytecode --no-deps --no-build-isolation -e .
	@touch $@
.venv/.dev: requirements/dev.txt .venv/.run
	@$(UV) pip install --quiet --compile-bytecode --require-hashes -r requirements/dev.txt
	@touch $@

#: make demo        set everything up and explain a bundled real failure
demo: .venv/.run
	@$(BIN)/authwhy demo

#: make test        run the tests
test: .venv/.dev
	@$(BIN)/pytest

#: make check       lint, types, contracts, generated files, docs (CI runs this and `make test`)
check: lint types contracts generate-check docs-check
lint: .venv/.dev
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
types: .venv/.dev
	@$(BIN)/mypy
contracts: .venv/.dev
	@$(BIN)/lint-imports
#: make generate    write enums, compiled pages and the lexicon index again
generate: .venv/.dev
	@$(PY) tools/generate.py && $(PY) tools/readme.py
generate-check: .venv/.dev
	@$(PY) tools/generate.py --check && $(PY) tools/readme.py --check
#: make docs        build the docs site into site/
docs: .venv/.dev
	@$(PY) tools/docs.py
docs-check: .venv/.dev
	@$(PY) tools/docs.py --check
#: make bench       ratios against named peers, measured in one run
bench: .venv/.dev
	@$(PY) bench/run.py
#: make fuzz        throw hostile text at every parser
fuzz: .venv/.dev
	@$(PY) fuzz/run.py
#: make lock        pin the newest allowed versions again
lock: $(filter .tools/%,$(UV))
	@$(LOCK) pyproject.toml --group build --extra passwords -o requirements/run.txt
	@$(LOCK) pyproject.toml --group build --group dev --extra all -o requirements/dev.txt
clean:
	rm -rf .venv .tools site .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
