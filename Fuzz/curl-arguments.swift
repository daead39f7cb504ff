// fuzz-target: MetiToken

// Any arguments for `meti-token curl`, separated by NUL. Compiled together with the target.

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzCurlArguments(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let input = Array(UnsafeBufferPointer(start: start, count: count))
  let given = input.split(separator: 0, omittingEmptySubsequences: false).map(Array.init)
  for text in ["https://api.meti.millpont.com", "https://h:8443/v1", "http://[::1]"] {
    guard let api = try? APIURL(text) else { preconditionFailure("an API of ours is refused") }
    guard let arguments = try? CurlArguments(given, api: api) else { continue }
    check(arguments, api)
  }
  return 0
}

/// What reaches curl is a list of long options, one of which is a URL on the API's origin.
private func check(_ arguments: CurlArguments, _ api: APIURL) {
  // Once more, nothing changes.
  guard let again = try? CurlArguments(arguments.checked, api: api) else {
    preconditionFailure("what was allowed is refused")
  }
  precondition(again.checked == arguments.checked)

  var urls: [[UInt8]] = []
  var rest = arguments.checked[...]
  while let argument = rest.popFirst() {
    precondition(argument.starts(with: "--".utf8) && argument.count > 2)
    let name = String(decoding: argument.dropFirst(2), as: UTF8.self)
    precondition(!forbidden.contains(name))
    guard let option = CurlOption.all.first(where: { $0.name == name }) else {
      preconditionFailure("an unknown option")
    }
    guard option.takesValue else { continue }
    guard let value = rest.popFirst() else { preconditionFailure("an option without a value") }
    if name == "url" { urls.append(value) }
    if name == "header" { check(header: value) }
  }
  precondition(urls.count == 1)
  precondition(urls[0].starts(with: "\(api.origin)/".utf8))
  precondition(urls[0].allSatisfy { (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "\\") })
}

private let forbidden: Set = [
  "next", "config", "verbose", "trace", "trace-ascii", "libcurl", "location-trusted", "insecure",
  "resolve", "connect-to", "proxy", "preproxy", "unix-socket", "proto", "proto-redir",
  "dump-header", "user", "oauth2-bearer", "netrc", "cacert", "capath", "tlsv1.0", "alt-svc",
  "variable", "parallel", "noproxy", "cookie",
]

private func check(header: [UInt8]) {
  precondition(!header.contains(10) && !header.contains(13) && header.first != UInt8(ascii: "@"))
  let name = header.filter { $0 > 0x20 }.map(\.lowercased)
  for bad in ["authorization:", "authorization;", "host:", "host;", ":", ";"] {
    precondition(!name.starts(with: bad.utf8))
  }
}
