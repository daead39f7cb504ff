# Sourced by scripts/demo and others, from the top of the repository, under set -euo pipefail: how to
# build, and a private desktop session and METI in a throw-away directory.
#
# shellcheck shell=bash

fail() {
  echo "${0##*/}: error: $*" >&2
  exit 1
}

# Runs `swift build`. Prints a line every ten seconds, and all of its output if it fails.
build() { # ARGUMENT...
  local output log=.build/log next=$((SECONDS + 10))
  echo "swift build${*:+ $*}"
  mkdir -p .build
  swift build "$@" </dev/null 2>&1 | while IFS= read -r output; do
    printf '%s\n' "$output" >&3
    if [[ $SECONDS -ge $next && $output == \[* ]]; then
      printf '  %.90s\n' "$output"
      next=$((SECONDS + 10))
    fi
  done 3>"$log" || {
    cat "$log" >&2
    return 1
  }
}

# Replaces the text between two markers in docs/speed.md.
update_docs() { # MARKER FILE
  grep -qFx "<!-- $1:end -->" docs/speed.md || fail "docs/speed.md has no line <!-- $1:end -->"
  sed --in-place -e "/^<!-- $1:begin -->$/,/^<!-- $1:end -->$/ {
    //!d
    /begin -->$/ { a\\

      r $2
    }
    /end -->$/ i\\

  }" docs/speed.md
}

# Makes $throwaway, and removes it when the script ends, for whatever reason; first it ends
# $services.
# The sockets in it need a short name, so it is not made under TMPDIR.
make_throwaway() { # NAME
  throwaway=$(mktemp -d "/tmp/$1.XXXXXX")
  services=()
  trap end_loopback EXIT
  trap 'exit 129' HUP
  trap 'exit 130' INT
  trap 'exit 143' TERM
}

# Starts a COMMAND that reads lines on its stdin, and ends when its stdin ends. Its stdin is the
# descriptor ${NAME}_in, its stdout ${NAME}_out.
start_service() { # NAME COMMAND...
  local -n to=$1_in from=$1_out
  local pipe=$throwaway/$1
  mkfifo "$pipe.in" "$pipe.out"
  shift
  "$@" <"$pipe.in" >"$pipe.out" &
  services+=($!)
  # The caller uses them under the names that they refer to.
  # shellcheck disable=SC2034
  exec {to}>"$pipe.in" {from}<"$pipe.out"
}

# Reads one line from a service. Fails if the service has ended or is silent for a minute.
hear() { # NAME VARIABLE
  local -n from=$1_out
  IFS= read -r -t 60 -u "$from" "$2" || fail "$1 has ended or does not answer"
}

# Starts a private session and adds its variables to the environment of this script.
enter_session() { # [--no-keyring]
  local line variable
  # The caller's own METI account and proxies are not used and not changed.
  for variable in ${!METI_*}; do unset "$variable"; done
  unset {all,http,https}_proxy {ALL,HTTP,HTTPS}_PROXY SSL_CERT_FILE CURL_CA_BUNDLE
  start_service session scripts/private-session "$throwaway/session" "$@"
  while hear session line && [[ $line != ready ]]; do
    export "${line?}"
  done
}

# Starts the mock METI with one account, $email, whose password is in $throwaway/password. Exports
# its URL and the certificate authority to trust.
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

# Fails if a token of the mock METI is in the kernel keyring of that user, by default one's own. Only
# the user sees it. The kernel removes a discarded key a moment later.
expect_no_key() { # [USER-ID]
  local keys as_user=()
  [[ $# -eq 0 ]] || as_user=(setpriv --reuid="$1" --regid="$1" --clear-groups)
  for _ in {1..50}; do
    keys=$("${as_user[@]}" cat /proc/keys)
    [[ $keys == *"meti-token:$METI_API_URL#"* ]] || return 0
    sleep 0.2
  done
  fail "a token stays in the kernel"
}

end_loopback() {
  local status=$? pid
  # Runs once, and to the end.
  trap - EXIT
  trap '' HUP INT TERM
  # Keys in the kernel outlive the session, so they are removed first.
  if [[ -n ${METI_API_URL-} ]]; then
    meti-token logout --all --timeout 5s >/dev/null 2>&1 || true
  fi
  for pid in "${services[@]}"; do kill -TERM "$pid" 2>/dev/null || true; done
  for pid in "${services[@]}"; do wait "$pid" 2>/dev/null || true; done
  # A script may define it.
  if declare -F clean_up >/dev/null; then clean_up; fi
  rm -rf "$throwaway"
  exit "$status"
}
