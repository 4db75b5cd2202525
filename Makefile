# `make` lists the targets. Variables: STACK (default dev), CONTEXT (of your kubeconfig; consents to deploy there), CLUSTER
# (current, kind or node), NODE (a local node's name), NODES (how many, where `make` makes the cluster), ADOPT=1 (take over
# what has the stack's mark), OUT (a folder), ARGS (for pytest), WORKERS (tests side by side, default 2), BASE (what a
# preview is compared with), ALLOW (what its gate may let through), TAG (of a release).
STACK ?= dev
BASE ?= origin/main
PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
# A value as one word for the shell, whatever is in it; and `--option value` where a variable has one.
quoted = '$(subst ','\'',$(1))'
option = $(if $($(1)),--$(2) $(call quoted,$($(1))))
NODE_OPTION = $(call option,NODE,node)
DATABASE_OPTION = $(call option,DATABASE,database)
WAY = $(NODE_OPTION) $(call option,CONTEXT,context) $(call option,CLUSTER,cluster)
PYTHON_GIVEN = $(call quoted,$(PYTHON))
RUN = $(PY) -m $(if $(wildcard lab),lab,cli)
.DEFAULT_GOAL := help
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# Python 3.11 or newer with venv; pip verifies the packages against the hashes in the files.
$(VENV)/.tools: requirements/tools.txt
	@$(PYTHON_GIVEN) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "error: "$(PYTHON_GIVEN)" is missing or older than 3.11. fix: make PYTHON=python3.12 ..." >&2; exit 1; }
	@$(PYTHON_GIVEN) -c 'import ensurepip' || \
	  { echo "error: "$(PYTHON_GIVEN)" has no venv module. fix: apt-get install python3-venv" >&2; exit 1; }
	@echo "… install Python packages into $(VENV) (about 40 s)" >&2
	@$(PYTHON_GIVEN) -m venv $(VENV)
	@$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements/tools.txt
	@touch $@

$(VENV)/.dev: requirements/dev.txt $(VENV)/.tools
	@echo "… install what tests need (about 30 s)" >&2
	@$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements/dev.txt
	@touch $@

# Of packages that others must not share, in requirements/<name>.txt: $(call own_environment,<name>).
define own_environment
@$(PYTHON_GIVEN) -m venv $(VENV)/$(1)
@$(VENV)/$(1)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements/$(1).txt
@touch $@
endef

# Scanners need other versions of the same packages: an environment of their own.
$(VENV)/.scan: requirements/scan.txt $(VENV)/.dev
	@echo "… install the scanners (about 1 min)" >&2
	$(call own_environment,scan)

$(VENV)/.docs: requirements/docs.txt $(VENV)/.tools
	@echo "… install what builds the documentation (about 1 min)" >&2
	$(call own_environment,docs)

# What builds a release, so that what tests need is not part of it.
$(VENV)/.release: requirements/release.txt $(VENV)/.tools
	@echo "… install what builds a release (about 15 s)" >&2
	$(call own_environment,release)

.PHONY: venv
venv: $(VENV)/.tools

.PHONY: dev
dev: $(VENV)/.dev

.PHONY: up
up: venv ## From nothing to a running system: tools, cluster, stack, proof; NODES=3 for a cluster of several nodes
	@$(RUN) up $(call option,STACK,stack) $(WAY) $(call option,NODES,nodes) $(if $(ADOPT),--adopt)

.PHONY: down
down: venv ## Remove all that `make up` made, and a cluster of its own that nobody else uses
	@$(RUN) down $(call option,STACK,stack) $(WAY)

.PHONY: env
env: venv ## Print the variables for a shell of your own: eval "$$(make -s env)"
	@$(RUN) env $(call option,STACK,stack) $(WAY)

.PHONY: preview
preview: venv ## Show what `up` would change: make preview STACK=staging
	@$(RUN) preview $(call option,STACK,stack) $(WAY)

