// fuzz-target: HelperProtocols

// Any bytes as a git-credential request. Compiled together with the target, so that it can look
// at what the target shows nobody.

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzGitRequest(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let input = Array(UnsafeBufferPointer(start: start, count: count))
  checkPieces(input)
  checkAnswer(input)
  guard let request = try? GitCredentialRequest(input.span) else { return 0 }
  checkRoundTrip(request)
  checkHost(request, input: input)
  checkErase(request)
  return 0
}

/// The input fed a byte at a time comes to the same as all at once, and parses the same.
private func checkPieces(_ input: [UInt8]) {
  for form in [nil, RequestAccumulator.Form.git] {
    var whole = RequestAccumulator(form: form)
    whole.append(input.span)
    var pieces = RequestAccumulator(form: form)
    for byte in input { pieces.append([byte].span) }
    precondition(whole.form == pieces.form && whole.progress == pieces.progress)
    precondition(kept(whole) == kept(pieces))

    guard whole.form == .git else { continue }
    precondition(outcome(kept(whole)) == outcome(input), "what was dropped mattered")
    if whole.progress == .complete {
      precondition(outcome(input) == outcome(input + Array("\nhost=x\0".utf8)))
    }
    if whole.progress == .tooLarge { precondition((try? GitCredentialRequest(input.span)) == nil) }
  }
}

private func kept(_ accumulator: borrowing RequestAccumulator) -> [UInt8] {
  accumulator.withBytes { $0.copied() }
}

/// The request written out again, or why there is none.
private enum Outcome: Equatable {
  case request([UInt8])
  case malformed(GitCredentialRequest.Malformed)
}

private func outcome(_ input: [UInt8]) -> Outcome {
  do throws(GitCredentialRequest.Malformed) {
    return .request(serialised(try GitCredentialRequest(input.span)))
  } catch {
    return .malformed(error)
  }
}

private func checkRoundTrip(_ request: borrowing GitCredentialRequest) {
  let text = serialised(request)
  precondition(outcome(text) == .request(text))
}

private func serialised(_ request: borrowing GitCredentialRequest) -> [UInt8] {
  var text: [UInt8] = []
  func add(_ key: String, _ value: [UInt8]?) {
    guard let value else { return }
    precondition(!value.contains(0) && !value.contains(10) && !value.contains(13))
    text += Array(key.utf8) + [UInt8(ascii: "=")] + value + [10]
  }
  if request.hasAuthtypeCapability { add("capability[]", Array("authtype".utf8)) }
  add("protocol", request.protocol)
  add("host", request.host)
  add("path", request.path)
  add("username", request.username)
  add("authtype", request.authtype)
  add("password", revealed(request.password))
  add("credential", revealed(request.credential))
  return text
}

private func revealed(_ secret: borrowing CallerSecret?) -> [UInt8]? {
  switch secret {
  case .some(let secret): secret.bytes.withBytes { $0.copied() }
  case nil: nil
  }
}

/// A request for which we answer has the host's exact text in it.
private func checkHost(_ request: borrowing GitCredentialRequest, input: [UInt8]) {
  for (scheme, name, port) in [
    ("https", "api.meti.millpont.com", 443), ("https", "h", 8443), ("http", "[::1]", 80),
  ] {
    guard let ours = try? CredentialHost(scheme: scheme, host: name, port: port) else {
      preconditionFailure("a host of ours is refused")
    }
    guard request.isFor(ours) else { continue }
    let host = (request.host ?? []).map(\.lowercased)
    let withPort = Array("\(name):\(port)".utf8)
    precondition(host == withPort || (port == 443 && host == Array(name.utf8)))
    precondition(request.protocol == Array(scheme.utf8))
    precondition(contains(input.map(\.lowercased), Array(name.utf8)))
  }
}

private func contains(_ text: [UInt8], _ part: [UInt8]) -> Bool {
  guard text.count >= part.count else { return false }
  return (0...(text.count - part.count)).contains { text[$0...].starts(with: part) }
}

/// A token is forgotten for the secrets that came, or for none, and for no other.
private func checkErase(_ request: borrowing GitCredentialRequest) {
  let isNamed = request.protocol != nil && request.host != nil
  let secrets = [revealed(request.password), revealed(request.credential)].compactMap { $0 }
  for secret in secrets {
    precondition(request.asksToForget(secret.span) == isNamed)
    precondition(!request.asksToForget((secret + [0]).span))
  }
  if secrets.isEmpty { precondition(request.asksToForget([1].span) == isNamed) }
}

/// An answer has the lines it is meant to have, whatever token and username are.
private func checkAnswer(_ value: [UInt8]) {
  let split = value.firstIndex(of: ASCII.space) ?? value.count
  let token = Array(value[..<split])
  let username = Array(value[split...])
  let bearer = try? GitCredentialAnswer.bearer(token: token.span, expiry: 1_795_453_200)
  let password = try? GitCredentialAnswer.password(
    token.span, username: username.span, expiry: 1_795_453_200)
  if let bearer {
    precondition(bearer.split(separator: 10, omittingEmptySubsequences: false).count == 6)
    checkAnswer(bearer, room: token.count + 160)
    precondition(contains(bearer, Array("\ncredential=".utf8) + token + [10]))
  }
  if let password {
    precondition(password.split(separator: 10, omittingEmptySubsequences: false).count == 4)
    checkAnswer(password, room: token.count + username.count + 160)
    precondition(contains(password, Array("\npassword=".utf8) + token + [10]))
  }
}

/// An answer is a request too: the lines are the same.
private func checkAnswer(_ answer: [UInt8], room: Int) {
  precondition(answer.last == 10 && !answer.contains(0) && !answer.contains(13))
  precondition(answer.count <= room, "the array has grown")
  precondition((try? GitCredentialRequest(answer.span)) != nil)
}
