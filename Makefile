# make demo       watch the program do its main job, with nothing but this machine
# make test       everything that must hold before a change goes in (at most 15 minutes on two cores)
# make test-long  the same rules at full size: 45 minutes, of which SIDETONE_CALL_MINUTES (30) are a call with sound
# make bench      the figures
# make heard      what real screen readers say of a meeting (SPOKEN_RIG=folder names the rig that runs them)
# make picture    the picture in the README, anew

SHELL := /bin/bash
export PATH := $(PATH):$(HOME)/.cargo/bin
CARGO_TARGET_DIR ?= $(CURDIR)/target
export CARGO_TARGET_DIR

.PHONY: help demo build test tests sources interop bridge test-long bench heard picture

help:
	@sed -n '/^# make/s/^# //p' Makefile

# Says nothing when there is nothing to build, so that the demo's first frame is the first thing seen.
build:
	@.ci/setup rust cc cmake alsa
	@if [ -x "$(CARGO_TARGET_DIR)/release/sidetone" ]; then cargo build --release --locked --quiet; else cargo build --release --locked; fi

demo: build
	@exec "$(CARGO_TARGET_DIR)/release/sidetone" demo

# The licence check, the rules about the sources and the rules about the README are Rust tests.
# Everything that runs is built once, in the dev profile; clippy and rustdoc share one set of metadata.
# Most tests of processes wait for each other more than they compute, so what only computes goes beside them, behind
# them for a core. The two sets of pages come one after the other: beside each other something in them is always late.
test:
	@.ci/setup rust lint cc cmake alsa pulse keyring node chromium
	@.ci/step "format" cargo fmt --check
	@.ci/step "build" cargo test --locked --quiet --no-run
	@$(MAKE) --no-print-directory --jobs=2 tests sources
	@$(MAKE) --no-print-directory interop bridge

tests:
	@.ci/step "tests" .ci/tests

sources:
	@.ci/beside "lints" nice -n 19 cargo clippy --locked --all-targets -- -D warnings
	@.ci/beside "documentation" env RUSTDOCFLAGS="-D warnings" nice -n 19 cargo doc --locked --no-deps --lib --examples
	@.ci/beside "examples in the documentation" nice -n 19 cargo test --locked --quiet --doc
	@.ci/beside "types of the page" nice -n 19 tests/bridge/types
	@.ci/beside "what the pages need" nice -n 19 tests/interop/prepare

interop:
	@.ci/step "interop with the official SDKs" tests/interop/run

bridge:
	@.ci/step "the page of the call bridge" tests/bridge/run

test-long: build
	@.ci/setup rust cc cmake alsa pulse chromium
	@.ci/step "chaos: 50,000 operations, 100 forced drops" env SIDETONE_CHAOS_OPERATIONS=50000 cargo test --release --locked --test chaos -- --nocapture
	@.ci/step "1,000 kills in the middle of sign-ins" env SIDETONE_KILLS=1000 cargo test --release --locked --test token_service killing -- --nocapture
	@.ci/step "five minutes of tokens of two, with another signing key in the middle" cargo test --release --locked --test renewal -- --ignored --nocapture
	@.ci/step "eight hours of talk, in virtual time" cargo test --release --locked --lib audio::tests::hours -- --ignored
	@.ci/step "every weather, under three seeds" cargo test --release --locked --test impairment -- --ignored --nocapture
	@.ci/step "ten times as much of what is hostile" env SIDETONE_HOSTILE_CASES=30000 cargo test --release --locked --test hostile
	@.ci/step "a voice on a bad network, here and in Chromium" cargo test --release --locked --test chromium -- --ignored --nocapture
	@if [ "$$(id -u)" = 0 ] && command -v ip >/dev/null; then \
		.ci/step "a person whose address becomes another one" cargo test --release --locked --test sound -- --ignored --nocapture roaming; \
	else echo "==> a person whose address becomes another one: left out, it takes root and ip"; fi
	@.ci/step "a call of half an hour: memory and descriptors" cargo test --release --locked --test sound -- --ignored --nocapture endurance

bench: build
	@.ci/setup pulse chromium baresip node
	@.ci/step "a call, beside Chromium and baresip" cargo bench --locked --bench call
	@.ci/step "a call by way of the bridge to the calling SDK" benches/bridge/run
	@.ci/step "notices under load" cargo bench --locked --bench notice
	@.ci/step "sign-ins" cargo bench --locked --bench sign_in

# Not part of the tests: it needs five screen readers and some five minutes of quiet.
heard:
	@.ci/setup rust cc cmake alsa
	@tests/heard/run

picture:
	@.ci/setup rust cc cmake alsa chromium
	@tests/picture/make
