/// What the helper writes to git, as git-credential(1) reads it.
///
/// Where an answer holds the token, the array is the caller's to wipe. It is filled without
/// growing, so no other copy is left behind.
public enum GitCredentialAnswer {
  /// `quit=1`: git asks no other helper, nor the person. For a hard failure at our own host.
  public static let quit = Array("quit=1\n".utf8)

  /// The answer to `capability`.
  public static let capabilities = Array("version 0\ncapability authtype\n".utf8)

  /// The token in the form `request` can take: a bearer credential where the caller has the
  /// `authtype` capability, else a username and password (git before 2.46).
  ///
  /// - Parameter expiry: When the token runs out, in seconds since 1970.
  /// - Throws: `UnwritableValue` for a value that would be read as something else.
  public static func get(
    for request: borrowing GitCredentialRequest, username: Span<UInt8>, token: Span<UInt8>,
    expiry: Int64
  ) throws(UnwritableValue) -> [UInt8] {
    if request.hasAuthtypeCapability {
      try bearer(token: token, expiry: expiry)
    } else {
      try password(token, username: username, expiry: expiry)
    }
  }

  /// The token as `authtype=Bearer`, for callers with that capability alone: without it
  /// `git credential fill` exits 0 with no secret at all.
  public static func bearer(
    token: Span<UInt8>, expiry: Int64
  ) throws(UnwritableValue) -> [UInt8] {
    guard !token.isEmpty else { throw .emptyToken }
    try check(token, expiry: expiry)
    var answer = reserved(for: token.count)
    // First, so that git knows the attributes which follow.
    append("capability[]", "authtype".utf8.span, to: &answer)
    append("authtype", "Bearer".utf8.span, to: &answer)
    append("credential", token, to: &answer)
    // Not for other helpers to store.
    append("ephemeral", "1".utf8.span, to: &answer)
    append("password_expiry_utc", String(expiry).utf8.span, to: &answer)
    return answer
  }

  /// The token as the password of `username`.
  public static func password(
    _ token: Span<UInt8>, username: Span<UInt8>, expiry: Int64
  ) throws(UnwritableValue) -> [UInt8] {
    guard !token.isEmpty else { throw .emptyToken }
    try check(token, expiry: expiry)
    try check(username, expiry: expiry)
    var answer = reserved(for: token.count + username.count)
    append("username", username, to: &answer)
    append("password", token, to: &answer)
    append("password_expiry_utc", String(expiry).utf8.span, to: &answer)
    return answer
  }

  /// Everything that can be refused, before any of the token is copied: an answer given up half
  /// way would be freed unwiped.
  private static func check(_ value: Span<UInt8>, expiry: Int64) throws(UnwritableValue) {
    guard expiry >= 0 else { throw .expiryOutOfRange }
    guard value.count <= longestValue else { throw .lineTooLong }
    for index in value.indices {
      let byte = value[index]
      guard byte != ASCII.lineFeed, byte != ASCII.carriageReturn, byte != ASCII.nul
      else { throw .lineBreakOrNUL }
    }
  }

  /// What fits into a line after the longest key a token or username has, with `=` and the line
  /// feed.
  private static let longestValue = RequestLimits.line - "credential=\n".utf8.count

  /// An empty array with room for values of `length` bytes, the keys, and an expiry.
  private static func reserved(for length: Int) -> [UInt8] {
    var answer: [UInt8] = []
    answer.reserveCapacity(length + 160)
    return answer
  }

  private static func append(_ key: String, _ value: Span<UInt8>, to answer: inout [UInt8]) {
    answer.append(contentsOf: key.utf8)
    answer.append(ASCII.equals)
    for index in value.indices { answer.append(value[index]) }
    answer.append(ASCII.lineFeed)
  }
}
