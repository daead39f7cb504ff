/// An option of curl(1) that `meti-token curl` allows: what is used with an API, and cannot show the
/// token, send it elsewhere, or change the route or whom curl trusts.
struct CurlOption {
  /// As it is spelled after `--`. No curl takes one of these for an abbreviation of something else.
  let name: String
  let takesValue: Bool

  /// The option of this long name.
  init?(name: String) {
    guard let takesValue = Self.allowed[name] else { return nil }
    self.name = name
    self.takesValue = takesValue
  }

  /// The option of this letter.
  init?(letter: UInt8) {
    guard let name = Self.names[letter] else { return nil }
    self.init(name: name)
  }

  /// Each with its letter, if it has one.
  private static let flags = """
    compressed create-dirs fail:f fail-with-body get:G globoff:g head:I http1.1 http2 include:i \
    ipv4:4 ipv6:6 location:L no-buffer:N no-clobber no-progress-meter path-as-is progress-bar:# \
    remote-header-name:J remote-name:O remote-time:R remove-on-error retry-all-errors \
    retry-connrefused show-error:S silent:s
    """

  private static let values = """
    connect-timeout continue-at:C data:d data-ascii data-binary data-raw data-urlencode \
    etag-compare etag-save expect100-timeout form:F form-string header:H json limit-rate \
    max-filesize max-redirs max-time:m output:o output-dir range:r referer:e request:X retry \
    retry-delay retry-max-time speed-limit:Y speed-time:y time-cond:z upload-file:T url url-query \
    user-agent:A write-out:w
    """

  private static let allowed = {
    var allowed: [String: Bool] = [:]
    for entry in flags.split(separator: " ") { allowed[name(in: entry)] = false }
    for entry in values.split(separator: " ") { allowed[name(in: entry)] = true }
    return allowed
  }()

  private static let names = {
    var names: [UInt8: String] = [:]
    for entry in "\(flags) \(values)".split(separator: " ") where entry.contains(":") {
      names[entry.utf8.last ?? 0] = name(in: entry)
    }
    return names
  }()

  /// Each as `--fail (-f)`, in the order of their names.
  static var list: [String] {
    "\(flags) \(values)".split(separator: " ").sorted().map { entry in
      let letter = entry.contains(":") ? " (-\(entry.last ?? "-"))" : ""
      return "--\(name(in: entry))\(letter)"
    }
  }

  private static func name(in entry: Substring) -> String { String(entry.prefix { $0 != ":" }) }

  /// Why an option that users may try is refused; `nil` if there is nothing to say about it.
  static func reason(against name: String) -> String? {
    reasons.first { $0.names.split(separator: " ").contains(name[...]) }?.reason
  }

  private static let reasons = [
    (
      names: "verbose v trace trace-ascii trace-config libcurl",
      reason: "it would show the token; use -i to see the headers of the answer"
    ),
    (
      names: "dump-header D",
      reason: "meti-token reads the headers itself; use -i, or -w '%{header_json}'"
    ),
    (names: "location-trusted", reason: "it would send the token to other hosts"),
    (
      names: "next : parallel Z", reason: "it makes one transfer; run meti-token curl once for each"
    ),
    (
      names: "insecure k cacert capath tlsv1.0 tlsv1.1 tls-max",
      reason: "trust comes from the environment alone; see METI_CA_FILE in meti-token(1)"
    ),
    (
      names: """
      proxy x preproxy proxy-user U noproxy socks5 socks5-hostname resolve connect-to unix-socket \
      interface doh-url alt-svc
      """,
      reason: "the route comes from the environment alone; see HTTPS_PROXY in meti-token(1)"
    ),
    (
      names: "user u netrc n netrc-file oauth2-bearer anyauth basic digest negotiate ntlm cert E",
      reason: "meti-token authenticates with the token"
    ),
    (names: "config K", reason: "the options in the file cannot be checked"),
    (names: "help h manual M version V", reason: "run curl itself for that"),
  ]
}
