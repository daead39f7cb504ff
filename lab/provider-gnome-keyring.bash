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

provider_ways=("never unlocked" "locked")

provider_lock() { # WAY
  case $1 in
    "never unlocked")
      provider_kill
      session_does start-locked
      ;;
    locked) lock_default_collection ;;
  esac
}

# No prompter can be activated here, so that GNOME Keyring's dialogs count as dismissed.
press_in_dialogs() { :; }

# With an empty password it opens for everybody, though it was never unlocked.
provider_peculiarities() {
  local keyrings=$XDG_DATA_HOME/keyrings
  provider_kill
  mv "$keyrings" "$keyrings.before"
  mkdir "$keyrings"
  printf '[keyring]\ndisplay-name=Login\nctime=0\nmtime=0\n' >"$keyrings/login.keyring"
  printf login >"$keyrings/default"
  session_does start-locked
  try "empty password: log in" 0 "${log_in[@]}" "$throwaway/password"
  provider_kill
  session_does start-locked
  try "empty password: renew" 0 meti-token --force-refresh
  try "empty password: log out" 0 meti-token logout
  provider_kill
  rm -r "$keyrings"
  mv "$keyrings.before" "$keyrings"
  provider_start
}
