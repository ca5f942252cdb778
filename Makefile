# Each target checks the Debian packages that it needs: as root it installs missing ones, otherwise it names them.

PREFIX ?= /usr/local
UNITDIR ?= $(PREFIX)/lib/systemd/system
DATADIR ?= $(PREFIX)/share
SYSUSERSDIR ?= $(PREFIX)/lib/sysusers.d
TMPFILESDIR ?= $(PREFIX)/lib/tmpfiles.d
DESTDIR ?=

SOURCES := Sources Tests Package.swift
# The same flags for `bench` and `install`, so that the benchmark measures what is installed.
RELEASE := -c release --product spool --static-swift-stdlib

.DEFAULT_GOAL := build
.PHONY: help demo test torture build release install bench format lint swift
.NOTPARALLEL:

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: build ## Run a simulated portal, spool and a SIEM in one process, with an outage of the SIEM
	.build/debug/spool demo

build: swift ## Build the debug binary, .build/debug/spool (the default target)
	@deploy/packages/ensure deploy/packages/build
	swift build --product spool

# One debug build for all tests. The end-to-end tests run after the others and alone: they start processes of their own,
# and on a busy machine receivers lose datagrams. Each run ends with its summary, and
# both with the ten slowest tests. The torture tests run with `make torture`.
test: SHELL := /bin/bash
test: swift ## Check the format, build and run every test
	@deploy/packages/ensure deploy/packages/build deploy/packages/test
	@$(MAKE) --no-print-directory lint
	swift build --build-tests
	set -o pipefail; { swift test --skip-build --disable-xctest --skip SpoolEndToEndTests && \
		swift test --skip-build --disable-xctest --filter SpoolEndToEndTests --skip SpoolEndToEndTests.Torture; } 2>&1 | Tests/slowest

# Hours; another number on the command line, as in `make torture SPOOL_TORTURE_IMAGES=200`. 0 faults: every call in turn;
# 0 cases of damage: all.
export SPOOL_TORTURE_SEED SPOOL_TORTURE_IMAGES SPOOL_TORTURE_KILLS SPOOL_TORTURE_FAULTS SPOOL_TORTURE_DAMAGE
torture: SPOOL_TORTURE_SEED ?= $(shell date +%s)
torture: SPOOL_TORTURE_IMAGES ?= 3000
torture: SPOOL_TORTURE_KILLS ?= 400
torture: SPOOL_TORTURE_FAULTS ?= 0
torture: SPOOL_TORTURE_DAMAGE ?= 0
torture: swift ## Power cuts, kills, faults of the disk and damage in the long form, with seeds and tables
	@deploy/packages/ensure deploy/packages/build deploy/packages/test
	swift build --build-tests
	swift test --skip-build --disable-xctest --filter SpoolEndToEndTests.Torture

release: swift ## Build the release binary, .build/release/spool
	@deploy/packages/ensure deploy/packages/install
	swift build $(RELEASE)

# Binary, manual pages, completions, systemd unit, user, and a configuration to edit unless there is one. With
# DESTDIR=/somewhere only the files are installed there, for a package.
install: release ## Install the release binary, unit, user, manual pages and completions
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(UNITDIR) $(DESTDIR)$(SYSUSERSDIR) $(DESTDIR)$(TMPFILESDIR)
	install -m 0755 --strip .build/release/spool $(DESTDIR)$(PREFIX)/bin/spool
	install -d $(DESTDIR)$(DATADIR)/man/man1 $(DESTDIR)$(DATADIR)/bash-completion/completions
	install -d $(DESTDIR)$(DATADIR)/zsh/site-functions $(DESTDIR)$(DATADIR)/fish/vendor_completions.d
	.build/release/spool manual $(DESTDIR)$(DATADIR)/man/man1
	.build/release/spool --generate-completion-script bash > $(DESTDIR)$(DATADIR)/bash-completion/completions/spool
	.build/release/spool --generate-completion-script zsh > $(DESTDIR)$(DATADIR)/zsh/site-functions/_spool
	.build/release/spool --generate-completion-script fish > $(DESTDIR)$(DATADIR)/fish/vendor_completions.d/spool.fish
	sed 's|/usr/local/bin|$(PREFIX)/bin|' deploy/systemd/spool.service > $(DESTDIR)$(UNITDIR)/spool.service
	chmod 0644 $(DESTDIR)$(UNITDIR)/spool.service
	install -m 0644 deploy/sysusers.d/spool.conf $(DESTDIR)$(SYSUSERSDIR)/spool.conf
	install -m 0644 deploy/tmpfiles.d/spool.conf $(DESTDIR)$(TMPFILESDIR)/spool.conf
	install -d -m 0750 $(DESTDIR)/etc/spool
	test -e $(DESTDIR)/etc/spool/spool.yaml || \
		install -m 0640 deploy/spool.yaml $(DESTDIR)/etc/spool/spool.yaml
ifeq ($(DESTDIR),)
	systemd-sysusers $(SYSUSERSDIR)/spool.conf
	systemd-tmpfiles --create $(TMPFILESDIR)/spool.conf
	test ! -d /run/systemd/system || systemctl daemon-reload
	@echo
	@echo "Installed. Edit /etc/spool/spool.yaml, then:"
	@echo "    spool check --connect && systemctl enable --now spool"
endif

bench: release ## Compare the release binary with rsyslog, syslog-ng and SQLite from C
	@deploy/packages/ensure Benchmarks/packages
	Benchmarks/run

format: swift ## Format the sources in place
	swift format --in-place --recursive $(SOURCES)

lint: swift ## Check the format of the sources
	swift format lint --strict --recursive $(SOURCES)

swift:
	@command -v swift >/dev/null || { \
		echo "Swift 6.1 or later is needed and there is no \`swift\` in PATH: see https://www.swift.org/install" >&2; \
		exit 1; }
