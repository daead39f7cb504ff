// fuzz-target: HelperProtocols

// Any bytes as an EngFlow request. Compiled together with the target.

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzEngFlowRequest(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let input = Array(UnsafeBufferPointer(start: start, count: count))
  checkPieces(input)
  checkAnswer(input)
  guard let request = try? EngFlowRequest(input.span) else { return 0 }
  checkAccumulated(input)
  checkRoundTrip(request)
  checkCuts(input)
  checkHost(request)
  return 0
}

/// The input fed a byte at a time comes to the same as all at once, and parses the same.
private func checkPieces(_ input: [UInt8]) {
  var whole = RequestAccumulator()
  whole.append(input.span)
  var pieces = RequestAccumulator()
  for byte in input { pieces.append([byte].span) }
  precondition(whole.form == pieces.form && whole.progress == pieces.progress)
  let kept = whole.withBytes { $0.copied() }
  precondition(kept == pieces.withBytes { $0.copied() })
  if whole.form == .engFlow { precondition(outcome(kept) == outcome(input)) }
}

private enum Outcome: Equatable {
  case request(EngFlowRequest)
  case malformed(EngFlowRequest.Malformed)
}

private func outcome(_ input: [UInt8]) -> Outcome {
  do throws(EngFlowRequest.Malformed) {
    return .request(try EngFlowRequest(input.span))
  } catch {
    return .malformed(error)
  }
}

/// What parses is what the accumulator calls a complete EngFlow request.
private func checkAccumulated(_ input: [UInt8]) {
  var accumulator = RequestAccumulator()
  accumulator.append(input.span)
  precondition(accumulator.form == .engFlow && accumulator.progress == .complete)
}

/// The uri is UTF-8, and comes through JSON again as it is.
private func checkRoundTrip(_ request: EngFlowRequest) {
  precondition(String(validating: request.uri, as: UTF8.self) != nil)
  var text = Array("{\"uri\":\"".utf8)
  for byte in request.uri {
    switch byte {
    case ASCII.quote, ASCII.backslash: text += [ASCII.backslash, byte]
    case 0..<0x20: text += Array("\\u00".utf8) + hex(byte)
    default: text.append(byte)
    }
  }
  text += Array("\"}".utf8)
  if text.count <= RequestLimits.request { precondition(outcome(text) == .request(request)) }
}

private func hex(_ byte: UInt8) -> [UInt8] {
  let digits = Array("0123456789abcdef".utf8)
  return [digits[Int(byte >> 4)], digits[Int(byte & 15)]]
}

/// No part of a request up to its last brace is a request, nor is a request with more behind it.
private func checkCuts(_ input: [UInt8]) {
  guard let end = input.lastIndex(of: ASCII.closeBrace) else {
    preconditionFailure("a request without a brace")
  }
  precondition(outcome(Array(input[..<end])) != outcome(input))
  precondition((try? EngFlowRequest(input[..<(end / 2)].map { $0 }.span)) == nil)
  guard input.count < RequestLimits.request else { return }
  precondition(outcome(input + [UInt8(ascii: "x")]) == .malformed(.trailingText))
  precondition(outcome(input + [0x20]) == outcome(input))
}

/// A uri for which we answer begins with the host's exact text.
private func checkHost(_ request: EngFlowRequest) {
  for (name, port) in [("api.meti.millpont.com", 443), ("h", 8443)] {
    guard let ours = try? CredentialHost(scheme: "https", host: name, port: port) else {
      preconditionFailure("a host of ours is refused")
    }
    guard ours.matches(uri: request.uri.span) else { continue }
    let uri = request.uri
    precondition(uri.allSatisfy { (0x21...0x7E).contains($0) && $0 != ASCII.backslash })
    let authority = uri.dropFirst("https://".utf8.count)
      .prefix { ![ASCII.slash, ASCII.question, ASCII.hash].contains($0) }.map(\.lowercased)
    precondition(uri.starts(with: "https://".utf8))
    precondition(
      authority == Array("\(name):\(port)".utf8)
        || (port == 443 && authority == Array(name.utf8)))
    precondition(ours.matches(protocol: Array("https".utf8).span, host: authority.span))
  }
}

/// An answer with any token holds exactly that token, on one line, in an object.
private func checkAnswer(_ token: [UInt8]) {
  let expiry = token.prefix(8).reduce(Int64(0)) { $0 << 8 | Int64($1) }
  guard let answer = try? EngFlowAnswer.get(token: token.span, expiry: expiry) else { return }
  precondition(answer.allSatisfy { (0x20...0x7E).contains($0) })
  let head = Array("{\"headers\":{\"Authorization\":[\"Bearer ".utf8)
  precondition(answer.starts(with: head + token + Array("\"]},\"expires\":\"".utf8)))
  precondition(answer.count == head.count + token.count + 37, "a time has 20 characters")
  precondition(outcome(answer) == .malformed(.missingURI), "the answer is no JSON object")
}
