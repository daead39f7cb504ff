import MetiToken
import System

/// The command that stores an account, as a hint names it.
enum LoginLine {
  /// For an account whose grant is known: a client keeps its token URL, audience and scope.
  static func storing(_ account: Account, _ grant: Credential.Grant) -> String {
    guard case .clientCredentials(let tokenURL, let audience, let scope) = grant else {
      return "meti-token login" + option(for: account.api)
    }
    var line = "\(client(account.name)) --token-url \(ShellWord.quote(tokenURL.text))"
    line += " --audience \(ShellWord.quote(audience))"
    if let scope { line += " --scope \(ShellWord.quote(scope))" }
    return line + option(for: account.api)
  }

  /// For an account of which nothing is stored: a client only if the environment says so.
  static func storing(_ selector: AccountSelector) -> String {
    guard let name = selector.name else { return "meti-token login" + option(for: selector.api) }
    guard EnvironmentStore.isClient(name) else {
      return "meti-token login --email \(ShellWord.quote(name))" + option(for: selector.api)
    }
    if let grant = try? EnvironmentStore.grant(of: name),
      let account = try? Account(name: name, api: selector.api)
    {
      return storing(account, grant)
    }
    return "\(client(name)) --token-url URL --audience AUDIENCE" + option(for: selector.api)
  }

  private static func client(_ name: String) -> String {
    "meti-token login --client-id \(ShellWord.quote(name))"
  }

  /// Nothing if a log-in would use this API anyway: else the password would go to another.
  static func option(for api: APIURL) -> String {
    let common = try? CallEnvironment.api(Settings())
    return common == api ? "" : " --api-url \(ShellWord.quote(api.text))"
  }
}
