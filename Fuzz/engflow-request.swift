// fuzz-target: MetiToken

// Any bytes as an EngFlow request. Compiled together with the target.

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzEngFlowRequest(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let input = Array(UnsafeBufferPointer(start: start, count: count))
  checkAnswer(input)
  guard case .uri(let uri) = outcome(input) else { return 0 }
  checkAccumulated(input)
  checkRoundTrip(uri)
  checkCuts(input)
  checkHost(uri)
  return 0
}

private enum Outcome: Equatable {
  case uri(String)
  case malformed(MalformedRequest)
}

private func outcome(_ input: [UInt8]) -> Outcome {
  do throws(MalformedRequest) {
    return .uri(try EngFlow.uri(of: input.span.bytes))
  } catch {
    return .malformed(error)
  }
}

/// What parses is a complete EngFlow request, however it was cut.
private func checkAccumulated(_ input: [UInt8]) {
  var request = HelperRequest()
  for byte in input { request.append([byte].span.bytes) }
  precondition(request.isEngFlow && request.isComplete)
}

/// The uri comes through JSON again as it is.
private func checkRoundTrip(_ uri: String) {
  var object = JSONObject()
  object.add("uri", uri)
  let text = object.finish().array
  if text.count <= HelperRequest.longest {
    guard case .uri(let again) = outcome(text) else { preconditionFailure("not read again") }
    precondition(again.utf8.elementsEqual(uri.utf8))
  }
}

/// No part of a request up to its last brace is a request, nor is a request with more behind it.
private func checkCuts(_ input: [UInt8]) {
  guard let end = input.lastIndex(of: UInt8(ascii: "}")) else {
    preconditionFailure("a request without a brace")
  }
  precondition(outcome(Array(input[..<end])) == .malformed(.notJSON))
  precondition(outcome(Array(input[..<(end / 2)])) == .malformed(.notJSON))
  guard input.count < HelperRequest.longest else { return }
  precondition(outcome(input + [UInt8(ascii: "x")]) == .malformed(.notJSON))
  precondition(outcome(input + [0x20]) == outcome(input))
}

/// A uri for which we answer begins with the API's exact text.
private func checkHost(_ uri: String) {
  for (text, defaultPort) in [
    ("https://api.meti.millpont.com", ":443"), ("https://h:8443", ""), ("http://[::1]", ":80"),
    ("http://[::1]:8", ""),
  ] {
    guard let api = try? APIURL(text) else { preconditionFailure("an API of ours is refused") }
    guard api.serves(uri: uri) else { continue }
    let uri = Array(uri.utf8)
    precondition(uri.allSatisfy { (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "\\") })
    let prefix = Array("\(api.scheme.rawValue)://".utf8)
    precondition(uri.starts(with: prefix))
    let authority = uri.dropFirst(prefix.count).prefix { !"/?#".utf8.contains($0) }
      .map(\.lowercased)
    let short = Array(text.utf8.dropFirst(prefix.count))
    let long = short + Array(defaultPort.utf8)
    precondition(authority == short || authority == long)
    precondition(api.serves(protocol: Array(api.scheme.rawValue.utf8), host: authority))
  }
}

/// An answer with any token holds exactly that token, on one line, in an object.
private func checkAnswer(_ text: [UInt8]) {
  let wall = text.prefix(8).reduce(Int64(0)) { $0 << 8 | Int64($1) }
  let token = Token(
    secret: Secret(copying: text.span.bytes), account: "name@domain.com",
    expiry: Moment(wall: wall / 1000 * 1000, boot: 0, bootID: ""), lifetime: 3600)
  let now = Moment(wall: wall / 1000 * 1000, boot: 0, bootID: "")
  guard let answer = EngFlow.answer(token, at: now)?.array else { return }
  precondition(answer.allSatisfy { (0x20...0x7E).contains($0) })
  let head = Array("{\"headers\":{\"Authorization\":[\"Bearer ".utf8)
  precondition(answer.starts(with: head + text + Array("\"]},\"expires\":\"".utf8)))
  precondition(answer.count == head.count + text.count + 37, "a time has 20 characters")
  precondition(outcome(answer) == .malformed(.notJSON), "the answer is no JSON object")
}

extension Secret {
  fileprivate var array: [UInt8] {
    withBytes { bytes in (0..<bytes.byteCount).map { bytes.byte(at: $0) } }
  }
}
