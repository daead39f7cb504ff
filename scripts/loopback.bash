# Sourced by scripts/demo and others, from the top of the repository, under set -euo pipefail: a
# desktop session and a METI of their own, in a throw-away directory.
#
# shellcheck shell=bash

# Makes $throwaway and sees to it that all is gone when the script ends, however it ends: first
# what is in $services, then what is in $remains.
# The sockets in it need a short name, so it is not made under TMPDIR.
make_throwaway() { # NAME
  throwaway=$(mktemp -d "/tmp/$1.XXXXXX")
  services=()
  remains=()
  trap end_loopback EXIT
  trap 'exit 129' HUP
  trap 'exit 130' INT
  trap 'exit 143' TERM
}

# Starts a COMMAND that reads lines on stdin and ends when that does. What is written to
# ${NAME}_in reaches it, and it is read at ${NAME}_out.
start_service() { # NAME COMMAND...
  local -n to=$1_in from=$1_out
  local pipe=$throwaway/$1
  mkfifo "$pipe.in" "$pipe.out"
  shift
  "$@" <"$pipe.in" >"$pipe.out" &
  services+=($!)
  # To the caller they are known by the names they stand for.
  # shellcheck disable=SC2034
  exec {to}>"$pipe.in" {from}<"$pipe.out"
}

# One line of what a service says; fails where it has ended, or says nothing for a minute.
hear() { # NAME VARIABLE
  local -n from=$1_out
  IFS= read -r -t 60 -u "$from" "$2" || fail "$1 has ended or does not answer"
}

# Starts a private session and enters it: what it prints becomes this script's environment.
enter_session() { # [--no-keyring]
  local line variable
  # Nothing of the caller's own METI account and proxies may be used, nor changed.
  for variable in ${!METI_*}; do unset "$variable"; done
  unset {all,http,https}_proxy {ALL,HTTP,HTTPS}_PROXY SSL_CERT_FILE CURL_CA_BUNDLE
  start_service session scripts/private-session "$throwaway/session" "$@"
  while hear session line && [[ $line != ready ]]; do
    export "${line?}"
  done
}

# Starts the mock of METI with one account, $email, whose password is in $throwaway/password, and
# exports its URL and the authority to trust it by.
start_meti() {
  local line certificates=$throwaway/certificates
  email=name@domain.com
  (umask 077 && printf '%s\n' 'correct horse battery staple' >"$throwaway/password")
  scripts/test-certificates "$certificates"
  start_service meti Tests/Servers/mock-meti --certificate "$certificates/server.pem" \
    --key "$certificates/server.key" --email "$email" --password-file "$throwaway/password"
  hear meti line
  export METI_API_URL=${line#ready } METI_CA_FILE=$certificates/ca.pem
}

# Gives the METI a command, and prints its answer.
meti() { # COMMAND...
  local answer
  # meti_in is set by start_service.
  # shellcheck disable=SC2154
  echo "$*" >&"$meti_in"
  hear meti answer
  echo "$answer"
}

# Fails if a token of the mock is in the kernel's keyring of that user, or of one's own. Only the
# user sees it. The kernel takes a moment to collect one that was removed.
expect_no_key() { # [USER-ID]
  local keys as_user=()
  [[ $# -eq 0 ]] || as_user=(setpriv --reuid="$1" --regid="$1" --clear-groups)
  for _ in {1..50}; do
    keys=$("${as_user[@]}" cat /proc/keys)
    [[ $keys == *"meti-token:$METI_API_URL"[:#]* ]] || return 0
    sleep 0.2
  done
  fail "a token stays in the kernel"
}

end_loopback() {
  local status=$? pid
  # Once is enough, and to the end.
  trap - EXIT
  trap '' HUP INT TERM
  # Keys in the kernel outlive the session; whatever else fails, they are removed.
  if [[ -n ${METI_API_URL-} ]]; then
    meti-token logout --all --timeout 5s >/dev/null 2>&1 || true
  fi
  for pid in "${services[@]}"; do kill -TERM "$pid" 2>/dev/null || true; done
  for pid in "${services[@]}"; do wait "$pid" 2>/dev/null || true; done
  # Empty directories elsewhere, such as control groups; what they hold comes before them.
  if ((${#remains[@]})); then
    find "${remains[@]}" -depth -type d -exec rmdir {} + 2>/dev/null || true
  fi
  rm -rf "$throwaway"
  exit "$status"
}