.PHONY: policy
policy: venv ## Check a stack against the policy pack without any cluster: make policy STACK=prod
	@$(RUN) policy $(call option,STACK,stack)

.PHONY: preview-comment
preview-comment: venv ## The comment of a pull request: STACK=dev BASE=origin/main, or LIVE=1; OUT=folder SARIF=file ALLOW=dev/name
	@$(RUN) comment $(call option,STACK,stack) $(if $(LIVE),--live) $(call option,BASE,base) $(call option,OUT,out) \
	  $(call option,SARIF,sarif) $(WAY)

.PHONY: approved
approved: venv ## Compare what `up` would do now with an approved preview: make approved STACK=prod FILE=preview-out/prod.json
	@$(RUN) approved $(call option,STACK,stack) $(call option,FILE,file) $(WAY)

.PHONY: preview-stacks
preview-stacks: venv ## The stacks of this checkout and of BASE as a JSON list, for CI
	@$(RUN) stacks $(call option,BASE,base)

.PHONY: touched-stacks
touched-stacks: venv ## The stacks that HEAD changes against BASE, as a JSON list, for CI: AMONG='["prod"]' for some of them
	@$(RUN) touched $(call option,BASE,base) $(call option,AMONG,among)

.PHONY: preview-series
preview-series: venv ## Play commits and compare what comment and gate say with what they should; LIVE=1 on a node, too
	@$(PY) -m lab.series $(if $(LIVE),--live) $(ARGS)

.PHONY: rehearse
rehearse: dev ## Make this change on a throw-away node under a writer, take it back, say what it cost: BASE=origin/main OUT=folder
	@$(PY) -m lab.toolchain engine node
	@$(PY) -m lab.rehearsal $(call option,BASE,base) $(call option,OUT,out)

.PHONY: drift
drift: venv ## Show what changed on the cluster without Pulumi; writes nothing: make drift STACK=dev
	@$(RUN) drift $(call option,STACK,stack) $(call option,OUT,out) $(WAY)

.PHONY: status
status: venv ## Show what runs, what is wrong and why, backups and volumes; changes nothing: make status STACK=dev [WATCH=1]
	@$(RUN) status $(call option,STACK,stack) $(WAY) $(if $(WATCH),--watch)

.PHONY: report
report: venv ## Write one HTML file that shows the stack as it is; changes nothing: make report STACK=dev OUT=report.html
	@$(RUN) report $(call option,STACK,stack) $(WAY) $(call option,OUT,out)

.PHONY: environment-up environment-down environment-sweep environment-list
environment-up: venv ## A pull request's own stack, from the base's settings: NAME=pr-12 FROM=staging BASE=origin/main TTL=72h OUT=folder
	@$(RUN) environment up $(call option,NAME,name) $(call option,FROM,from) $(call option,BASE,base) $(call option,TTL,ttl) \
	  $(call option,DATA,data) $(call option,OUT,out) $(WAY)
environment-down: venv ## Remove it with its namespace, data and state: make environment-down NAME=pr-12
	@$(RUN) environment down $(call option,NAME,name) $(call option,OUT,out) $(WAY)
environment-sweep: venv ## Remove the environments whose time is over
	@$(RUN) environment down --expired $(WAY)
environment-list: venv ## Print the environments, their age and their end
	@$(RUN) environment list

.PHONY: destroy
destroy: venv ## Remove a stack's resources, keep its configuration and the node
	@$(RUN) destroy $(call option,STACK,stack) $(WAY)

.PHONY: repair
repair: venv ## Bring a stack back after its run was killed or its state damaged: make repair STACK=dev
	@$(RUN) repair $(call option,STACK,stack) $(WAY)

.PHONY: adopt
adopt: venv ## Bring objects that kubectl made under the stack; without YES=1 only say what that means: make adopt STACK=dev
	@$(RUN) adopt $(call option,STACK,stack) $(WAY) $(call option,OWNER,owner) $(if $(YES),--yes) $(if $(LOSE_DATA),--lose-data)

