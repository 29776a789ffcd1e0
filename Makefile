# What people and CI run here; `make` alone lists it. Pass more with ARGS, as in
# `make test ARGS="tests/domain -x"`.

PYTHON ?= $(shell for python in python3.11 python3.12 python3 python3.13 python3.14; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& echo $$python && break; done)
ARGS ?=

BIN := .venv/bin
INSTALLED := .venv/.installed
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet --quiet
# branch coverage of these has to be complete
COVERED := bot/domain/*,bot/providers/*,bot/services/*,bot/store/*
# how many processes run tests; those of the whole bot mostly wait, hence more than two cores
JOBS ?= 4
PYTEST = -m pytest -q --numprocesses=$(JOBS) --dist=worksteal
# where set, `make test` measures branch coverage, too, and fails if it is not complete
COVERAGE ?=
LOCK_HEADER := \# Everything Encore needs, with hashes. Made by `make lock` on Python 3.11.

# with `make -j`, what belongs together stays together
ifneq ($(filter output-sync,$(.FEATURES)),)
MAKEFLAGS += --output-sync=target
endif

.PHONY: help demo pictures texts run doctor test torture check format lint types imports fix lock bench clean

help:
	@echo "make demo      try Encore in a local Discord, without an account or a key"
	@echo "make pictures  make the README's pictures anew, from the running page; needs chromium"
	@echo "make texts     write docs/texts.md anew: every text that Encore has for people"
	@echo "make run       run the bot with the settings in .env"
	@echo "make doctor    test the settings in .env, the database, the services and the bot's token"
	@echo "make test      run the tests; with COVERAGE=1 measure what they cover, too"
	@echo "make torture   kill the bot and cut it off, far longer than the tests do"
	@echo "make check     everything CI checks: format, lint, types, imports, tests with coverage"
	@echo "make fix       format, and repair what the linter can"
	@echo "make lock      pin the dependencies anew; ARGS=--upgrade takes newer ones"
	@echo "make bench     run the benchmarks; ARGS=--smoke only sees whether they work"
	@echo "make clean     remove .venv and all that tools leave behind"

demo: $(INSTALLED)
	@$(BIN)/python -m sandbox $(ARGS)

pictures: $(INSTALLED)
	@$(BIN)/python -m sandbox.screenshots $(ARGS)

texts: $(INSTALLED)
	@$(BIN)/python -m tests.meta.member_texts

run: $(INSTALLED)
	@$(BIN)/python -m bot $(ARGS)

doctor: $(INSTALLED)
	@$(BIN)/python -m bot check $(ARGS)

test: $(INSTALLED)
	@$(if $(COVERAGE),$(BIN)/coverage erase && $(BIN)/coverage run,$(BIN)/python) $(PYTEST) $(ARGS)
	@$(if $(COVERAGE),$(BIN)/coverage combine --quiet && $(BIN)/coverage report \
		--skip-covered --show-missing --include='$(COVERED)' --fail-under=100)

torture: $(INSTALLED)
	@TORTURE=1 $(BIN)/python -m pytest -q -m torture $(ARGS)

check: COVERAGE = 1
check: format lint types imports test

format: $(INSTALLED)
	@$(BIN)/ruff format --check .

lint: $(INSTALLED)
	@$(BIN)/ruff check .

types: $(INSTALLED)
	@$(BIN)/basedpyright --pythonpath $(BIN)/python

imports: $(INSTALLED)
	@$(BIN)/lint-imports

fix: $(INSTALLED)
	@$(BIN)/ruff check --fix --quiet . || true
	@$(BIN)/ruff format .

bench: $(INSTALLED)
	@failed=; for script in bench/[!_]*.py; do \
		echo "$$script"; $(BIN)/python "$$script" $(ARGS) || failed="$$failed $$script"; done; \
		test -z "$$failed" || { echo "Failed, or beyond a bound:$$failed"; exit 1; }

lock: $(INSTALLED)
	@$(BIN)/python -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' \
		|| { echo "The lock is made on Python 3.11: make clean, then make lock PYTHON=python3.11"; \
		exit 1; }
	@echo "Pinning; this takes some minutes."
	@$(BIN)/pip-compile --quiet --generate-hashes --all-extras --all-build-deps --allow-unsafe \
		--strip-extras --no-header --no-annotate \
		--no-emit-index-url --no-emit-find-links --no-emit-trusted-host \
		--output-file requirements.lock $(ARGS) pyproject.toml
	@{ echo '$(LOCK_HEADER)'; grep -v '^# ' requirements.lock; } > requirements.lock.new
	@mv requirements.lock.new requirements.lock

clean:
	@rm -rf .venv build dist *.egg-info .coverage .coverage.* \
		.hypothesis .pytest_cache .ruff_cache .import_linter_cache
	@find bot cogs sandbox tests bench -name __pycache__ -type d -prune -exec rm -rf {} +

# A newer Python than 3.12 needs packages that a lock made on 3.11 can't name (CONTRIBUTING.md).
$(INSTALLED): requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "Encore needs Python 3.11 or newer." >&2; exit 1; }
	@echo "Installing into .venv; the first time takes a minute."
	@$(PYTHON) -m venv .venv
	@if $(BIN)/python -c 'import sys; sys.exit(sys.version_info >= (3, 13))'; then \
		$(PIP) install --require-hashes -r requirements.lock \
		&& $(PIP) install --no-deps --no-build-isolation -e .; \
	else \
		echo "requirements.lock serves Python 3.11 and 3.12; this one gets the newest packages."; \
		$(PIP) install -e '.[dev,postgres,sandbox]'; \
	fi
	@touch $@
