# The two commands that matter: `make demo` shows the product at work, `make test` proves it.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready

# Pages are looked at in a browser where the machine has one; axe-core then says what people with impairments cannot use.
CHROMIUM ?= $(shell command -v chromium || command -v chromium-browser || command -v google-chrome)
AXE      := $(VENV)/.axe
NPM      ?= $(shell command -v npm)

# What runs the product in the tests' own processes; end-to-end tests run it where coverage does not see it.
COVERING := $(addprefix tests/,unit contract state_machines harness cli local install report graphs conformance)

# Processes of `make unit`. Its tests wait for emulated clouds a quarter of the time, so that three keep two cores busy.
WORKERS ?= 3

# Byte code is kept, whatever the environment says: without it, every process compiles our code and the tests again.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo fast static test check unit coverage asl-validator sam-lint format lock hooks wheel wheel-proof docs docs-proof reference models release clean \
  mutants fuzz loss-test secret-proof reconcile-proof crash-proof fault-proof drift-proof foreign-proof namesakes-proof rights-proof together-proof \
  rollback-proof grants-proof random-proof privilege-proof upgrade-proof aws-proof aws-proof-local

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# Locked versions with hashes; the address of the package registry comes from the machine, never from this tree.
$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed: make PYTHON=python3.13 ..." >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing locked packages into $(VENV) (once) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $(READY)

$(AXE): tests/browser/requirements.txt $(READY)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r $<
	@touch $@

# Somebody else's validator of state machines, where the machine has npm: without it, or off the network, its test is
# skipped and says so.
ASL := $(VENV)/.asl-validator

$(ASL): tests/state_machines/asl_validator/package-lock.json $(READY)
	@mkdir -p $@ && cp $(dir $<)package.json $< $@/
	@npm ci --prefix $@ --ignore-scripts --no-audit --no-fund --silent || \
	  { rm -rf $@; echo "asl-validator could not be installed: its test will be skipped." >&2; }

# The SAM command wants other versions than we do, and more than 300 MB of disk, so that it has an environment of its own.
SAM := $(VENV)/.sam

$(SAM)/.ready: tests/install/requirements-sam.lock $(READY)
	@test -x $(SAM)/bin/python || $(PYTHON) -m venv $(SAM)
	@echo "Installing the SAM command into $(SAM) (once) ..."
	@$(SAM)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r $<
	@touch $@

demo: $(READY) ## Deploy three twins on the embedded cloud, send telemetry, read it back, clean up
	@$(BIN)/python -m orchestrator.demo

test: check unit ## Everything that must hold before a change lands

fast: static ## The inner loop, in less than a minute: static checks, unit and contract tests
	@$(BIN)/python -m pytest -q -n 2 -p tests.workers tests/unit tests/contract

static: $(READY) ## Format, lint, strict types, import directions
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

check: static ## The static checks, and every IAM policy
	@$(BIN)/python -m tests.install.policies

unit: $(READY) $(if $(CHROMIUM),$(AXE)) $(if $(NPM),$(ASL)) ## The test suite, without what has a long target of its own
	@$(BIN)/python -m pytest -n $(WORKERS) -p tests.workers --ignore tests/loss --ignore tests/e2e/test_secrets_stay_secret.py --ignore tests/aws_proof/test_run.py

coverage: $(READY) ## Branch coverage of what ships, which must be 90 % or more
	@mkdir -p .cache/coverage
	@$(BIN)/python -m pytest -q -n 2 -p tests.workers --cov --cov-report=term-missing $(COVERING)

asl-validator: $(ASL) ## Install the independent validator of state machines (needs npm)

sam-lint: $(READY) $(SAM)/.ready ## `sam validate --lint` on what `gluecode install --template-only` writes
	@$(BIN)/python -m pytest -q tests/install/test_sam.py

format: $(READY) ## Format the code and fix what ruff can fix
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

mutants: $(READY) ## Break each rule of the runtime once: a test must notice
	@$(BIN)/python -m tests.mutants

fuzz: $(READY) ## 100,000 generated requests against the two public endpoints
	@$(BIN)/python -m tests.fuzz_endpoints

loss-test: $(READY) ## 10,000 events through the deployed system under faults: none lost, none stored twice
	@$(BIN)/python -m tests.loss

secret-proof: $(READY) ## A full run with tokens set: their values stand nowhere but in Secrets Manager
	@$(BIN)/python -m pytest tests/loss tests/e2e/test_secrets_stay_secret.py

reconcile-proof: $(READY) ## All 27 mappings, and all 702 changes from one to another
	@$(BIN)/python -m tests.proofs.reconcile

crash-proof: $(READY) ## Cut off after each AWS call in turn, then run again
	@$(BIN)/python -m tests.proofs.crash