.PHONY: deployer
deployer: venv ## Make a user that may deploy this stack (NAMESPACE=<another project's>, ENVIRONMENTS=1) and nothing else, and a reader
	@$(RUN) deployer $(call option,STACK,stack) $(WAY) $(call option,NAMESPACE,namespace) $(call option,HOURS,hours) \
	  $(if $(ENVIRONMENTS),--environments) $(if $(LONG_LIVED),--long-lived)

.PHONY: backup
backup: venv ## Make a backup of the database now: make backup STACK=dev
	@$(RUN) backup $(call option,STACK,stack) $(WAY) $(DATABASE_OPTION)

.PHONY: restore
restore: venv ## Put a backup back, or list them: make restore STACK=dev BACKUP=<name> [FORCE=1], or TO='2026-11-26 03:14:15'
	@$(RUN) restore $(call option,STACK,stack) $(WAY) $(DATABASE_OPTION) $(call option,BACKUP,backup) $(call option,TO,to) \
	  $(call option,SCHEMA,schema) $(if $(FORCE),--force)

.PHONY: import
import: venv ## Make a backup of a dump from elsewhere: make import STACK=dev FILE=dump.sql.gz
	@$(RUN) import $(call option,STACK,stack) $(WAY) $(DATABASE_OPTION) $(call option,FILE,file)

.PHONY: reshard
reshard: venv ## Move a cluster's rows into more shards: make reshard STACK=dev, then BACK=1 or COMPLETE=1
	@$(RUN) reshard $(call option,STACK,stack) $(WAY) $(DATABASE_OPTION) $(if $(BACK),--back) $(if $(COMPLETE),--complete)

.PHONY: render
render: venv ## Write a stack's manifests without any cluster: make render STACK=dev OUT=manifests
	@$(RUN) render $(call option,STACK,stack) $(call option,OUT,out)

.PHONY: toolchain
toolchain: venv ## Build the programs that this machine lacks, ahead of everything that needs them
	@$(PY) -m lab.toolchain engine node languages

.PHONY: images
images: venv ## Write the images as archives for docker, kind, minikube: make images OUT=images
	@$(PY) -m lab.images $(call option,OUT,out)

.PHONY: node-start node-stop node-status node-reset
node-start node-stop node-status node-reset: venv
	@$(PY) -m lab.node $(@:node-%=%) $(NODE_OPTION) $(if $(filter node-start,$@),$(call option,NODES,nodes))
node-start: ## Start the local Kubernetes node, or several of them in one cluster: NODES=3
node-stop: ## Stop it, keep its data
node-status: ## Show it
node-reset: ## Stop it and remove its data

.PHONY: node-list node-clean
node-list node-clean: venv
	@$(PY) -m lab.node $(@:node-%=%)
node-list: ## Name all local nodes
node-clean: ## Remove the nodes that a killed test, bench or series left

.PHONY: cache-clean
cache-clean: venv ## Remove built programs and images that no checkout uses any more: UNKNOWN=1 also what none ever noted
	@$(PY) -m lab.cache $(if $(UNKNOWN),--unknown)

.PHONY: test
test: programs lint test-unit test-engine test-waiting ## Every test, lint and types

# The cluster tier waits for most of its time; what it leaves of the processors is enough for the pods' scripts.
.PHONY: test-waiting
test-waiting:
	@$(MAKE) --jobs 2 SQL_BESIDE="nice -n 10" test-sql test-cluster

# All at once: programs that are built together share what Go downloads and compiles for them.
.PHONY: programs
programs: dev
	@$(PY) -m lab.toolchain engine node languages scan workflows bench >/dev/null

