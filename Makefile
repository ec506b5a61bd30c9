# make alone prints what there is to do.
PYTHON ?= python3
BIN := .venv/bin
export PYTHONDONTWRITEBYTECODE ?= 1

# bench is a directory, too.
.PHONY: help run test check bench bench-ingest lock docs clean
help: ## print these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.venv/.run: requirements/run.txt pyproject.toml
	@echo "Installing the locked packages into .venv …"
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements/run.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps -e .
	@touch $@

.venv/.dev: .venv/.run requirements/dev.txt
	@echo "Installing the locked development packages into .venv …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements/dev.txt
	@touch $@

.PHONY: preflight
preflight:
	@command -v $(PYTHON) >/dev/null || { echo "No $(PYTHON): install Python 3.11 or newer, or say make PYTHON=/path/to/python3.11"; exit 2; }
	@$(PYTHON) sandbox/preflight.py

run: preflight .venv/.run ## watch the story travel from the webhook into CRM records (ONCE=1: check its end and exit)
	@$(BIN)/python -m sandbox story $(if $(ONCE),--once)

# Two tests at a time, those of a file one after another; the long files come first.
BESIDE := --numprocesses 2 --dist loadfile --no-loadscope-reorder
test: preflight check ## run every test and check (a real Kafka is started)
	@$(BIN)/python -m pytest $(BESIDE) $(TESTS)

check: .venv/.dev ## ruff, mypy --strict and the import rules
	@$(BIN)/ruff check --quiet . && $(BIN)/ruff format --quiet --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo

bench: .venv/.dev ## our engine beside its peers, the rules, the budget (QUICK=1: does it work?)
	@$(BIN)/python -m bench $(if $(QUICK),--quick)

bench-ingest: .venv/.dev ## measure the webhook beside FastAPI and Express (needs wrk)
	@$(BIN)/python -m bench.ingest

bench-delivery: .venv/.dev ## measure a worker beside pyrallel-consumer
	@$(BIN)/python -m bench.delivery

bench-isolation: .venv/.dev ## measure what failing users cost the others
	@$(BIN)/python -m bench.isolation

bench-outage: .venv/.dev ## measure a worker while its destination is away (MINUTES=10)
	@$(BIN)/python -m bench.outage --minutes $(or $(MINUTES),10)

bench-budget: .venv/.dev ## measure how workers use a limit, and what a backlog does to live events
	@$(BIN)/python -m bench.budget

bench-rules: .venv/.dev ## measure what the rules cost an event, without any call
	@$(BIN)/python -m bench.rules

explore: .venv/.dev ## walk every interleaving of larger worlds than the tests do
	@$(BIN)/python -m tests.explorer --large

simulate: .venv/.dev ## run the simulator over many seeds (SEEDS=100000)
	@$(BIN)/python -m tests.simulator --seeds $(or $(SEEDS),100000)

chaos: .venv/.dev ## kill, freeze and restart everything for a while (MINUTES=15, or FREEZES=10)
	@$(BIN)/python -m tests.chaos $(if $(FREEZES),--freezes $(FREEZES),--minutes $(or $(MINUTES),15))

bulk: .venv/.dev ## 73,500 events of 5,000 users, and a kill -9: what is written and what is asked (USERS=5000)
	@$(BIN)/python -m tests.bulk --users $(or $(USERS),5000)

mutants: .venv/.dev ## break every rule of processors/delivery, and see the tests find it
	@$(BIN)/python -m tests.mutants

LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-header --no-annotate pyproject.toml
lock: .venv/.dev ## write requirements/*.txt anew from pyproject.toml
	@$(LOCK) --extra sandbox -o requirements/run.txt $(UPGRADE)
	@$(LOCK) --extra dev -c requirements/run.txt -o requirements/dev.txt $(UPGRADE)

docs: .venv/.dev ## write the generated pages of docs/
	@$(BIN)/keepstep reference settings > docs/reference/settings.md
	@$(BIN)/keepstep reference destination-file > docs/reference/destination-file.md
	@$(BIN)/keepstep reference commands > docs/reference/commands.md

clean: ## remove .venv and .sandbox
	@rm -rf .venv .sandbox
