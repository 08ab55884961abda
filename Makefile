# Two commands do the main job and test it: `make demo` and `make test`.
# Each makes .venv by itself from requirements.lock; only Python >= 3.11 and make are needed.
SHELL := /bin/sh
PYTHON ?= $(shell for p in python3.14 python3.13 python3.12 python3.11 python3; do \
	command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& { echo $$p; break; }; done)
BIN := .venv/bin
STAMP := .venv/.ready
ENGINES := .venv-engines
WORKERS ?= 2
export OMP_NUM_THREADS ?= 1
export OPENBLAS_NUM_THREADS ?= 1
export JUPYTER_PLATFORM_DIRS := 1
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help engines demo test truth coverage system quick lab bench bench-peers docs site fix lint types contract clean lock environment
.DEFAULT_GOAL := help

help: ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

$(STAMP): requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "evalml needs Python 3.11 or later; none was found" >&2; exit 2; }
	@echo "Installing into .venv (once) ..."
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: $(STAMP) ## the main job: CEJ on a synthetic extract, NSW on real data, two notes
	@$(BIN)/evalml demo

test: $(STAMP) lint types contract ## everything that needs no optional engine
	$(BIN)/python -m pytest -n $(WORKERS) --no-loadscope-reorder

coverage: $(STAMP) ## the lines of src/evalml that `make test` runs: at least 95 in 100
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest -n $(WORKERS) --no-loadscope-reorder
	$(BIN)/coverage combine -q
	$(BIN)/coverage report

truth: $(STAMP) ## what is estimated where the truth is known: bias, coverage, margins of the worlds
	$(BIN)/python -m pytest -n $(WORKERS) --no-loadscope-reorder $(TRUTH) tests/truth

engines: $(ENGINES)/.ready ## Spark, Java, the PostgreSQL driver and dask, in an environment of their own

$(ENGINES)/.ready: requirements-engines.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "evalml needs Python 3.11 or later; none was found" >&2; exit 2; }
	@echo "Installing the optional engines into $(ENGINES) (once) ..."
	@test -x $(ENGINES)/bin/python || $(PYTHON) -m venv $(ENGINES)
	@$(ENGINES)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-engines.lock
	@$(ENGINES)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

test-engines: $(ENGINES)/.ready ## the same results on Spark, PostgreSQL and dask; the browser tests
	$(ENGINES)/bin/evalml doctor
	EVALML_TEST_ENGINES=required $(ENGINES)/bin/python -m pytest -rs -n $(WORKERS) \
		tests/engines tests/explorer/test_browser.py

system: ## as root, the Debian packages that `make test-engines` needs: PostgreSQL, Chromium
	@if ! ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || ! command -v chromium >/dev/null; then \
		apt-get -qq -o Acquire::Retries=3 update \
		&& DEBIAN_FRONTEND=noninteractive apt-get -qq -y -o Acquire::Retries=3 install \
			--no-install-recommends postgresql chromium >/dev/null \
		|| { echo "postgresql and chromium are not both here and apt-get could not install them" >&2; \
			exit 1; }; fi

quick: $(STAMP) ## the loop of every day, under 40 s on two quiet cores
	$(BIN)/ruff check .
	$(BIN)/python -m pytest -n $(WORKERS) --no-loadscope-reorder -m "not slow"

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(STAMP)
	$(BIN)/mypy

contract: $(STAMP)
	$(BIN)/lint-imports

fix: $(STAMP) ## format, and mend what can be mended by itself
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/nbstripout --drop-empty-cells --extra-keys "metadata.papermill metadata.language_info" notebooks/*.ipynb

lab: $(STAMP) ## open JupyterLab on the page that explains the line
	@test -f data/synthetic/demo/extract.yaml || $(BIN)/evalml synthetic data/synthetic/demo
	$(BIN)/jupyter lab notebooks/00_start_here.ipynb

bench: $(STAMP) ## speed, side by side
	$(BIN)/python -m benchmarks

bench-peers: ## the packages `make bench` compares with, in .venv-peers
	@test -x .venv-peers/bin/python || $(PYTHON) -m venv .venv-peers
	@.venv-peers/bin/python -m pip install --quiet --disable-pip-version-check \
		-r benchmarks/requirements-peers.txt

docs: $(STAMP) environment ## regenerate every page that is made from the code
	$(BIN)/python -m tools.docs

site: ## the documentation as a site, in site/ (needs pip; then no network)
	@test -x .venv-site/bin/mkdocs || { $(PYTHON) -m venv .venv-site \
		&& .venv-site/bin/python -m pip install --quiet --disable-pip-version-check "mkdocs-material>=9.6,<10"; }
	NO_MKDOCS_2_WARNING=1 .venv-site/bin/mkdocs build --quiet --strict
	@rm -f site/404.html; echo "open site/index.html"

environment: $(STAMP) ## environment.yml from pyproject.toml
	$(BIN)/python -m tools.environment

COMPILE = uv pip compile -q --universal --python-version 3.11 --extra dev --generate-hashes \
	--no-header --no-emit-index-url --no-annotate pyproject.toml

lock: ## the two lock files from pyproject.toml (needs uv); they name no registry
	$(COMPILE) -o requirements.lock
	$(COMPILE) --extra spark --extra postgres --extra browser --extra dask --extra bench -c requirements.lock -o requirements-engines.lock

clean: ## remove what can be made again
	rm -rf .venv .venv-site site $(ENGINES) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage* data/synthetic runs
