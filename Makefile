# make run    set everything up, index the bundled sample, answer a question, serve page and API
# make test   the tests, with everything they need (torch included)
# make check  formatting, lint, types, import contracts and the tests: before every commit
PYTHON ?= python3
PORT ?= 8000
STORE ?= store
VENV := .venv
BIN := $(VENV)/bin
UV := $(BIN)/uv pip install --quiet --python $(BIN)/python -c constraints.txt
# uv trusts its own certificates unless it is told to trust the system's, as pip does.
export UV_SYSTEM_CERTS ?= true
SOURCES := qa indexing eval api tests

.PHONY: run test check lint format setup clean
.DELETE_ON_ERROR:

run: $(VENV)/.base
	@$(BIN)/reviewqa index indexing/sample/reviews.jsonl --store $(STORE)
	@$(BIN)/reviewqa ask "how long does the battery last?" --product wireless-earbuds --store $(STORE)
	@$(BIN)/reviewqa serve --port $(PORT) --store $(STORE)

setup: $(VENV)/.base

test: $(VENV)/.train
	$(BIN)/python -m pytest -n 2 --dist loadfile

check: lint test

lint: $(VENV)/.dev
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.dev
	$(BIN)/ruff format $(SOURCES)
	$(BIN)/ruff check --fix $(SOURCES)

$(VENV)/.uv:
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(None if (3, 11) <= v < (3, 14) else f"reviewqa needs Python 3.11 to 3.13, this is {v[0]}.{v[1]}: make $(MAKECMDGOALS) PYTHON=python3.12")'
	@echo "setting up $(VENV)"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	@touch $@

$(VENV)/.base: pyproject.toml constraints.txt | $(VENV)/.uv
	@$(UV) -e .
	@touch $@

$(VENV)/.dev: $(VENV)/.base
	@$(UV) --group dev
	@touch $@

# Torch's CPU build is about 200 MB; where its index cannot be reached the default build
# (several GB) comes from the ordinary registry.
$(VENV)/.train: $(VENV)/.dev
	@$(UV) --torch-backend cpu -e '.[train,eval]' 2>/dev/null || $(UV) -e '.[train,eval]'
	@touch $@

clean:
	rm -rf $(VENV) store build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