# Two at a time. In some tiers a test makes all that it needs, and whoever is idle takes half of what the other has left;
# else what belongs together, mostly a file (tests/together.py), goes to one of them as a whole, in the order of collection:
# what is long comes first, so that both end together.
WORKERS ?= 2
TESTS = --numprocesses $(WORKERS) --dist worksteal
GROUPS = --numprocesses $(WORKERS) --dist loadfile --no-loadscope-reorder
# With COVERAGE=1 a tier keeps what it reached in .coverage.<tier>, for coverage-report: $(call reached,<tier>,$(GROUPS)).
reached = $(if $(COVERAGE),COVERAGE_FILE=$(CURDIR)/.coverage.$(1)) $(3) $(PY) -m pytest tests/$(1) $(2) \
  $(if $(COVERAGE),--cov --cov-report=) $(ARGS)

.PHONY: test-unit
test-unit: dev ## Components under mocks, pure functions
	$(call reached,unit,$(TESTS))

.PHONY: test-sql
test-sql: dev ## The pods' own scripts, arguments and probes with a bare mysqld in memory; no cluster
	$(call reached,sql,$(TESTS),$(SQL_BESIDE))

.PHONY: others
others: dev ## SQLAlchemy's and Django's own tests against the database; writes docs/reference/others.md
	$(PY) -m tests.sql.others

# What a first run has to build is built before the tests, whose time is limited.
.PHONY: test-engine
test-engine: dev $(VENV)/.scan ## The real CLI and provider in render mode, scanners; no cluster
	@$(PY) -m lab.toolchain engine languages
	$(call reached,engine,$(GROUPS))

.PHONY: test-cluster
test-cluster: dev ## A node of its own: real Kubernetes, MySQL, pods
	@$(PY) -m lab.toolchain engine node
	$(PY) -m pytest tests/cluster $(GROUPS) $(ARGS)

# Of all that ships, by the tiers that need no cluster; what the tests start is measured, too.
.PHONY: coverage coverage-report
coverage: ## Run these tests and count the lines of components, policy and cli that they reach; below 85 % it fails
	@$(MAKE) COVERAGE=1 test-unit test-sql test-engine
	@$(MAKE) coverage-report
coverage-report: dev ## The same from runs with COVERAGE=1 before, however many tiers there were
	$(PY) -m coverage combine --keep --quiet $(wildcard .coverage.unit .coverage.sql .coverage.engine)
	$(PY) -m coverage report --fail-under=85

.PHONY: test-bucket
test-bucket: dev ## What needs a real S3 server, on nodes of its own: two colleagues on one state, and backups that leave the cluster
	@$(PY) -m lab.toolchain engine node
	$(PY) -m pytest tests/s3 $(ARGS)

.PHONY: test-alerts
test-alerts: dev ## The alerts, played by Prometheus' own tool: each fires by its fault, and is silent otherwise
	$(PY) -m pytest tests/alerts $(ARGS)

.PHONY: test-metrics
test-metrics: dev ## A real Prometheus on a node of its own: it finds the metrics, and alerts fire by their faults and stop
	@$(PY) -m lab.toolchain engine node >/dev/null
	$(PY) -m pytest tests/metrics $(ARGS)

.PHONY: test-vitess
test-vitess: dev ## A database of several servers whose pods are killed, on a node of its own; Vitess is built once
	@$(PY) -m lab.toolchain engine node
	$(PY) -m pytest tests/vitess $(ARGS)

# By nature an administrator's: node, bench and using_the_readme, which start and remove nodes; scan, which attacks the
# cluster and makes users; and the node port of another namespace, which a deployer may not see before the API server
# refuses it. What faults breaks, it breaks as the administrator; what survives, the deployer runs.
DEPLOYER := $(patsubst %,tests/cluster/test_%.py,system data drift status workflows consumers options faults) --deselect \
  tests/cluster/test_system.py::test_a_taken_node_port_is_refused_before_anything_changes
.PHONY: test-deployer
test-deployer: dev ## What users do, tested on a node under the deployer's Role
	KUBEAUTH_TESTS_AS=deployer $(PY) -m pytest $(DEPLOYER) $(ARGS)

