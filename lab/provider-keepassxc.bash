# Sourced by lab/providers, which says what the functions are for.
# KeePassXC under an X server of its own, with a database whose root group is given to the Secret
# Service. It confirms nothing at first; provider_peculiarities shows how it asks by default.
# Some variables are that script's, and some of these are for it.
#
# shellcheck shell=bash disable=SC2034,SC2154

provider_version() { echo "KeePassXC $(package_version keepassxc)"; }

provider_session=(--no-keyring)

database_password=only-for-this-test

provider_start() {
  local database=$throwaway/database.kdbx
  if [[ ! -e $database ]]; then
    start_display
    write_configuration false
    write_database "$database"
  fi
  run_provider keepassxc --pw-stdin "$database" < <(printf '%s\n' "$database_password")
  until_true secrets_are_owned || fail "KeePassXC did not start"
  until_true default_collection_has_locked false || fail "KeePassXC did not open the database"
}

write_configuration() { # CONFIRMS
  mkdir -p "$XDG_CONFIG_HOME/keepassxc"
  cat >"$XDG_CONFIG_HOME/keepassxc/keepassxc.ini" <<CONF
[General]
ConfigVersion=2
UpdateCheckMessageShown=true

[GUI]
CheckForUpdates=false

[FdoSecrets]
Enabled=true
ConfirmAccessItem=$1
ConfirmDeleteItem=$1
ShowNotification=false
CONF
}

# The database names the group by its UUID, once in each of two codings.
write_database() { # FILE
  cat >"$throwaway/database.xml" <<XML
<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<KeePassFile>
  <Meta>
    <Generator>KeePassXC</Generator>
    <CustomData>
      <Item>
        <Key>FDO_SECRETS_EXPOSED_GROUP</Key>
        <Value>{00112233-4455-6677-8899-aabbccddeeff}</Value>
      </Item>
    </CustomData>
  </Meta>
  <Root>
    <Group>
      <UUID>ABEiM0RVZneImaq7zN3u/w==</UUID>
      <Name>Root</Name>
    </Group>
  </Root>
</KeePassFile>
XML
  printf '%s\n' "$database_password" "$database_password" |
    keepassxc-cli import --quiet --set-password "$throwaway/database.xml" "$1" >/dev/null 2>&1
}

provider_kill() { kill_provider; }

provider_dialogs='Access Request|Unlock Database'
provider_ways=("locked" "never unlocked")

# What was stored less than a moment before may be lost with the lock.
provider_lock() { # WAY
  sleep 1
  case $1 in
    locked) keepassxc --lock >/dev/null 2>&1 ;;
    "never unlocked")
      provider_kill
      run_provider keepassxc "$throwaway/database.kdbx"
      until_true secrets_are_owned || fail "KeePassXC did not start"
      ;;
  esac
  until_true not default_collection_has_locked false || fail "KeePassXC did not lock the database"
}

provider_peculiarities() {
  local before=$out user
  provider_kill
  write_configuration true
  provider_start
  try "confirms by default: no prompt is possible" 69 "${from_keyring[@]}" meti-token
  repeat_words
  [[ $took -lt 12000 ]] || verdict 1 "within 12 seconds" "$took"
  try "the token from the kernel, without a dialog" 0 meti-token

  press_in_dialogs Return &
  user=$!
  services+=("$user")
  try "confirms by default: the user allows it" 0 in_terminal "${from_keyring[@]}" meti-token
  expect "the same token" matches "$out" "$before"
  repeat_words
  try "the user allows a renewal" 0 in_terminal meti-token --force-refresh
  kill "$user"
  printf '            dialogs: %s\n' "$(sort -u "$throwaway/dialogs" | wc -l)"

  press_in_dialogs Escape &
  user=$!
  services+=("$user")
  try "confirms by default: the user denies it" 69 in_terminal "${from_keyring[@]}" meti-token
  repeat_words
  kill "$user"

  provider_kill
  write_configuration false
  provider_start
}
