# Two commands do everything on a fresh machine: `make run` and `make test`. `make help` lists the rest.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help run dev test test-one test-long lint behaviours fmt shots desk setup

CACHE := $(or $(BUILD_CACHE),$(or $(XDG_CACHE_HOME),$(HOME)/.cache)/madoguchi)
# Not MADOGUCHI_…: these names are settings of the program, which refuses the ones that it does not know.
export BUILD_TOOLS := $(or $(BUILD_TOOLS),$(CACHE)/tools)
export PATH := $(BUILD_TOOLS)/bin:$(CURDIR)/node_modules/.bin:$(PATH)
# A build server's checkouts are short-lived, so theirs outlives them; an empty one only costs time.
ifneq ($(CI),)
export CARGO_TARGET_DIR := $(or $(CARGO_TARGET_DIR),$(CACHE)/target)
else
export CARGO_TARGET_DIR := $(or $(CARGO_TARGET_DIR),$(CURDIR)/target)
endif

help: ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: desk ## Set up, build and start the product in demo mode (ARGS="…" goes to `madoguchi serve`)
	cargo build --profile try --package server --bin madoguchi
	exec "$$CARGO_TARGET_DIR/try/madoguchi" serve --demo $(ARGS)

dev: ## The same with quick builds: rebuilds and restarts whatever is saved
	scripts/setup.sh run
	exec node scripts/dev.mjs $(ARGS)

test: ## Set up, then every check and test that a change must pass
	scripts/test.sh

test-one: ## Tests whose name contains T: make test-one T=s24 (Rust, on both databases, then Playwright)
	@test -n "$(T)" || { echo 'Name it: make test-one T=s24'; exit 2; }
	scripts/setup.sh test
	scripts/test-one.sh "$(T)"

test-long: ## The tests at full length: 100 times the property cases, and all that `make test` leaves out for its time
	scripts/setup.sh test
	scripts/test-long.sh

lint: ## Formatting, lints and dependency rules only
	scripts/setup.sh test
	scripts/lint.sh

behaviours: ## Bring docs/behaviours.md up to date with the tests
	BLESS=1 cargo test --quiet --package testkit --test tree the_page_and_the_tests_agree

fmt: ## Format everything
	cargo fmt --all
	end2end/node_modules/.bin/prettier --write --log-level warn .

shots: desk ## Screenshots of every screen and state into shots/ (ja, en, ko; light, dark; 1280 and 1920 wide)
	scripts/setup.sh test
	cargo build --workspace --bins --tests
	scripts/end2end.sh --project=shots

desk: ## Build the desk into dist/ as it is shipped
	scripts/setup.sh run
	scripts/desk.sh

setup: ## Install what `make run` needs
	scripts/setup.sh run

.PHONY: bench-media
bench-media: ## The media gateway's speed beside rtpengine's (ARGS="--calls 50 --window 5 …"; docs/performance.md)
	cargo bench --package server --bench media -- $(ARGS)

.PHONY: bench-answer
bench-answer: ## From an agent's answer to the first voice, each way (ARGS="--calls 50")
	cargo bench --package server --bench calls -- answer $(ARGS)

.PHONY: bench-sip
bench-sip: ## Calls set up and torn down a second, and how soon an INVITE is confirmed (ARGS="--rates 25,50 --seconds 5")
	cargo bench --package server --bench calls -- sip $(ARGS)

.PHONY: bench-search
bench-search: ## Customers found while somebody types, on both databases (ARGS="--customers 100000 --only sqlite")
	cargo bench --package server --bench search -- $(ARGS)
