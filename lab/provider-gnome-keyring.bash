# Sourced by lab/providers, which says what the functions are for.
# GNOME Keyring, as scripts/private-session runs it for the tests.
# Some variables are that script's, and some of these are for it.
#
# shellcheck shell=bash disable=SC2034,SC2154

provider_version() { echo "GNOME Keyring $(package_version gnome-keyring)"; }

provider_session=()

session_does() { # COMMAND
  local answer
  echo "$1" >&"$session_in"
  hear session answer
  [[ $answer == ok ]] || fail "the session answers $1 with $answer"
}

# The session has started it the first time.
provider_start() {
  [[ -z ${was_killed-} ]] || session_does start-keyring
}

provider_kill() {
  session_does kill-keyring
  was_killed=yes
}

provider_lock() { lock_default_collection; }

provider_unlock() {
  provider_kill
  provider_start
}
