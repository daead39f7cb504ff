# Sourced by lab/providers, which says what the functions are for.
# KWallet, whose wallet is opened as pam_kwallet does it at log-in, so that it opens no dialog.
# Some variables are that script's, and some of these are for it.
#
# shellcheck shell=bash disable=SC2034,SC2154

provider_version() { echo "KWallet $(package_version libkf5wallet-bin)"; }

provider_session=(--no-keyring)

provider_start() {
  local wallet=$XDG_DATA_HOME/kwalletd/kdewallet.kwl
  if [[ ! -e $wallet ]]; then
    # A wallet that is not there when the daemon starts does not become the default collection.
    write_configuration
    run_kwalletd
    open_wallet
    until_true test -s "$wallet" || fail "KWallet created no wallet"
    provider_kill
  fi
  run_kwalletd
  provider_unlock
}

write_configuration() {
  cat >"$XDG_CONFIG_HOME/kwalletrc" <<CONF
[Wallet]
Enabled=true
First Use=false
Use One Wallet=true
Default Wallet=kdewallet
Close When Idle=false
Leave Open=true
Prompt on Open=false

[org.freedesktop.secrets]
apiEnabled=true
CONF
}

run_kwalletd() {
  run_provider env QT_QPA_PLATFORM=offscreen kwalletd5
  until_true secrets_are_owned || fail "KWallet did not start"
}

# What pam_kwallet hands over is a hash of 56 bytes, made from the log-in password.
open_wallet() {
  local hash
  hash=$(printf '%d,' {1..56})
  call org.kde.kwalletd5 /modules/kwalletd5 org.kde.KWallet.pamOpen \
    string:kdewallet "array:byte:${hash%,}" int32:0 >/dev/null
  until_true wallet_is_open || fail "KWallet did not open the wallet"
}

wallet_is_open() {
  [[ $(call org.kde.kwalletd5 /modules/kwalletd5 org.kde.KWallet.isOpen string:kdewallet) == *true ]]
}

provider_kill() { kill_provider; }

provider_lock() {
  call org.kde.kwalletd5 /modules/kwalletd5 org.kde.KWallet.closeAllWallets >/dev/null
  until_true default_collection_has_locked true || fail "KWallet did not close the wallet"
}

# The Secret Service calls an open wallet locked until somebody has unlocked it, which opens no
# dialog then.
provider_unlock() {
  local prompt
  open_wallet
  prompt=$(call org.freedesktop.secrets /org/freedesktop/secrets \
    org.freedesktop.Secret.Service.Unlock "array:objpath:$(default_collection)")
  call org.freedesktop.secrets "${prompt##* }" org.freedesktop.Secret.Prompt.Prompt string: >/dev/null
  until_true default_collection_has_locked false || fail "KWallet did not unlock the open wallet"
}

# After a log-in the wallet is open, and nobody has called Unlock yet.
provider_peculiarities() {
  provider_kill
  run_kwalletd
  open_wallet
  try "open since the log-in, not unlocked yet" 69 "${from_keyring[@]}" meti-token
  try "the same in a terminal: it unlocks by itself" 0 in_terminal "${from_keyring[@]}" meti-token
  repeat_words
  try "and is unlocked then" 0 "${from_keyring[@]}" meti-token
}
