# Sourced by lab/providers, which says what the functions are for.
# KWallet as kwalletd5, kwalletd6 or ksecretd, whose wallet is opened as pam_kwallet does it at log-in.
# Some variables are that script's, and some of these are for it.
#
# shellcheck shell=bash disable=SC2034,SC2154

provider_version() {
  local package
  package=$(dpkg-query --search "/usr/bin/$provider")
  echo "KWallet $(package_version "${package%%:*}"), $provider"
}

provider_session=(--no-keyring)

provider_start() {
  local wallet=$XDG_DATA_HOME/kwalletd/kdewallet.kwl
  if [[ ! -e $wallet ]]; then
    start_display
    # A wallet that is not there when the daemon starts does not become the default collection.
    write_configuration
    run_opened
    until_true test -s "$wallet" || fail "KWallet created no wallet"
    provider_kill
  fi
  run_opened
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

# pam_kwallet hands over a hash of 56 bytes, made from the log-in password, and then the session's
# environment over a socket.
run_opened() {
  run_provider env PAM_KWALLET5_LOGIN=1 python3 -c '
import os, socket, sys
reader, writer = os.pipe()
os.write(writer, bytes(range(1, 57)))
server = socket.socket(socket.AF_UNIX)
server.bind("")
server.listen()
client = socket.socket(socket.AF_UNIX)
client.connect(server.getsockname())
client.close()
for file in (reader, server.fileno()):
    os.set_inheritable(file, True)
os.execvp(sys.argv[1], [sys.argv[1], "--pam-login", str(reader), str(server.fileno())])' "$provider"
  until_true secrets_are_owned || fail "KWallet did not start"
  until_true wallet_is_open || fail "KWallet did not open the wallet"
}

kwallet() { # METHOD ARGUMENT...
  local method=org.kde.KWallet.$1
  shift
  call "org.kde.$provider" "/modules/$provider" "$method" "$@"
}

# ksecretd has no other interface than the Secret Service.
wallet_is_open() {
  if [[ $provider == ksecretd ]]; then
    default_collection_has_locked false
  else
    [[ $(kwallet isOpen string:kdewallet) == *true ]]
  fi
}

provider_kill() { kill_provider; }

provider_dialogs=KDE
provider_ways=("never opened" "locked")
[[ $provider == ksecretd ]] || provider_ways+=("closed")

provider_lock() { # WAY
  case $1 in
    "never opened")
      # It writes what is stored five seconds later.
      sleep 6
      provider_kill
      run_provider "$provider"
      until_true secrets_are_owned || fail "KWallet did not start"
      ;;
    closed) kwallet closeAllWallets >/dev/null ;;
    locked)
      # It refuses to lock a wallet that nobody has unlocked over the Secret Service.
      "${from_keyring[@]}" meti-token >/dev/null
      lock_default_collection
      ;;
  esac
  until_true default_collection_has_locked true || fail "KWallet is not locked: $1"
}

# After a log-in the wallet is open, and nobody has called Unlock yet.
provider_peculiarities() {
  sleep 6
  provider_unlock
  try "open since the log-in: it opens without a dialog" 0 "${from_keyring[@]}" meti-token
}
