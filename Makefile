# Kumoi: `make cloud` and `make test` are all that a newcomer needs; `make help` lists the rest.
SHELL := /bin/bash
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

KUMOI_DATA ?= /var/lib/kumoi
KUMOI_PORT ?= 5000
KUMOI_DEMO ?= 1
PYTEST ?=

root := $(filter 0,$(shell id -u))
step := @scripts/step.sh
bin := .venv/bin

.PHONY: new-service new-resource help cloud demo test quick prove check matrix sim power-cut fuzz chaos mutations bench conformance fresh format lock install install-development packages

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1|/p' $(MAKEFILE_LIST) | awk -F'|' '{printf "make %-20s %s\n", $$1, $$2}'

cloud: ## install, start the cloud, boot a server and log in to it   [KUMOI_DATA= KUMOI_PORT= KUMOI_DEMO=0]
	@[ -n "$(root)" ] || { echo "make cloud needs root: real servers and networks do. Without root, after make install:"; \
		echo "    .venv/bin/kumoi up --data ~/kumoi --set hypervisor=fake --set network=fake"; exit 1; }
	@$(MAKE) install
	@$(bin)/kumoi up --data $(KUMOI_DATA) --port $(KUMOI_PORT)
ifeq ($(KUMOI_DEMO),1)
	@$(bin)/python -m kumoi.cli.demo --data $(KUMOI_DATA)
endif
	@$(bin)/kumoi status --data $(KUMOI_DATA) --ready

install: packages ## Debian packages, .venv, noVNC, the guest image and the dashboard: what a cloud needs
	$(step) "Python packages into .venv" scripts/virtualenv.sh cloud
	$(step) "noVNC, the console in a browser" scripts/novnc.sh
	$(step) "Guest image from Debian packages" scripts/guest-image.sh
	$(step) "Dashboard" $(bin)/python scripts/dashboard.py build

packages:
	$(step) "Debian packages" scripts/packages.sh packages.txt

install-development: ## what the tests need besides
ifneq ($(root),)
	$(step) "Debian packages, for tests too" scripts/packages.sh packages.txt packages-test.txt
	$(step) "noVNC, the console in a browser" scripts/novnc.sh
	$(step) "Guest image from Debian packages" scripts/guest-image.sh
endif
	$(step) "Python packages into .venv, for tests too" scripts/virtualenv.sh development
	$(step) "Dashboard" $(bin)/python scripts/dashboard.py build

test: install-development check ## install, check, and pass all tests (without root: those that need none)
	@# One more than there are cores: a quarter of the time a test waits for a process or for the clock.
	$(bin)/python -m tests.part fakes -n $$(($(shell nproc) + 1)) --times fakes -m "not real and not end_to_end" $(PYTEST)
ifneq ($(root),)
	$(bin)/python -m tests.part real -n 4 --dist loadgroup --no-loadscope-reorder --times real -m "real or end_to_end" $(PYTEST)
else
	@echo "Not root: tests marked real or end_to_end (QEMU, OVN, a whole cloud) are left out."
endif

quick: check ## check, and the tests that this branch can have broken, by imports   [AGAINST=main]
	$(bin)/python -m tests.quick $(or $(AGAINST),main)

prove: install-development ## the long form of every proof; writes the dates into docs/reliability.md   [ONLY="matrix sim …"]
	$(bin)/python -m tests.prove $(ONLY)

check: ## format, lint, strict types (Python and TypeScript), import contracts
	$(bin)/ruff format --check .
	$(bin)/ruff check .
	$(bin)/mypy
	$(bin)/lint-imports --no-cache
	$(bin)/python scripts/dashboard.py check

format: ## let ruff write
	$(bin)/ruff format .
	$(bin)/ruff check --fix .

matrix: install-development ## death, stall and deletion at every step of every operation, whole, on both databases
	@rm -f reports/matrix.json
	KUMOI_MATRIX=whole $(bin)/pytest -n 2 tests/matrix $(PYTEST)
	@sed -n '/"total"/,/}/p' reports/matrix.json

sim: install-development ## clients, runners and faults by seeds   [SEED=1 COUNT=2000 DATABASE=postgresql; COUNT=1 tells the story]
	$(bin)/python -m tests.simulation --seed $(or $(SEED),1) --count $(or $(COUNT),2000) --database $(or $(DATABASE),sqlite)

power-cut: install-development ## cut the power at every barrier of a recorded cloud's life, and start again   [SEED=]
	$(bin)/python -m tests.power_cut --seed $(or $(SEED),1)

chaos: install-development ## a real cloud while its processes are killed   [SECONDS=300 SEED=… DATABASE=postgresql]
	@[ -n "$(root)" ] || { echo "make chaos needs root: it kills processes of a real cloud."; exit 1; }
	$(bin)/python -m tests.chaos --seconds $(or $(SECONDS),300) $(if $(SEED),--seed $(SEED)) --database $(or $(DATABASE),sqlite)

fuzz: install-development ## ask what the OpenAPI describes, as four persons, on both databases   [SECONDS= SEED= COUNT= EXAMPLES= SERVICE= PERSON= ROUTE= DATABASE=]
	@rm -f reports/fuzz.json
	$(bin)/python -m tests.fuzz --seed $(or $(SEED),1) --count $(or $(COUNT),1) --seconds $(or $(SECONDS),0) \
		--examples $(or $(EXAMPLES),10) --service "$(SERVICE)" --person "$(PERSON)" --route "$(ROUTE)" --database "$(DATABASE)"

mutations: install-development ## break each promise in a copy: the suite that it names must go red   [ONLY="lease-check …"]
	$(bin)/python -m tests.mutations $(ONLY)

bench: install-development ## measure; writes reports/bench.json
	$(bin)/python -m bench --output reports/bench.json

conformance: install ## a suite of Tempest or its plugins, against a cloud on fakes; reports/conformance-<suite>.md   [SUITE=tempest.api.volume]
	$(bin)/python -m conformance "$(SUITE)"

fresh: ## both README commands from a clean clone of HEAD inside a bare Debian
	scripts/fresh.sh

new-service: ## write the skeleton of a service   [NAME=key_manager CODE=barbican VERSION=v1]
	$(bin)/python scripts/new.py service "$(NAME)" --code "$(CODE)" --version "$(or $(VERSION),v1)"

new-resource: ## write the skeleton of a resource and its migration   [SERVICE=key_manager NAME=secrets ONE=secret]
	$(bin)/python scripts/new.py resource "$(SERVICE)" "$(NAME)" --one "$(ONE)"

lock: ## new versions into requirements/ (needs uv)
	scripts/lock.sh
