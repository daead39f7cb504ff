/// What the helper writes to git, as git-credential(1) reads it.
public enum GitCredentialAnswer {
  /// Keeps git from asking other helpers and the user. For a failure at our own host.
  public static let quit = "quit=1\n"

  /// The answer to `capability`.
  public static let capabilities = "version 0\ncapability authtype\n"

  /// The token in the form that the caller understands: a bearer credential if it has the `authtype`
  /// capability, else a username and password (git before 2.46). Without the capability
  /// `git credential fill` would drop the bearer form and exit 0 with no secret.
  /// - Returns: `nil` if git would read a value as something else.
  public static func get(
    _ token: borrowing Token, for request: borrowing GitCredentialRequest, at now: Moment
  ) -> Secret? {
    let expiry = token.expiry.epochSeconds(at: now)
    guard expiry >= 0, token.secret.withBytes({ Token.isLegal($0) }),
      !token.account.utf8.contains(where: { $0 == 0x0A || $0 == 0x0D || $0 == 0 })
    else { return nil }
    var answer = Secret(capacity: token.secret.count + 512)
    if request.hasAuthtypeCapability {
      // The capability comes first, so that git knows the attributes that follow.
      answer.append("capability[]=authtype\nauthtype=Bearer\ncredential=")
    } else {
      answer.append("username=\(token.account)\npassword=")
    }
    token.secret.withBytes { answer.append($0) }
    // Other helpers do not store what is ephemeral.
    if request.hasAuthtypeCapability { answer.append("\nephemeral=1") }
    answer.append("\npassword_expiry_utc=\(expiry)\n")
    return answer
  }
}
