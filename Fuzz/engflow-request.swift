// fuzz-target: MetiToken

// Any bytes as an EngFlow request. Compiled together with the target.

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzEngFlowRequest(_ start: UnsafeRawPointer?, _ count: Int) -> CInt {
  let input = UnsafeRawBufferPointer(start: start, count: count)
  checkPieces(input)
  guard let uri = try? EngFlow.uri(of: input.bytes) else { return 0 }
  checkHost(uri)
  return 0
}

/// The input fed a byte at a time comes to the same as all at once.
private func checkPieces(_ input: UnsafeRawBufferPointer) {
  var whole = RequestAccumulator()
  whole.append(input.bytes)
  var pieces = RequestAccumulator()
  for index in input.indices {
    pieces.append(UnsafeRawBufferPointer(rebasing: input[index...index]).bytes)
  }
  precondition(whole.form == pieces.form && whole.progress == pieces.progress)
  precondition(whole.bytes.equals(pieces.bytes))
}

/// A URI for which we answer begins with the API's exact scheme and host.
private func checkHost(_ uri: String) {
  for text in ["https://api.meti.millpont.com", "https://h:8443", "http://[::1]"] {
    guard let api = try? APIURL(text), api.serves(uri: uri) else { continue }
    precondition(uri.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\\") })
    precondition(uri.hasPrefix("\(api.scheme.rawValue)://"))
    let authority = uri.dropFirst(api.scheme.rawValue.count + 3)
      .prefix { !"/?#".contains($0) }.lowercased()
    let port = api.scheme == .https ? 443 : 80
    precondition(
      authority == "\(api.host):\(api.port)" || (api.port == port && authority == api.host))
  }
}
