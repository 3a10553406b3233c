# A thin list of what can be done in a checkout; the work itself is in scripts/.
.PHONY: help dev all lint types test fix docs screenshots bench lock
help: ## this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1|\2/p' Makefile | awk -F'|' '{ printf "%-18s %s\n", $$1, $$2 }'

dev: ## the environment in .venv, with the hooks that check each commit
	scripts/prepare requirements-dev.lock
	.venv/bin/pre-commit install

all: ## lint, types and tests, as ./run test does
	./run test

lint: ## rules, format, borders between rooms, spelling
	@scripts/prepare requirements-dev.lock
	scripts/lint

types: ## mypy, and tsc for the page scripts where npm is present
	@scripts/prepare requirements-dev.lock
	scripts/types

test: ## the tests alone
	./run test tests --numprocesses=auto --dist=loadfile

fix: ## what the tools can put right by themselves
	@scripts/prepare requirements-dev.lock
	.venv/bin/ruff check --fix .
	.venv/bin/ruff format .

docs: ## the generated pages of docs/
	@scripts/prepare requirements-dev.lock
	scripts/docs

screenshots: ## the pictures of README.md, from a demo in Chromium
	@scripts/prepare requirements-dev.lock
	scripts/screenshots

bench: ## the measurements of docs/performance.md; takes a while
	@scripts/prepare requirements-dev.lock
	.venv/bin/python -m bench

lock: ## new lock files from pyproject.toml; make lock UPGRADE=--upgrade for newer versions
	scripts/lock $(UPGRADE)
