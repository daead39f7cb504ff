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
units = $(prefix)/lib/systemd/user

SHELL = /bin/bash
.SHELLFLAGS = -euo pipefail -c

release = .build/release
programs = $(release)/meti-token $(release)/meti-token-cli
# No library is looked for beside the program, and where it was built leaves no trace.
build_release = swift build -c release --disable-local-rpath -Xlinker --build-id=sha1 \
  -Xswiftc -file-prefix-map -Xswiftc '$(CURDIR)=.'
# Of a program with the Swift runtime the dynamic linker's tables are read-only before main, and
# what every call runs lies together (scripts/link-order).
with_runtime = --static-swift-stdlib -Xlinker -z -Xlinker now $(relocations) \
  -Xswiftc -use-ld=lld -Xlinker --symbol-ordering-file='$(CURDIR)/link-order.txt' \
  -Xlinker --no-warn-symbol-ordering $(if $(libstdc++),-Xswiftc -Xclang-linker -Xswiftc -L.build/static) \
  -Xswiftc -Xclang-linker -Xswiftc -static-libgcc
# The relative relocations of the Swift runtime take a tenth of the room and half the time; the dynamic
# linker understands this from glibc 2.36 on.
relocations = $(if $(filter 2.36,$(firstword $(sort 2.36 $(lastword $(shell getconf GNU_LIBC_VERSION))))), \
  -Xlinker -z -Xlinker pack-relative-relocs)
# The C++ library that the Swift runtime needs is linked statically like the runtime itself: to load it
# takes longer than all that is used of it. It is found first in a folder where it stands alone.
libstdc++ = $(firstword $(wildcard \
  $(foreach compiler,clang gcc,$(shell $(compiler) -print-file-name=libstdc++.a 2>/dev/null))))
completions = $(release)/meti-token --generate-completion-script
pages = $(wildcard man/*.1)

.PHONY: build test lint bench demo soak sanitize memcheck leaks fuzz install uninstall deb

build:
	pkg-config --exists libsecret-1 libcurl || scripts/install-dependencies build
	mkdir -p .build/static
	$(if $(libstdc++),ln -sf '$(libstdc++)' .build/static/)
	$(build_release) $(with_runtime) --product meti-token-cli
	$(build_release) $(if $(METI_TOKEN_WITH_RUNTIME),$(with_runtime)) --product meti-token

test:
	scripts/test

lint:
	swift format lint --strict --recursive Sources Tests Fuzz Package.swift
	scripts/check-versions
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
	install -d $(bin) $(libexec) $(man1) $(bash) $(zsh) $(fish) $(units)
	install -m 755 -s $(release)/meti-token $(bin)/meti-token
	install -m 755 -s $(release)/meti-token-cli $(libexec)/meti-token-cli
	ln -sf meti-token $(bin)/git-credential-meti
ifneq ($(pages),)
	install -m 644 man/meti-token.1 $(man1)/meti-token.1
	ln -sf meti-token.1 $(man1)/git-credential-meti.1
endif
	$(completions) bash | sed '1 { /^#!/d }' | install -m 644 /dev/stdin $(bash)/meti-token
	$(completions) zsh | install -m 644 /dev/stdin $(zsh)/_meti-token
	$(completions) fish | install -m 644 /dev/stdin $(fish)/meti-token.fish
	install -m 644 contrib/systemd/meti-token-header.service $(units)/meti-token-header.service

$(programs) &:
	$(MAKE) build

# A Debian package, in .build-deb.
deb:
	scripts/package

uninstall:
	rm -f $(bin)/meti-token $(bin)/git-credential-meti $(libexec)/meti-token-cli
	rm -f $(man1)/meti-token.1 $(man1)/git-credential-meti.1
	rm -f $(bash)/meti-token $(zsh)/_meti-token $(fish)/meti-token.fish
	rm -f $(units)/meti-token-header.service
	if [ -d $(libexec) ]; then rmdir $(libexec); fi
