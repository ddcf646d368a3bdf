# `make demo` shows Bailiwick at work on this machine; `make test` runs every test.
# Both first run `setup`, which looks before it installs and installs only what is missing.

SHELL := /bin/sh
.DELETE_ON_ERROR:
.PHONY: help setup demo test lint doc bench fuzz deny conformance sops clean

help:
	@sed -n 's/^## //p' Makefile

## make setup        install what is missing on Debian: git, ssh-keygen, PostgreSQL's server, kustomize, a C compiler
setup:
	@sh scripts/setup.sh

## make demo         the whole system on this machine, no accounts: follow the three URLs
demo: setup
	@echo "demo: building; the first time takes some minutes"
	cargo build
	cargo run --quiet -- demo

## make test         every test
test: setup
	cargo test

## make lint         formatting and clippy
lint:
	cargo fmt --all --check
	cargo clippy --all-targets -- -D warnings

## make doc          the documentation, private items too
doc:
	RUSTDOCFLAGS="-D warnings" cargo doc --no-deps --document-private-items

## make bench        own time and memory of a review, who may do what, and durable webhooks a second
bench: setup
	cargo bench --bench review
	cargo bench --bench rights
	cargo bench --bench ingest

## make fuzz         each fuzz target for a minute (FUZZ_SECONDS), on a nightly toolchain; installs cargo-fuzz where it is missing
FUZZ_SECONDS ?= 60
fuzz: setup
	@command -v cargo-fuzz >/dev/null || cargo install --locked cargo-fuzz
	@for target in $$(cargo +nightly fuzz list); do \
		mkdir -p "target/fuzz-corpus/$$target" && \
		cargo +nightly fuzz run "$$target" "target/fuzz-corpus/$$target" "fixtures/fuzz/$$target" -- \
			-max_total_time=$(FUZZ_SECONDS) -max_len=20000 -timeout=10 -rss_limit_mb=2048 || exit 1; \
	done

## make deny         licences, sources and known holes of every dependency; installs cargo-deny where it is missing
deny:
	@command -v cargo-deny >/dev/null || cargo install --locked cargo-deny
	cargo deny --locked check

## make sops         our encrypted Secrets against the real sops and age (installed as Go modules where they are missing)
sops: setup
	sh scripts/sops.sh

## make conformance  what Bailiwick and the sandbox say to each other, held against GitHub's OpenAPI description (needs npm)
conformance: setup
	sh scripts/conformance.sh

## make clean        remove what the build made
clean:
	cargo clean
