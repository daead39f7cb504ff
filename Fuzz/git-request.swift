// fuzz-target: MetiToken

// Any bytes as a git-credential request. Compiled together with the target.

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzGitRequest(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let input = Array(UnsafeBufferPointer(start: start, count: count))
  checkPieces(input)
  guard let request = parsed(input) else { return 0 }
  precondition(outcome(serialised(request)) == .request(serialised(request)))
  checkHost(request, input: input)
  checkErase(request)
  checkAnswer(request)
  return 0
}

private func parsed(_ input: [UInt8]) -> GitCredentialRequest? {
  try? GitCredentialRequest(input.span.bytes)
}

/// Nothing after a complete request counts.
private func checkPieces(_ input: [UInt8]) {
  var request = HelperRequest()
  request.append(input.span.bytes)
  guard !request.isEngFlow, request.isComplete, input.count < HelperRequest.longest / 2 else {
    return
  }
  precondition(outcome(input) == outcome(input + Array("\nhost=x\0".utf8)))
}

/// The request written out again, or why there is none.
private enum Outcome: Equatable {
  case request([UInt8])
  case malformed(MalformedRequest)
}

private func outcome(_ input: [UInt8]) -> Outcome {
  do throws(MalformedRequest) {
    return .request(serialised(try GitCredentialRequest(input.span.bytes)))
  } catch {
    return .malformed(error)
  }
}

private func serialised(_ request: borrowing GitCredentialRequest) -> [UInt8] {
  var text: [UInt8] = []
  func add(_ key: String, _ value: [UInt8]?) {
    guard let value else { return }
    precondition(!value.contains(0) && !value.contains(10) && !value.contains(13))
    text += Array(key.utf8) + [UInt8(ascii: "=")] + value + [10]
  }
  if request.hasAuthtypeCapability { add("capability[]", Array("authtype".utf8)) }
  for key in GitCredentialRequest.Key.allCases { add(key.rawValue, request[key]) }
  add("password", revealed(request.password))
  add("credential", revealed(request.credential))
  return text
}

private func revealed(_ secret: borrowing Secret?) -> [UInt8]? {
  switch secret {
  case .some(let secret): secret.array
  case nil: nil
  }
}

/// A request for which we answer has the API's exact protocol and host in it.
private func checkHost(_ request: borrowing GitCredentialRequest, input: [UInt8]) {
  for (text, defaultPort) in [
    ("https://api.meti.millpont.com", ":443"), ("https://h:8443", ""), ("http://[::1]", ":80"),
    ("http://[::1]:8", ""),
  ] {
    guard let api = try? APIURL(text) else { preconditionFailure("an API of ours is refused") }
    guard request.isFor(api) else {
      precondition(request.selector(at: api) == nil)
      continue
    }
    let host = (request[.host] ?? []).map(\.lowercased)
    let short = Array(text.utf8.drop { $0 != UInt8(ascii: "/") }.dropFirst(2))
    let long = short + Array(defaultPort.utf8)
    precondition(host == short || host == long)
    precondition(request[.protocol] == Array(api.scheme.rawValue.utf8))
    precondition(contains(input.map(\.lowercased), Array(api.host.utf8)))
    checkAccount(request, api)
  }
}

/// The account that is asked for has exactly the username that was sent.
private func checkAccount(_ request: borrowing GitCredentialRequest, _ api: APIURL) {
  guard let selector = request.selector(at: api) else {
    precondition(request[.username] != nil)
    return
  }
  precondition(selector.name.map { Array($0.utf8) } == request[.username])
}

private func contains(_ text: [UInt8], _ part: [UInt8]) -> Bool {
  guard text.count >= part.count else { return false }
  return (0...(text.count - part.count)).contains { text[$0...].starts(with: part) }
}

/// A token is discarded for the secrets that came, or for none, and for no other.
private func checkErase(_ request: borrowing GitCredentialRequest) {
  let isNamed = request[.protocol] != nil && request[.host] != nil
  let secrets = [revealed(request.password), revealed(request.credential)].compactMap { $0 }
  for secret in secrets {
    precondition(request.asksToForget(Secret(copying: secret.span.bytes)) == isNamed)
    precondition(!request.asksToForget(Secret(copying: (secret + [0]).span.bytes)))
  }
  if secrets.isEmpty { precondition(request.asksToForget(Secret(copying: "x")) == isNamed) }
}

/// An answer is a request, too, with the lines that it should have, whatever token and username are.
private func checkAnswer(_ request: borrowing GitCredentialRequest) {
  guard let secret = revealed(request.credential) ?? revealed(request.password),
    let name = String(validating: request[.username] ?? [], as: UTF8.self)
  else { return }
  let token = Token(
    secret: Secret(copying: secret.span.bytes), account: name,
    expiry: Moment(wall: 1_795_453_200_000, boot: 0, bootID: ""), lifetime: 3600)
  let now = Moment(wall: 1_795_450_000_000, boot: 0, bootID: "")
  guard let answer = GitCredentialAnswer.get(token, for: request, at: now)?.array else { return }
  precondition(answer.last == 10 && !answer.contains(0) && !answer.contains(13))
  precondition(answer.count { $0 == 10 } == (request.hasAuthtypeCapability ? 5 : 3))
  guard let read = parsed(answer) else {
    preconditionFailure("an answer is no request")
  }
  precondition(revealed(read.credential) ?? revealed(read.password) == secret)
  if !request.hasAuthtypeCapability { precondition(read[.username] == Array(name.utf8)) }
}

extension Secret {
  fileprivate var array: [UInt8] {
    withBytes { bytes in (0..<bytes.byteCount).map { bytes.byte(at: $0) } }
  }
}
