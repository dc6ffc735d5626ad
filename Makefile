# Parley's commands. `make run` starts it, `make test` proves it; both install what is missing first.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PARLEY_SHARED ?= $(abspath $(CURDIR)/../shared)
export PARLEY_SHARED

LIBRARIES := libsqlite3-dev libargon2-dev zlib1g-dev pkg-config

.PHONY: help setup run release dist test test-swift test-outside bench lint soak clean

help: ## Shows the commands
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

setup: ## Installs the system libraries that are missing
	@scripts/install-packages $(LIBRARIES)

run: setup ## Starts Parley on its embedded store and prints the address to open
	swift build --product parley
	.build/debug/parley serve --data ./data --listen 127.0.0.1:8480

release: setup ## Builds the optimised program
	scripts/build-release --product parley

dist: release ## Packs the program, the page and what belongs to them into one archive
	@scripts/dist

test: ## Runs every test: in memory, against real parts, from outside, in a browser
	@scripts/test

bench: release ## Measures Parley beside the systems in $(PARLEY_SHARED)/peers
	@scripts/bench

lint: ## Checks the style of the sources
	swift format lint --strict --recursive Sources Tests Package.swift

soak: ## Long runs: many kills, many seeds
	@scripts/soak

clean: ## Removes what was built
	rm -rf .build .venv dist
