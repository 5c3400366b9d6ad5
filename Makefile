# Two commands take a fresh Debian 12 with Swift, python3 and git to the main job:
# `make quickstart` and `make test`. `make help` lists the rest.

SWIFT ?= swift
PREFIX ?= /usr/local
DESTDIR ?=
# The unit goes where systemd looks for units of local administrators and of packages alike.
UNITDIR ?= $(PREFIX)/lib/systemd/system

INSTALL_PACKAGES = Tests/Servers/install.sh
SOURCES = Sources Tests Package.swift
SOAKED = Endurance|FileExercise|BadNetwork|ReferenceModel|ModelTests.Sharing|MountTests.(Kills|PowerCuts)|Fight|Hostile|XMLFuzz
SANITIZED = ^(MediaFSEngine|MediaFSCatalog|MediaFSCache|MediaFSCore|ObjectStorage|PosixIO|S3Client|MediaFS)Tests
# Tests are optimised: the simulated worlds take a quarter of the time. They are built beside the
# release that users get, which does not have `-enable-testing`.
TEST_BUILD = -c release -Xswiftc -enable-testing --scratch-path .build/tests
RUN_TESTS = SWIFT="$(SWIFT)" TEST_BUILD="$(TEST_BUILD)" Tests/run.sh

.DEFAULT_GOAL := help
.PHONY: help quickstart test conformance soak sanitize bench deps lint format build build-tests release \
	install clean check-fuse

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

quickstart: ## Build, mount a local directory as a bucket, write and read a file through it
	$(INSTALL_PACKAGES) build
	$(MAKE) release
	Tests/Quickstart/quickstart.sh

test: deps check-fuse lint build-tests ## Install what is missing, check, build and run every test
	$(RUN_TESTS)

conformance: deps check-fuse ## The S3 conformance suite, on OpenStack Swift and Ceph 20 as well
	$(INSTALL_PACKAGES) swift ceph20
	$(MAKE) build-tests
	MEDIAFS_TEST_SERVERS=swift,ceph20 $(RUN_TESTS) --filter InteropTests

soak: deps check-fuse ## What takes hours: random worlds, files, a bad network, kills, power cuts
	$(MAKE) build-tests
	MEDIAFS_OPERATIONS=100000 MEDIAFS_WORKLOAD=2048 MEDIAFS_SEEDS=20000 MEDIAFS_KILLS=2000 \
		MEDIAFS_CUTS=500 MEDIAFS_FIGHT=600 MEDIAFS_FUZZ=250 MEDIAFS_ENDURANCE=1800 \
		$(RUN_TESTS) --filter '$(SOAKED)'
	MEDIAFS_PASSTHROUGH=false $(RUN_TESTS) --filter '^MountTests'

# Their own build directories: what is built with a sanitizer links with nothing else.
sanitize: ## All tests of modules with the thread and the address sanitizer
	for sanitizer in thread address; do \
		export MEDIAFS_SANITIZE=$$sanitizer; \
		$(SWIFT) build --build-tests --sanitize=$$sanitizer --scratch-path .build/$$sanitizer && \
		$(SWIFT) test --skip-build --disable-xctest --no-parallel --sanitize=$$sanitizer \
			--scratch-path .build/$$sanitizer --filter '$(SANITIZED)' || exit 1; \
	done

# GROUPS="warm small" measures some of the groups; BENCH_QUICK=1 shows in minutes that all works.
bench: check-fuse ## Measure the release build beside rivals and the wire, print a table; half an hour
	$(INSTALL_PACKAGES) build bench
	$(MAKE) release
	python3 Tests/Benchmarks/bench.py $(GROUPS)

deps: ## Install system packages and test servers that are missing
	$(INSTALL_PACKAGES) build test

lint: ## Check the format of all sources
	$(SWIFT) format lint --strict --recursive $(SOURCES)

format: ## Format all sources
	$(SWIFT) format --in-place --recursive $(SOURCES)

build: ## Build for debugging
	$(SWIFT) build

build-tests:
	$(SWIFT) build $(TEST_BUILD) --build-tests

release: ## Build for use, with the Swift library inside
	$(SWIFT) build -c release --product mediafs --static-swift-stdlib

install: release ## Install beneath DESTDIR and PREFIX: program, mount helper, unit
	install -D -s -m 755 .build/release/mediafs "$(DESTDIR)$(PREFIX)/bin/mediafs"
	install -d "$(DESTDIR)/sbin"
	ln -sf "$(PREFIX)/bin/mediafs" "$(DESTDIR)/sbin/mount.mediafs"
	install -d "$(DESTDIR)$(UNITDIR)"
	sed 's|@PREFIX@|$(PREFIX)|g' systemd/mediafs@.service \
		> "$(DESTDIR)$(UNITDIR)/mediafs@.service"

clean: ## Remove everything that was built or fetched
	rm -rf .build

check-fuse:
	@test -c /dev/fuse || { echo "the mount tests need /dev/fuse: modprobe fuse" >&2; exit 1; }
