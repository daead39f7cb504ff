// fuzz-target: MetiToken

// Any bytes as the body of an item in the keyring, or of a key in the kernel. Compiled together with
// the target.

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzStoredBody(_ start: UnsafeRawPointer?, _ count: Int) -> CInt {
  let input = UnsafeRawBufferPointer(start: start, count: count)
  checkToken(Secret(copying: input.bytes))
  checkCredential(Secret(copying: input.bytes))
  checkCached(Secret(copying: input.bytes))
  return 0
}

private let account = try! Account(name: "name@domain.com", api: .standard)
private let now = Moment(wall: 1_767_268_800_000, boot: 3_600_000, bootID: "boot")

/// What is read as a token is one, and is the same when it is written and read again.
private func checkToken(_ body: consuming Secret) {
  guard let token = Token(stored: body) else { return }
  precondition(token.secret.withBytes { Token.isLegal($0) })
  precondition(Lifetime.allowed.contains(token.lifetime))
  guard let again = Token(stored: token.stored()) else { preconditionFailure("not read again") }
  precondition(again.secret.equals(token.secret))
  precondition(again.account == token.account && again.expiry == token.expiry)
  precondition(again.lifetime == token.lifetime)
}

/// The same for a credential.
private func checkCredential(_ body: consuming Secret) {
  guard let credential = Credential(stored: body, account: account) else { return }
  precondition(credential.secret.withBytes { Credential.isLegalSecret($0) })
  guard let again = Credential(stored: credential.stored(), account: account) else {
    preconditionFailure("not read again")
  }
  precondition(again.secret.equals(credential.secret))
  precondition(again.grant == credential.grant && again.rejection == credential.rejection)
}

/// A cached token is legal and inside its life.
private func checkCached(_ body: consuming Secret) {
  guard let token = CachedForm.token(body, of: account, at: now) else { return }
  precondition(token.secret.withBytes { Token.isLegal($0) })
  precondition(Lifetime.allowed.contains(token.lifetime))
  precondition(!token.expiry.isOver(at: now))
  _ = token.need(at: now)
  guard let packed = CachedForm.pack(token, at: now) else { return }
  guard let again = CachedForm.token(packed, of: account, at: now) else {
    preconditionFailure("not read again")
  }
  precondition(again.secret.equals(token.secret) && again.expiry == token.expiry)
  precondition(again.lifetime == token.lifetime)
}
