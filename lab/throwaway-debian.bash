# Sourced by lab/package, lab/desktops, lab/recipes and lab/systemd after scripts/loopback.bash, from
# the top of the repository, under set -euo pipefail: a new Debian in the throw-away directory, and the
# package to try in it.
#
# shellcheck shell=bash

fail() {
  printf '%s: not as promised: %s\n' "${0##*/}" "$*" >&2
  exit 1
}

say() { printf '\n# %s\n' "$*"; }

require_root() { # WHAT-FOR
  [[ $(id -u) -ne 0 ]] || return 0
  echo "${0##*/}: error: not root, and $1 need it" >&2
  echo "${0##*/}: hint: sudo env PATH=\"\$PATH\" lab/${0##*/}" >&2
  exit 77
}

# The kernel keyring is shared by the whole machine, so the user's number must be free here too.
require_free_ids() { # USER-ID...
  local id
  for id in "$@"; do
    if getent passwd "$id" >/dev/null; then fail "the user id $id is taken here"; fi
  done
}

# Makes the package, whose name is then in $deb.
build_package() {
  scripts/package
  deb=$(echo .build-deb/meti-token_*_"$(dpkg --print-architecture)".deb)
}

this_release() {
  # shellcheck source=/dev/null
  (. /etc/os-release && echo "$VERSION_CODENAME")
}

# Makes a minimal Debian of this or another release, from this machine's mirror, in $root. The package
# is in its /tmp, and the certificate authority to trust, if there is one, in its /etc.
make_debian() { # [RELEASE]
  local release=${1-$(this_release)} mirror
  # The fields are apt's.
  # shellcheck disable=SC2016
  mirror=$(apt-get indextargets --format '$(CODENAME) $(COMPONENT) $(REPO_URI)' \
    'Created-By: Packages' |
    awk -v release="$(this_release)" '$1 == release && $2 == "main" { print $3; exit }')
  [[ -n $mirror ]] || fail "the sources of this machine's apt have no mirror of Debian"

  say "A new Debian $release"
  # make_throwaway has set it.
  # shellcheck disable=SC2154
  root=$throwaway/root
  mkdir -p "$root" .build-deb/debs
  unshare --mount --pid --fork --kill-child debootstrap --variant=minbase \
    --cache-dir="$PWD/.build-deb/debs" "$release" "$root" "$mirror" \
    >"$throwaway/debootstrap.log" 2>&1 </dev/null || {
    tail -n 20 "$throwaway/debootstrap.log" >&2
    fail "debootstrap"
  }
  if [[ -n ${METI_CA_FILE-} ]]; then install -m 644 "$METI_CA_FILE" "$root/etc/meti-ca.pem"; fi
  install -m 644 "$deb" "$root/tmp/meti-token.deb"
}

# Runs a command in it. Mounts and processes are in namespaces of their own, and end with it.
inside() { # COMMAND...
  unshare --mount --pid --fork --kill-child --mount-proc="$root/proc" \
    chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 \
    DEBIAN_FRONTEND=noninteractive "$@"
}

apt_get() {
  inside apt-get --quiet=2 -o Dpkg::Use-Pty=0 "$@" </dev/null >"$throwaway/apt.log" 2>&1 || {
    cat "$throwaway/apt.log" >&2
    fail "apt-get $*"
  }
}

# Prints the NUMBERth block of a section.
block() { # FILE SECTION NUMBER
  awk -v section="## $2" -v number="$3" '
    /^## / { is_here = $0 == section }
    !is_here { next }
    /^```/ { if (is_block) is_block = 0; else { is_block = 1; count++ }; next }
    is_block && count == number { print; found = 1 }
    END { exit !found }' "docs/$1" || fail "docs/$1 has no such block: $2, $3"
}

obey() { # COMMAND...
  [[ $(meti "$@") == ok ]] || fail "the mock METI refuses a command: $*"
}
