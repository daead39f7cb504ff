# make && sudo make install

# Where to install. DESTDIR is prepended if a package is made.
PREFIX = /usr/local
DESTDIR =

prefix = $(DESTDIR)$(PREFIX)
bin = $(prefix)/bin
libexec = $(prefix)/libexec/meti-token
man1 = $(prefix)/share/man/man1
bash = $(prefix)/share/bash-completion/completions
zsh = $(prefix)/share/zsh/site-functions
fish = $(prefix)/share/fish/vendor_completions.d
units = $(prefix)/share/systemd/user

SHELL = /bin/bash
.SHELLFLAGS = -euo pipefail -c

release = .build/release
programs = $(release)/meti-token $(release)/meti-token-cli
completions = $(release)/meti-token --generate-completion-script
pages = $(wildcard man/*.1)

# A plain `swift build -c release --static-swift-stdlib` makes the same programs. These options make
# them start about 1 ms faster (libstdc++ is not loaded, relocations are packed), harder to attack
# (-z now, with lld's -z relro, and both position-independent), and independent of the directory that
# they were built in. A plain build cannot make meti-token position-independent: SwiftPM gives it an
# rpath, with which glibc ends a static program before main.
options = --disable-local-rpath -Xswiftc -use-ld=lld -Xlinker -z -Xlinker now \
  -Xlinker -z -Xlinker pack-relative-relocs -Xlinker --build-id=none \
  -Xswiftc -file-prefix-map -Xswiftc '$(CURDIR)=.' \
  $(if $(libstdc++),$(clang)-L.build/static $(clang)-static-libgcc)
clang = -Xswiftc -Xclang-linker -Xswiftc$(space)
space = $() $()
# The linker prefers a shared library, so the static one is found in a directory of its own.
libstdc++ = $(filter /%,$(shell clang -print-file-name=libstdc++.a 2>/dev/null))

.PHONY: build test lint bench demo soak sanitize memcheck fuzz install uninstall deb

build:
	pkg-config --exists libsecret-1 || scripts/install-dependencies build
	mkdir -p .build/static
	$(if $(libstdc++),ln -sf '$(libstdc++)' .build/static/)
	swift build -c release --static-swift-stdlib $(options) --product meti-token-cli
	swift build -c release --static-swift-stdlib $(options) --product meti-token $(clang)-static-pie

test demo memcheck:
	scripts/$@

lint:
	swift format lint --strict --recursive Sources Tests Fuzz Package.swift
	@$(version_in_each_file) | uniq -c | { read -r count version && [[ $$count -eq 4 ]]; } || \
	  { echo "error: the versions differ:"; $(version_in_each_file); exit 1; } >&2
	@$(call if_installed,shellcheck,-x scripts/* lab/[!R]* bench/run .ci/run)
	@$(call if_installed,mandoc,-T lint -W warning $(pages))

# The number behind the hyphen in debian/changelog counts the packages of one version.
version_in_each_file = { \
  sed -nE 's/^.*let text = "([^"]+)".*$$/\1/p' Sources/MetiToken/Version.swift; \
  sed -nE '/^\#\# ([0-9].*)$$/ { s//\1/p; q }' CHANGES.md; \
  sed -nE '1s/^meti-token \((.+)-[^-]+\) .*$$/\1/p' debian/changelog; \
  sed -nE 's/^version = "(.+)"$$/\1/p' clients/python/pyproject.toml; }

# $(call if_installed,PROGRAM,ARGUMENTS)
if_installed = if command -v $(1) >/dev/null; then (set -x; $(1) $(2)); \
  else echo "skipped, because it is not installed: $(1)"; fi

bench: build
	bench/run
	bench/outage

soak: build
	bench/soak --programs $(release)

# Both sanitizers, one after the other.
sanitize:
	scripts/sanitize address
	scripts/sanitize thread

# Seconds for each harness.
SECONDS = 60

fuzz:
	scripts/fuzz $(SECONDS)

# .swift_modhash depends on the directory of the build. It is emptied, not removed: that would also
# remove the header that has data closed to writing (GNU_RELRO).
strip = objcopy --strip-all --update-section .swift_modhash=/dev/null

# Programs that are built already are installed as they are, so that root need not build.
install: $(programs)
	install -d '$(bin)' '$(libexec)' '$(man1)' '$(bash)' '$(zsh)' '$(fish)' '$(units)'
	install -m 755 $(release)/meti-token '$(bin)/meti-token'
	install -m 755 $(release)/meti-token-cli '$(libexec)/meti-token-cli'
	$(strip) '$(bin)/meti-token'
	$(strip) '$(libexec)/meti-token-cli'
	ln -sf meti-token '$(bin)/git-credential-meti'
	install -m 644 man/meti-token.1 '$(man1)/meti-token.1'
	ln -sf meti-token.1 '$(man1)/git-credential-meti.1'
	$(completions) bash | sed '1 { /^#!/d }' | install -m 644 /dev/stdin '$(bash)/meti-token'
	$(completions) zsh | install -m 644 /dev/stdin '$(zsh)/_meti-token'
	$(completions) fish | install -m 644 /dev/stdin '$(fish)/meti-token.fish'
	sed 's|^ExecStart=meti-token|ExecStart="$(subst %,%%,$(PREFIX))/bin/meti-token"|' \
	  contrib/systemd/meti-token-header.service | \
	  install -m 644 /dev/stdin '$(units)/meti-token-header.service'
	@case '$(PREFIX)' in /usr | /usr/local) ;; *) printf '%s\n' 'Add these lines to ~/.zshrc, before compinit:' \
	  "  path+=('$(PREFIX)/bin')" "  fpath+=('$(PREFIX)/share/zsh/site-functions')" ;; esac

$(programs) &:
	$(MAKE) build

# A Debian package, in .build-deb.
deb:
	scripts/package

uninstall:
	rm -f '$(bin)/meti-token' '$(bin)/git-credential-meti' '$(libexec)/meti-token-cli'
	rm -f '$(man1)/meti-token.1' '$(man1)/git-credential-meti.1'
	rm -f '$(bash)/meti-token' '$(zsh)/_meti-token' '$(fish)/meti-token.fish'
	rm -f '$(units)/meti-token-header.service'
	if [ -d '$(libexec)' ]; then rmdir '$(libexec)'; fi
