// fuzz-target: MetiToken

// Any bytes, separated by line feeds, as the arguments of `meti-token curl`. Compiled together with
// the target.

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzCurlArguments(_ start: UnsafeRawPointer?, _ count: Int) -> CInt {
  let input = Array(UnsafeRawBufferPointer(start: start, count: count))
  let arguments = input.split(separator: 0x0A, omittingEmptySubsequences: false).map { Array($0) }
  guard let api = try? APIURL("https://api.example.org:8443/v1"),
    let checked = try? CurlArguments(arguments, api: api).checked
  else { return 0 }
  checkURLs(checked, api)
  return 0
}

/// There is one URL, and it begins with the API's origin and a slash; every option is allowed.
private func checkURLs(_ checked: [[UInt8]], _ api: APIURL) {
  var rest = checked[...]
  var urls = 0
  while let argument = rest.popFirst() {
    precondition(argument.starts(with: "--".utf8))
    let name = String(decoding: argument.dropFirst(2), as: UTF8.self)
    guard let option = CurlOption(name: name) else { preconditionFailure("not allowed: \(name)") }
    guard option.takesValue else { continue }
    guard let value = rest.popFirst() else { preconditionFailure("no value: \(name)") }
    guard name == "url" else { continue }
    urls += 1
    precondition(value.starts(with: "\(api.origin)/".utf8) || value == Array(api.origin.utf8))
    precondition(value.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\\") })
  }
  precondition(urls == 1)
}