fault-proof: $(READY) ## Deploy while AWS throttles 30 % of the calls and fails 5 %
	@$(BIN)/python -m tests.proofs.faults

drift-proof: $(READY) ## Every drift made by hand: named by inspect, repaired by deploy, and events arrive again
	@$(BIN)/python -m tests.proofs.drift
	@$(BIN)/python -m tests.proofs.drift_events

namesakes-proof: $(READY) ## Twins of one name in two regions, and under two installations, do not meet
	@$(BIN)/python -m tests.proofs.namesakes

rights-proof: $(READY) ## No function lacks a right while a mapping changes, though rights take effect late
	@$(BIN)/python -m tests.proofs.rights

foreign-proof: $(READY) ## Strangers of the same names stay untouched
	@$(BIN)/python -m tests.proofs.foreign

together-proof: $(READY) ## Executions that meet: of one twin, of two twins
	@$(BIN)/python -m tests.proofs.together

rollback-proof: $(READY) ## Each AWS call of a deployment denied in turn: kept and completed, or rolled back
	@$(BIN)/python -m tests.proofs.rollback

grants-proof: $(READY) ## Each action taken out of each task's policy in turn: a test notices
	@$(BIN)/python -m tests.proofs.grants

random-proof: $(READY) ## Random sequences of deploy, change, destroy, drift and crash
	@$(BIN)/python -m tests.proofs.sequences

privilege-proof: $(READY) ## With IAM enforced, three twins deployed, used and destroyed: no call denied
	@GLUECODE_PRIVILEGES=all $(BIN)/python -m pytest tests/install/test_least_privilege.py

upgrade-proof: $(READY) ## Twins of the release before the restructuring, after an upgrade (needs the git history)
	@$(BIN)/python -m tests.upgrade

aws-proof-local: $(READY) ## The tests of aws-proof, on the embedded cloud: whole, failing in the middle, stopped
	@$(BIN)/python -m pytest -q tests/aws_proof

aws-proof: $(READY) ## One run in your AWS account, install to uninstall, with a transcript (ARGS=--local: without an account)
	@$(BIN)/python -m tests.aws_proof $(ARGS)

recording: $(READY) ## Play the demo and draw what it shows as docs/assets/demo.svg
	@$(BIN)/python -m orchestrator.demo docs/assets/demo.svg

docs: $(READY) ## Build the documentation's site into site/
	@$(BIN)/zensical build --strict --clean
	@echo "Open site/index.html, or: $(BIN)/zensical serve"

docs-proof: $(READY) $(AXE) ## Every page and every kind of report in a browser: on a desk and a phone, in light and dark
	@test -n "$(CHROMIUM)" || \
	  { echo "A Chromium is needed: apt-get install chromium, or make docs-proof CHROMIUM=..." >&2; exit 1; }
	@CHROMIUM="$(CHROMIUM)" GLUECODE_DOCS=all $(BIN)/python -m pytest tests/docs tests/browser

bench: $(READY) ## Calls, walls, cold starts and warm events against the least possible: a table, JSON and a picture
	@GLUECODE_BENCH=all $(BIN)/python -m pytest -q tests/bench
	@$(BIN)/python -m tests.bench

models: $(READY) ## Write the models of AWS's services anew that are shipped with the code: after `make lock`
	@$(BIN)/python -m orchestrator.reference.sdk_models

reference: $(READY) ## Write the generated pages, pictures and schemas of the documentation anew
	@$(BIN)/python -m orchestrator.reference

lock: ## Resolve the locked versions anew (needs uv)
	uv pip compile pyproject.toml --extra local --group dev --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-annotate --no-header --quiet --output-file requirements.lock
	$(PYTHON) -m orchestrator.reference.layers_lock requirements.lock
	echo aws-sam-cli==1.170.0 | uv pip compile - --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-annotate --no-header --quiet --output-file tests/install/requirements-sam.lock

hooks: $(READY) ## Install the git hooks: format, lint, import directions, commit subjects
	@$(BIN)/pre-commit install

wheel: $(READY) ## Build the wheel into dist/
	@$(BIN)/python -m build --wheel --no-isolation

wheel-proof: $(READY) ## The end-to-end tests, with the wheel's dependencies freshly installed
	@GLUECODE_E2E_CLEAN=1 $(BIN)/python -m pytest tests/e2e

release: $(READY) ## Date the changelog, commit and tag: make release VERSION=0.2.0
	@$(BIN)/python .ci/release.py "$(VERSION)"

clean: ## Remove the virtual environment and everything built
	rm -rf $(VENV) dist build site .cache .pytest_cache .mypy_cache .ruff_cache .hypothesis
