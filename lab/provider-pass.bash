# Sourced by lab/providers, which says what the functions are for.
# pass-secret-service, in a Python environment of its own, with a GnuPG key without a passphrase.
# Some variables are that script's, and some of these are for it.
#
# shellcheck shell=bash disable=SC2034,SC2154

# Its one release is of 2018 and needs the cryptography package of its time.
pass_packages=(pass-secret-service==0.1a0 pypass==0.2.1 cryptography==2.4.2 asn1crypto==1.5.1)

provider_version() { echo "pass-secret-service 0.1a0, GnuPG $(package_version gpg)"; }

provider_session=(--no-keyring)

provider_start() {
  local environment=$throwaway/python
  if [[ ! -d $environment ]]; then
    # Debian's own interpreter, for Debian's python3-gi and python3-pydbus.
    /usr/bin/python3 -m venv --system-site-packages "$environment"
    "$environment/bin/pip" install --quiet --no-deps --disable-pip-version-check \
      "${pass_packages[@]}" >&2 || fail "pip could not install ${pass_packages[*]}"
    # Short, as sockets are made in it.
    export GNUPGHOME=$throwaway/gnupg
    mkdir -m 700 "$GNUPGHOME"
    gpg --batch --quiet --passphrase '' --quick-generate-key name@domain.com default default never \
      2>"$throwaway/gpg.log" || fail "GnuPG made no key; see $throwaway/gpg.log"
    pass init name@domain.com >/dev/null
  fi
  run_provider "$environment/bin/pass_secret_service"
  until_true secrets_are_owned || fail "pass-secret-service did not start"
}

provider_kill() { kill_provider; }

provider_ways=("locked")

provider_lock() { lock_default_collection; }

press_in_dialogs() { :; }

provider_unlock() {
  call org.freedesktop.secrets /org/freedesktop/secrets org.freedesktop.Secret.Service.Unlock \
    "array:objpath:$(default_collection)" >/dev/null
}

provider_end() { gpgconf --kill gpg-agent; }

# A key with a passphrase, and a pinentry that cannot ask for it.
provider_peculiarities() {
  local key=other@domain.com store=$HOME/.password-store
  cp -R "$store" "$store.before"
  gpg --batch --quiet --pinentry-mode loopback --passphrase only-for-this-test \
    --quick-generate-key "$key" default default never 2>>"$throwaway/gpg.log"
  pass init "$key" >/dev/null 2>>"$throwaway/gpg.log"
  echo "pinentry-program /bin/false" >"$GNUPGHOME/gpg-agent.conf"
  gpgconf --kill gpg-agent
  try "GnuPG wants a passphrase, and cannot ask" 69 "${from_keyring[@]}" meti-token
  repeat_words
  rm -r "$store" "$GNUPGHOME/gpg-agent.conf"
  mv "$store.before" "$store"
}