.PHONY: faults
faults: dev ## Break a system of its own on purpose and count what survives: make faults ONLY=F1,F3 COUNT=5
	$(PY) -m lab.faults $(call option,ONLY,only) $(call option,COUNT,count) $(NODE_OPTION)

.PHONY: conformance
conformance: dev ## Kubernetes' own conformance specs on a local cluster of two nodes; goes on where it was: ONLY=sig-network AGAIN=1
	$(PY) -m lab.conformance $(call option,ONLY,only) $(call option,NODES,nodes) $(if $(AGAIN),--again)

.PHONY: bench
bench: dev ## Measure beside kubectl, Helm and plain Pulumi, write docs/reference/performance.md: make bench ONLY=sides SIZES=1 COUNT=7
	$(PY) -m lab.bench $(call option,ONLY,only) $(call option,SIZES,sizes) $(call option,COUNT,count) $(NODE_OPTION) $(ARGS)

.PHONY: growth
growth: dev ## What more servers and shards cost beside one server; writes docs/reference/growth.md: make growth COUNT=3
	$(PY) -m lab.growth $(call option,COUNT,count)

.PHONY: matrix
matrix: dev ## The tests with other versions of Pulumi, Kubernetes and Python; writes docs/reference/matrix.md: ONLY=python
	$(PY) -m lab.matrix $(call option,ONLY,only) $(ARGS)

.PHONY: mutations
mutations: dev ## Take each protection out of a copy and see the bench turn red: make mutations ONLY=F3
	$(PY) -m lab.faults.mutations $(call option,ONLY,only)

.PHONY: lint
lint: dev lint-workflows ## Style (ruff), types (pyright), imports (import-linter), scripts (shellcheck) and the workflows
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/basedpyright
	$(VENV)/bin/lint-imports --no-logo
	$(VENV)/bin/shellcheck components/mysql/scripts/*.sh components/mysql_cluster/scripts/*.sh docs/upstream/*.sh

.PHONY: lint-workflows
lint-workflows: dev ## The workflows' syntax (actionlint) and safety (zizmor)
	@$(PY) -m lab.workflows

.PHONY: scan
scan: dev $(VENV)/.scan ## Attack the local node's system, run scanners, write docs/reference/security.md: make scan ONLY=S1,S4
	@$(PY) -m lab.scan $(call option,STACK,stack) $(call option,ONLY,only) $(NODE_OPTION)

.PHONY: docs
docs: $(VENV)/.docs ## Build the documentation as a site into site/ (strict)
	NO_MKDOCS_2_WARNING=1 $(VENV)/docs/bin/mkdocs build --strict

.PHONY: release
release: $(VENV)/.release ## Build wheel, sdist and SBOM into dist/, and check version, tag and changelog: make release TAG=v0.1.0
	@$(PY) -m lab.release $(call option,TAG,tag)

.PHONY: schema
schema: dev ## Write the components' schema and documentation, and record the interface
	$(PY) -m lab.interface

.PHONY: bad-inputs
bad-inputs: dev ## Write docs/reference/bad-inputs.md: what is refused, with which message, in what time
	$(PY) -m tests.bad_inputs

.PHONY: inputs
inputs: dev ## Write docs/reference/inputs.md: each input plain, as an Output, as None and in a wrong shape
	$(PY) -m tests.inputs

.PHONY: format
format: dev ## Put the code into the project's style
	$(VENV)/bin/ruff check --fix --quiet .
	$(VENV)/bin/ruff format .

.PHONY: lock
lock: venv ## Write requirements.txt and requirements/*.txt with hashes from the .in beside each
	$(PYTHON_GIVEN) -m venv $(VENV)/lock && $(VENV)/lock/bin/python -m pip install --quiet uv
	for file in requirements $(addprefix requirements/,tools dev scan docs release); do \
	  $(VENV)/lock/bin/uv pip compile -q --generate-hashes --python-version 3.11 --no-header $$file.in -o $$file.txt; done
