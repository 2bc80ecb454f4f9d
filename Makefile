# Everything a developer does. `make` lists the targets; demo and test install what they need.

# Any Python from 3.11 on that can make environments; PYTHON=… names another.
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3 python3.14 python; do \
	$$p -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& { echo $$p; break; }; done)
VENV ?= .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
READY := $(VENV)/.ready

.DEFAULT_GOAL := help
.PHONY: help demo test lint bench chaos shots docs lock clean

help: ## list the targets
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

$(INSTALLED): requirements/dev.txt
	@test -n '$(PYTHON)' || { echo 'Python ≥ 3.11 with venv was not found. Install python3.11 and' \
		'python3.11-venv (Debian, Ubuntu), or name one: make PYTHON=/path/to/python3.12'; exit 1; } >&2
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo 'installing the locked dependencies into $(VENV) (about a minute the first time)'
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

$(READY): $(INSTALLED) pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: $(READY) ## a whole city live; SPEED=60 CITY=chicago PORT=8060 HOURS=30 KAFKA=0 JARS=dir
	@exec $(BIN)/yiwang demo $(if $(SPEED),--speed $(SPEED)) $(if $(CITY),--city $(CITY)) \
		$(if $(PORT),--port $(PORT)) $(if $(HOURS),--hours $(HOURS)) $(if $(JARS),--jars $(JARS)) \
		$(if $(filter 0 no false,$(KAFKA)),--no-kafka)

test: $(READY) ## all tests on a real Kafka, Redis and Chromium; CHROME=/path/to/chrome ARGS='-k wall'
	$(BIN)/lint-imports
	@CHROME="$$(.ci/chromium $(BIN)/python)" && export CHROME && echo "Chromium: $$CHROME" \
		&& exec $(BIN)/pytest $(ARGS)

lint: $(READY) ## style, types and walls
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(READY) ## one bench, which ends with a line of JSON: NAME=ingest
	@test -f 'bench/$(NAME).py' || { echo 'make bench NAME=…, one of:' \
		$(sort $(basename $(notdir $(wildcard bench/[a-z]*.py)))); exit 1; } >&2
	@exec $(BIN)/python -m bench.$(NAME) $(ARGS)

chaos: $(READY) ## faults at random moments, the state compared with the truth: ROUNDS=20
	@exec $(BIN)/python tests/ingest/chaos.py $(if $(ROUNDS),--rounds $(ROUNDS)) $(ARGS)

shots: $(READY) ## pictures of the running demo into docs/
	@CHROME="$$(.ci/chromium $(BIN)/python)" && export CHROME && exec $(BIN)/python docs/shots.py $(ARGS)

docs: $(READY) ## the pages that are made from the code
	$(BIN)/python -m layers.settings_page docs/configuration.md
	$(BIN)/python -m layers.cases.flow_chart docs/cases.md

lock: ## lock the dependencies of pyproject.toml anew (needs uv)
	@command -v uv >/dev/null || { echo 'uv was not found: pip install uv'; exit 1; } >&2
	uv pip compile -q pyproject.toml requirements/build.in --universal --python-version 3.11 \
		--generate-hashes --no-annotate --no-header -o requirements/base.txt
	uv pip compile -q pyproject.toml requirements/build.in --extra local --extra dev \
		-c requirements/base.txt --universal --python-version 3.11 \
		--generate-hashes --no-annotate --no-header -o requirements/dev.txt

clean: ## remove what was built; the demo's data in ~/.cache/yiwang stays
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis \
		.import_linter_cache
