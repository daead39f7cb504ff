# make && sudo make install

# Where to; DESTDIR stands before it where a package is made.
PREFIX = /usr/local
DESTDIR =

prefix = $(DESTDIR)$(PREFIX)
bin = $(prefix)/bin
libexec = $(prefix)/libexec/meti-token
man1 = $(prefix)/share/man/man1
bash = $(prefix)/share/bash-completion/completions
zsh = $(prefix)/share/zsh/site-functions
fish = $(prefix)/share/fish/vendor_completions.d

SHELL = /bin/bash
.SHELLFLAGS = -euo pipefail -c

release = .build/release
programs = $(release)/meti-token $(release)/meti-token-cli
build_release = swift build -c release --static-swift-stdlib
completions = $(release)/meti-token --generate-completion-script
pages = $(wildcard man/*.1)

.PHONY: build test lint bench demo soak sanitize memcheck leaks fuzz install uninstall

build:
	pkg-config --exists libsecret-1 libcurl || scripts/install-dependencies build
	$(build_release) --product meti-token-cli
	$(build_release) --product meti-token

test:
	scripts/test

lint:
	swift format lint --strict --recursive Sources Tests Fuzz Package.swift
	@$(call if_installed,shellcheck,-x scripts/* bench/run .ci/run)
	@$(if $(pages),$(call if_installed,mandoc,-T lint -W warning $(pages)))

# $(call if_installed,PROGRAM,ARGUMENTS)
if_installed = if command -v $(1) >/dev/null; then (set -x; $(1) $(2)); \
  else echo "skipped, as it is not installed: $(1)"; fi

bench: build
	bench/run

demo:
	scripts/demo

soak: build
	scripts/soak --programs $(release)

# Both sanitizers, one after the other.
sanitize:
	scripts/sanitize address
	scripts/sanitize thread

memcheck leaks:
	scripts/$@

# For so many seconds each.
SECONDS = 60

fuzz:
	scripts/fuzz $(SECONDS)

# What is built already is installed as it is, so that root need not build.
install: $(programs)
	install -d $(bin) $(libexec) $(man1) $(bash) $(zsh) $(fish)
	install -m 755 -s $(release)/meti-token $(bin)/meti-token
	install -m 755 -s $(release)/meti-token-cli $(libexec)/meti-token-cli
	ln -sf meti-token $(bin)/git-credential-meti
ifneq ($(pages),)
	install -m 644 man/meti-token.1 $(man1)/meti-token.1
	ln -sf meti-token.1 $(man1)/git-credential-meti.1
endif
	$(completions) bash | install -m 644 /dev/stdin $(bash)/meti-token
	$(completions) zsh | install -m 644 /dev/stdin $(zsh)/_meti-token
	$(completions) fish | install -m 644 /dev/stdin $(fish)/meti-token.fish

$(programs) &:
	$(MAKE) build

uninstall:
	rm -f $(bin)/meti-token $(bin)/git-credential-meti $(libexec)/meti-token-cli
	rm -f $(man1)/meti-token.1 $(man1)/git-credential-meti.1
	rm -f $(bash)/meti-token $(zsh)/_meti-token $(fish)/meti-token.fish
	if [ -d $(libexec) ]; then rmdir $(libexec); fi
