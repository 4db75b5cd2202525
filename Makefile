# `make` lists the targets. Variables: STACK (default dev), OUT (a folder), NODE (a local node's name), ARGS (for pytest).
STACK ?= dev
PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
NODE_OPTION := $(if $(NODE),--node $(NODE))
STACK_RUN = $(PY) -m tools.stack
.DEFAULT_GOAL := help
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# Python 3.11 or newer with venv; pip verifies the packages against the hashes in the files.
$(VENV)/.tools: requirements-tools.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "error: $(PYTHON) is missing or older than 3.11. fix: make PYTHON=python3.12 ..." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip' || \
	  { echo "error: $(PYTHON) has no venv module. fix: apt-get install python3-venv" >&2; exit 1; }
	@echo "… install Python packages into $(VENV) (about 40 s)" >&2
	@$(PYTHON) -m venv $(VENV)
	@$(VENV)/bin/pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements-tools.txt
	@touch $@

$(VENV)/.dev: requirements-dev.txt $(VENV)/.tools
	@echo "… install what tests need (about 30 s)" >&2
	@$(VENV)/bin/pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements-dev.txt
	@touch $@

.PHONY: venv
venv: $(VENV)/.tools

.PHONY: dev
dev: $(VENV)/.dev

.PHONY: up
up: venv ## From nothing to a running system: tools, local node (or KUBECONFIG), stack, proof
	@$(STACK_RUN) up --stack $(STACK) $(NODE_OPTION)

.PHONY: down
down: venv ## Remove all that `make up` made, the local node and its data included
	@$(STACK_RUN) down --stack $(STACK) $(NODE_OPTION)

.PHONY: env
env: venv ## Print the variables for a shell of your own: eval "$$(make -s env)"
	@$(STACK_RUN) env --stack $(STACK) $(NODE_OPTION)

.PHONY: preview
preview: venv ## Show what `up` would change: make preview STACK=staging
	@$(STACK_RUN) preview --stack $(STACK) $(NODE_OPTION)

.PHONY: policy
policy: venv ## Check a stack against the policy pack without any cluster: make policy STACK=prod
	@$(STACK_RUN) policy --stack $(STACK)

.PHONY: destroy
destroy: venv ## Remove a stack's resources, keep its configuration and the node
	@$(STACK_RUN) destroy --stack $(STACK) $(NODE_OPTION)

.PHONY: render
render: venv ## Write a stack's manifests without any cluster: make render STACK=dev OUT=manifests
	@$(STACK_RUN) render --stack $(STACK) $(if $(OUT),--out $(OUT))

.PHONY: images
images: venv ## Write the images as archives for docker, kind, minikube: make images OUT=images
	@$(PY) -m tools.images $(if $(OUT),--out $(OUT))

.PHONY: node-start node-stop node-status node-reset
node-start node-stop node-status node-reset: venv
	@$(PY) -m tools.cluster $(@:node-%=%) $(NODE_OPTION)
node-start: ## Start the local Kubernetes node
node-stop: ## Stop it, keep its data
node-status: ## Show it
node-reset: ## Stop it and remove its data

.PHONY: test
test: lint test-unit test-engine test-cluster ## Every test, lint and types

.PHONY: test-unit
test-unit: dev ## Components under mocks, pure functions
	$(PY) -m pytest tests/unit $(ARGS)

.PHONY: test-engine
test-engine: dev ## The real CLI and provider in render mode, no cluster
	$(PY) -m pytest tests/engine $(ARGS)

.PHONY: test-cluster
test-cluster: dev ## A node of its own: real Kubernetes, MySQL, pods
	$(PY) -m pytest tests/cluster $(ARGS)

.PHONY: lint
lint: dev ## Style (ruff) and types (pyright)
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/basedpyright

.PHONY: scan
scan: dev ## Attack the local node's system, run scanners, write docs/security.md: make scan ONLY=S1,S4
	@$(PY) -m tools.scan --stack $(STACK) $(if $(ONLY),--only $(ONLY)) $(NODE_OPTION)

.PHONY: schema
schema: dev ## Write the components' schema and documentation, and record the interface
	$(PY) -m tools.interface

.PHONY: bad-inputs
bad-inputs: dev ## Write docs/bad-inputs.md: what is refused, with which message, in what time
	$(PY) -m tests.bad_inputs

.PHONY: format
format: dev ## Put the code into the project's style
	$(VENV)/bin/ruff check --fix --quiet .
	$(VENV)/bin/ruff format .

.PHONY: lock
lock: venv ## Write requirements*.txt with hashes from requirements*.in
	$(PYTHON) -m venv $(VENV)/lock && $(VENV)/lock/bin/pip install --quiet uv
	for file in requirements requirements-tools requirements-dev requirements-scan; do \
	  $(VENV)/lock/bin/uv pip compile -q --generate-hashes --python-version 3.11 --no-header $$file.in -o $$file.txt; done
