# Everything a newcomer needs: `make demo` and `make test`. Both install what they need and say what they do.
.PHONY: help demo test test-long check unit standins oldest-docker fix bench cloudflare-ranges lock
.DEFAULT_GOAL := help

# As in ./preview: no process of a test shall compile all its modules anew.
unexport PYTHONDONTWRITEBYTECODE

PYTHON := .venv/bin/python
SHELL_FILES = preview .ci/run $(shell git ls-files '*.sh')
FAST_TESTS := tests/unit tests/policy

help: ## show the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

demo: ## a preview of the current branch on this machine's Docker engine
	@./preview demo

test: ## set-up, checks and every test
	@./preview setup
	@$(PYTHON) -m tests.equipment.prerequisites
	@$(MAKE) --no-print-directory check
	$(PYTHON) -m tests.equipment.lanes $(DRAW)

test-long: DRAW := --long --seed=$(shell date +%Y%m%d)
test-long: test ## the same, with commands killed at many more moments, others each day

check: ## linters and types
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m mypy
	.venv/bin/shellcheck $(SHELL_FILES)

unit: ## the tests that need no engine; seconds
	$(PYTHON) -m pytest $(FAST_TESTS)

standins: ## offline/ alone: what is built and stands in, held against the vendors' contracts
	@./preview setup
	@$(PYTHON) -m tests.equipment.prerequisites
	$(PYTHON) -m pytest tests/standins

oldest-docker: ## a preview's life on the oldest Docker engine that is supported, which is built for it (as root)
	@./preview setup
	@$(PYTHON) -m tests.equipment.prerequisites
	$(PYTHON) -m tests.equipment.oldest_docker tests/engine/test_preview_life.py tests/engine/test_health_checks.py tests/engine/test_secrecy.py

fix: ## format, and mend what the linter can
	$(PYTHON) -m ruff check --fix .
	$(PYTHON) -m ruff format .

bench: .bench-venv/.done ## measure against Docker Compose and draw it (as root; half an hour)
	@./preview setup
	$(PYTHON) -m bench.compare
	.bench-venv/bin/python -m bench.plot

.bench-venv/.done: bench/requirements.lock
	python3 -m venv --clear .bench-venv
	.bench-venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r bench/requirements.lock
	@touch $@

cloudflare-ranges: ## read anew which addresses Cloudflare publishes as its own
	@$(PYTHON) -m toolchain.cloudflare_ranges

lock: ## resolve requirements.in anew (hashes, no addresses)
	.venv/bin/uv pip compile --generate-hashes --no-emit-index-url --no-header --python-version 3.11 --upgrade bench/requirements.in -o bench/requirements.lock
	.venv/bin/uv pip compile --generate-hashes --no-emit-index-url --no-header --python-version 3.11 --upgrade requirements.in -o requirements.lock
	.venv/bin/uv pip compile --generate-hashes --no-emit-index-url --no-header --python-version 3.11 --upgrade offline/images/flask-backend/requirements.in -o offline/images/flask-backend/requirements.txt
