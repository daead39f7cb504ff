// fuzz-target: MetiToken

// Any bytes as a git-credential request. Compiled together with the target.

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzGitRequest(_ start: UnsafeRawPointer?, _ count: Int) -> CInt {
  let input = UnsafeRawBufferPointer(start: start, count: count)
  checkPieces(input)
  guard let request = try? GitCredentialRequest(input.bytes) else { return 0 }
  checkHost(request)
  checkAnswer(request)
  return 0
}

/// The input fed a byte at a time comes to the same as all at once, and what is dropped after a
/// complete request does not matter.
private func checkPieces(_ input: UnsafeRawBufferPointer) {
  var whole = RequestAccumulator(form: .git)
  whole.append(input.bytes)
  var pieces = RequestAccumulator(form: .git)
  for index in input.indices {
    pieces.append(UnsafeRawBufferPointer(rebasing: input[index...index]).bytes)
  }
  precondition(whole.progress == pieces.progress && whole.bytes.equals(pieces.bytes))
  let isRequest = (try? GitCredentialRequest(input.bytes)) != nil
  precondition(isRequest == whole.bytes.withBytes { (try? GitCredentialRequest($0)) != nil })
}

/// A request for which we answer names the API's exact scheme and host.
private func checkHost(_ request: borrowing GitCredentialRequest) {
  for text in ["https://api.meti.millpont.com", "https://h:8443", "http://[::1]"] {
    guard let api = try? APIURL(text), request.isFor(api) else { continue }
    precondition(request[.protocol] == Array(api.scheme.rawValue.utf8))
    let host = String(decoding: request[.host] ?? [], as: UTF8.self).lowercased()
    let port = api.scheme == .https ? 443 : 80
    precondition(host == "\(api.host):\(api.port)" || (api.port == port && host == api.host))
    if let name = request.selector(at: api)?.name {
      precondition(request[.username].map { $0 == Array(name.utf8) } ?? false)
    }
  }
}

/// An answer is a request too, with the lines that it should have.
private func checkAnswer(_ request: borrowing GitCredentialRequest) {
  let start = Moment(wall: 1_767_268_800_000, boot: 3_600_000, bootID: "boot")
  let token = Token(
    secret: Secret(copying: "abc.def"), account: "name@domain.com",
    expiry: Expiry(lifetime: 3600, from: start), lifetime: 3600)
  guard let answer = GitCredentialAnswer.get(token, for: request, at: start) else {
    preconditionFailure("no answer")
  }
  precondition(answer.withBytes { (try? GitCredentialRequest($0)) != nil })
}
