// fuzz-target: MetiToken TokenEndpoint/TokenResponse.swift TokenEndpoint/WebToken.swift TokenEndpoint/TokenOwner.swift

// Any bytes as METI's answer to a request for a token. Compiled together with what reads it.

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzTokenResponse(_ start: UnsafeRawPointer?, _ count: Int) -> CInt {
  let input = UnsafeRawBufferPointer(start: start, count: count)
  let body = Secret(copying: input.bytes)
  checkRefusal(body)
  do throws(IssuerError) {
    let issued = try TokenResponse.parse(body)
    precondition(issued.secret.withBytes { Token.isLegal($0) })
    precondition(Lifetime.allowed.contains(issued.lifetime))
  } catch {
    guard case .unusable(let reason) = error else { preconditionFailure("a wrong kind of error") }
    // One line of our own words: nothing of the answer is ever told.
    precondition(reason.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F })
  }
  return 0
}

private func checkRefusal(_ body: borrowing Secret) {
  guard let words = TokenResponse.refusal(body) else { return }
  precondition(words.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F })
}
