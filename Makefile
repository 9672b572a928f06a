# The commands of a contributor. Each makes what it needs first and is quick the second time.

PYTHON   ?= python3
VENV     := .venv
UPSTREAM := .venv-upstream
BIN      := $(VENV)/bin
PIP       = -m pip install --quiet --disable-pip-version-check

# `make demo ARGS=--once`, `make test ARGS="-k sync"`, `make bench ARGS=--quick`.
ARGS     ?=
# Processes of pytest; 0 runs in this one, for print and the debugger.
JOBS     ?= 2
# The frameworks that tests/compat trains with, pinned; `make test FRAMEWORKS=` does without them.
FRAMEWORKS ?= tests/compat/requirements.txt
# The oldest frameworks, in an environment that finds all else in the first one.
OLDEST := .venv-oldest
OLDEST_TESTS := $(patsubst %,tests/compat/test_%.py,lightning transformers accelerate progress \
  wandb_patch tensorboard_scripts) tests/unit/test_config.py
# The published client that tests/e2e runs against our server, in an environment of its own.
UPSTREAM_VERSION := 0.0.29

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-oldest cov check format browser axe upstream frameworks bench docs web web-check wheel clean

help: ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(None if sys.version_info >= (3, 10) else \
	  "Pluto needs Python 3.10 or newer: make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)

# The extras of the product that development and its tests need too.
EXTRAS_dev       := dev,demo,keyring,tls
EXTRAS_libraries := libraries,neptune,parquet,sql,video
# A stamp for each set of requirements: newer than pyproject.toml means installed.
$(VENV)/installed-%: pyproject.toml | $(BIN)/python
	$(BIN)/python $(PIP) --editable '.[$(or $(EXTRAS_$*),$*)]'
	@touch $@

setup: $(VENV)/installed-dev ## Make .venv with everything that development needs

demo: $(VENV)/installed-demo ## Train a small model for some 20 s and look at it in the dashboard
	@$(BIN)/python -m examples.demo $(ARGS)

TEST_TOOLS := $(VENV)/installed-dev $(VENV)/installed-libraries frameworks browser axe upstream

test: $(TEST_TOOLS) ## Install what the tests need and run them all
	$(BIN)/python -m pytest -n $(JOBS) --dist worksteal $(ARGS)

test-oldest: $(OLDEST)/installed ## Tests with the oldest frameworks that are supported
	$(OLDEST)/bin/python -m pytest -n $(JOBS) --dist worksteal $(OLDEST_TESTS) $(ARGS)

$(OLDEST)/installed: tests/compat/oldest.txt | frameworks
	$(BIN)/python -m venv --without-pip $(OLDEST)
	@$(BIN)/python -c 'import site; print("import site; site.addsitedir(%r)" % site.getsitepackages()[0])' \
	  > "$$($(OLDEST)/bin/python -c 'import site; print(site.getsitepackages()[0])')/newest.pth"
	$(OLDEST)/bin/python $(PIP) --quiet --quiet --requirement tests/compat/oldest.txt
	@touch $@

cov: $(TEST_TOOLS) ## The tests with branch coverage
	$(BIN)/python -m coverage erase
	$(BIN)/python -m coverage run -m pytest -n $(JOBS) $(ARGS)
	$(BIN)/python -m coverage combine --quiet
	$(BIN)/python -m coverage report

check: $(VENV)/installed-dev ## ruff, mypy and the import layers, changing nothing
	./format.sh --check

format: $(VENV)/installed-dev ## The same, fixing and formatting what a tool can
	./format.sh

# Headless Chromium for tests/e2e. Only a Debian root can be helped without asking.
browser:
	@for name in chromium chromium-browser google-chrome; do \
	  command -v $$name >/dev/null && exit 0; \
	done; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium >/dev/null; \
	else \
	  echo "make: no Chromium found: the browser tests will be skipped (install the package chromium)"; \
	fi

# axe-core looks at the pages' accessibility.
axe:
	@if command -v npm >/dev/null; then $(MAKE) --no-print-directory web/node_modules/installed; \
	else echo "make: no npm found: the tests of accessibility are skipped"; fi

upstream: $(UPSTREAM)/installed-$(UPSTREAM_VERSION)
$(UPSTREAM)/installed-$(UPSTREAM_VERSION):
	$(PYTHON) -m venv $(UPSTREAM)
	$(UPSTREAM)/bin/python $(PIP) 'pluto-ml==$(UPSTREAM_VERSION)'
	@touch $@

# Where pip does not find them all, their tests are skipped, except in CI.
frameworks: $(FRAMEWORKS:%=$(VENV)/installed-frameworks)
$(VENV)/installed-frameworks: $(FRAMEWORKS) | $(VENV)/installed-dev $(VENV)/installed-libraries
	@$(BIN)/python $(PIP) --requirement $(FRAMEWORKS) && touch $@ || \
	  echo "make: not all of $(FRAMEWORKS) is to be had here: tests that need it are skipped"

bench: $(VENV)/installed-dev ## Run the benchmarks of benchmarks/README.md
	@for script in benchmarks/[a-z]*.py; do echo "== $$script"; $(BIN)/python $$script $(ARGS) || exit 1; done

docs: $(VENV)/installed-dev ## Write the documents that are made from code
	$(BIN)/python -m docs.make_settings
	$(BIN)/python -m docs.make_environment
	$(BIN)/python -m docs.make_cli

# The locked versions, as `npm ci` would; but that refuses a lock file that lacks a foreign
# platform's binary.
web/node_modules/installed: web/package-lock.json
	cd web && npm install --no-save --no-audit --no-fund
	@touch $@

web: web/node_modules/installed ## Build the dashboard from web/ into pluto/server/web
	cd web && npm run build

web-check: web/node_modules/installed ## Types and tests of the dashboard; its committed build is current
	cd web && npm run check && npm test
	cd web && npx vite build --outDir ../build/web --emptyOutDir --logLevel warn
	diff -r build/web pluto/server/web

wheel: $(VENV)/installed-dev ## Build the wheel into dist/
	$(BIN)/python -m pip wheel --quiet --no-deps --wheel-dir dist .

clean: ## Remove everything that make made, except recorded runs
	rm -rf $(VENV) $(OLDEST) $(UPSTREAM) .venv-peers dist build .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis .coverage*
