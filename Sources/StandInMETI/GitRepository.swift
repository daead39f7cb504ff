import FoundationEssentials

/// A repository with one commit on one branch, as far as `git ls-remote` looks into it.
///
/// METI has none. It is here so that a real git can be refused, ask its credential helpers, and
/// come again with what they gave.
enum GitRepository {
  static let path = "/repo.git/info/refs"
  static let commit = "5f1d2c3b4a59687786958493a2b1c0d9e8f70615"

  /// Answers `git-upload-pack`'s first request over HTTP (gitprotocol-http(5)).
  static func answer(isAdmitted: Bool) -> Response {
    guard isAdmitted else {
      return Response(
        401,
        fields: [
          ("WWW-Authenticate", #"Bearer realm="meti""#),
          ("WWW-Authenticate", #"Basic realm="meti""#),
        ], json: "{}")
    }
    let service = line("# service=git-upload-pack\n") + "0000"
    let head = line("\(commit) HEAD\0symref=HEAD:refs/heads/main agent=stand-in\n")
    let branch = line("\(commit) refs/heads/main\n")
    return Response(
      200, type: "application/x-git-upload-pack-advertisement",
      body: Array("\(service)\(head)\(branch)0000".utf8))
  }

  /// The token in the value of an Authorization field, in either form that git can send: Bearer, or
  /// as the password of Basic (RFC 7617).
  static func token(_ authorization: String?) -> String? {
    guard let parts = authorization?.split(separator: " ", maxSplits: 1), parts.count == 2
    else { return nil }
    switch parts[0].lowercased() {
    case "bearer": return String(parts[1])
    case "basic":
      guard let pair = Data(base64Encoded: String(parts[1])),
        let colon = pair.firstIndex(of: UInt8(ascii: ":"))
      else { return nil }
      return String(decoding: pair[(colon + 1)...], as: UTF8.self)
    default: return nil
    }
  }

  /// A pkt-line: its length in four hexadecimal digits, itself included, then the text.
  private static func line(_ text: String) -> String {
    let digits = String(text.utf8.count + 4, radix: 16)
    return String(repeating: "0", count: 4 - digits.count) + digits + text
  }
}
