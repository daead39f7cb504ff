// fuzz-target: MetiToken TokenEndpoint/TokenResponse.swift TokenEndpoint/WebToken.swift TokenEndpoint/ErrorResponse.swift TokenEndpoint/Secret+JSON.swift

// Any bytes as METI's answer to a request for a token. Compiled together with what reads it.

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzTokenResponse(_ start: UnsafeRawPointer?, _ count: Int) -> CInt {
  let input = UnsafeRawBufferPointer(start: start, count: count)
  let body = Secret(copying: input.bytes)
  check(ErrorResponse(body)?.reason)
  _ = body.edges
  do throws(IssuerError) {
    let issued = try TokenResponse.parse(body, date: 1_767_268_800)
    precondition(issued.secret.withBytes { Token.isLegal($0) })
    precondition(Lifetime.allowed.contains(issued.lifetime))
  } catch {
    switch error {
    case .unusable(let reason): check(reason)
    case .unavailable(let reason, _, _, _): check(reason)
    default: preconditionFailure("a wrong kind of error")
    }
  }
  return 0
}

/// One line of our own words: the server's text is never shown.
private func check(_ reason: String?) {
  precondition(reason?.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F } ?? true)
}
