# SPDX-License-Identifier: Apache-2.0
# The way in.  Everything runs through tools/box, that is, in Debian 13; Meson does the building.

PREFIX = /usr/local
DESTDIR =
TESTS =
FUZZ_SECONDS = 60

# Builders exclude each other and wait for running tests; tests may run beside each other.
ALONE = $(call locked,--exclusive) tools/box sh -eu -c
TOGETHER = $(call locked,--shared) tools/box
locked = $(call told,$(1)); flock --close $(1) .build.lock
told = flock --nonblock $(1) .build.lock true || echo 'freehold: make: waiting for another build or test' >&2

# $(call build,DIR,SETUP OPTIONS): sets DIR up the first time, and compiles.
build = [ -e $(1)/build.ninja ] || meson setup $(1) $(2); ninja -C $(1)
release = $(call build,build,--prefix=$(PREFIX))
sanitized = $(call build,build-san,--buildtype=debug -Db_sanitize=address$(comma)undefined)
comma = ,

.PHONY: build run test test-boot test-crash test-override test-real fuzz bench bench-large install clean help
build: ## build/freehold, and build/freehold-verify (static)
	@$(ALONE) '$(release)'

run: build ## start Freehold on loopback with an example policy and tool server
	@tools/box tools/run

test: ## build, run every test; TESTS=WORD runs those whose name holds WORD
	@$(ALONE) '$(release); $(sanitized)'
	@$(TOGETHER) tests/run-all $(TESTS)

test-boot: build ## machines that boot under qemu and measure what they start
	@$(TOGETHER) tests/boot/run $(TESTS)

test-crash: build ## every crash of a life, and docs/CRASH.md of it (a quarter of an hour)
	@$(TOGETHER) python3 -B tests/crash/crash.py all --write

test-override: build ## try every option, key, variable and signal, with every value, against what is denied
	@$(TOGETHER) env OVERRIDE=all sh tests/daemon/test-override.sh

test-real: build ## tests with real MCP programs, a real chain and another OpenTimestamps, of npm
	@$(TOGETHER) sh -c 'tests/real/run; s=$$?; tests/real/stamp/run && exit $$s'

fuzz: ## run fuzz harnesses (those that hold TESTS) for FUZZ_SECONDS each
	@$(ALONE) 'exec tools/fuzz $(FUZZ_SECONDS) $(TESTS)'

bench: build ## measure, beside what it is measured against
	@$(TOGETHER) bench/run

bench-large: build ## make a record of 10 million entries, and verify it (4.3 GB, minutes)
	@$(TOGETHER) bench/large

install: ## install below DESTDIR and PREFIX
	@$(ALONE) '$(release); meson configure build -Dprefix=$(PREFIX); rm -rf build/stage; \
		DESTDIR="$$PWD/build/stage" meson install --quiet -C build'
	@mkdir -p '$(DESTDIR)/'
	@tar -C build/stage --owner=root --group=root -c . | \
		tar -C '$(DESTDIR)/' -x --no-overwrite-dir --keep-directory-symlink

clean: ## remove what was built (not the Debian 13 root)
	@$(call locked,--exclusive) rm -rf build build-san build-fuzz

help: ## this list
	@sed -n 's/^\([a-z-]*\):.* ## /  make \1\t/p' Makefile | expand -t 22
