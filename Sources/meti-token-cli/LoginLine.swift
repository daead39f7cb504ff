import MetiToken

/// The command that stores an account, as a hint names it.
enum LoginLine {
  /// - Parameter name: the account's; the id of an OAuth 2.0 client has no `@`.
  static func storing(_ name: String?, at api: APIURL) -> String {
    let account =
      switch name.map(\.quoted) {
      case nil: ""
      case let email? where email.contains("@"): " --email \(email)"
      case let id?: " --client-id \(id) --token-url URL --audience AUDIENCE"
      }
    return "meti-token login" + account + option(for: api)
  }

  /// Nothing if a log-in would use this API anyway: else the password would go to another.
  static func option(for api: APIURL) -> String {
    let common = try? CallEnvironment.api(Settings())
    return common == api ? "" : " --api-url \(api.text.quoted)"
  }
}
