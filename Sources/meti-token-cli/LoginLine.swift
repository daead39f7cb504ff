import MetiToken

/// The command that stores an account, as a hint names it.
enum LoginLine {
  /// For an account whose grant is known: a client's tokens come from where they came from before.
  static func storing(_ name: String, _ grant: Credential.Grant) -> String {
    guard case .clientCredentials(let tokenURL, let audience, let scope) = grant else {
      return "meti-token login"
    }
    var line = "\(client(name)) --token-url \(ShellWord.quote(tokenURL.text))"
    line += " --audience \(ShellWord.quote(audience))"
    if let scope { line += " --scope \(ShellWord.quote(scope))" }
    return line
  }

  /// For an account of which nothing is stored: a client only where the environment says so.
  static func storing(_ name: String?) -> String {
    guard let name, EnvironmentStore.isClient(name) else { return "meti-token login" }
    guard let grant = try? EnvironmentStore.grant(of: name) else {
      return "\(client(name)) --token-url URL --audience AUDIENCE"
    }
    return storing(name, grant)
  }

  private static func client(_ name: String) -> String {
    "meti-token login --client-id \(ShellWord.quote(name))"
  }
}
