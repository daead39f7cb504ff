import Foundation

/// Requests of callers of the helper, and the expected answers.
extension Workplace {
  /// `127.0.0.1:PORT`, as git names the host.
  var host: String { String(url.dropFirst("https://".count)) }

  /// What git before 2.41 sends for the API's host, with these lines after it.
  func lines(_ extra: String...) -> String {
    (["protocol=https", "host=\(host)"] + extra).map { "\($0)\n" }.joined()
  }

  /// What git 2.46 and later send.
  var newLines: String {
    """
    capability[]=authtype
    capability[]=state
    protocol=https
    host=\(host)
    wwwauth[]=Bearer realm="meti"

    """
  }

  func ask(_ operation: String, _ request: String) throws -> Outcome {
    try run(operation, input: .text(request))
  }

  /// When the token in the kernel or the keyring ends, as `--json` has it.
  func expiry(of account: String = METIServer.email) throws -> Int {
    struct Answer: Decodable {
      let expiresOn: Int

      enum CodingKeys: String, CodingKey {
        case expiresOn = "expires_on"
      }
    }
    let outcome = try run("--json", "--account", account)
    return try JSONDecoder().decode(Answer.self, from: Data(outcome.stdout)).expiresOn
  }

  /// The answer in the form of old versions of git.
  func password(_ token: String, of account: String = METIServer.email) throws -> String {
    """
    username=\(account)
    password=\(token)
    password_expiry_utc=\(try expiry(of: account))

    """
  }

  /// The answer in the form of new ones.
  func bearer(_ token: String) throws -> String {
    """
    capability[]=authtype
    authtype=Bearer
    credential=\(token)
    ephemeral=1
    password_expiry_utc=\(try expiry())

    """
  }
}

extension Told {
  /// Success without output.
  static let silence = Told(status: .exit(0), out: "", err: "")

  /// As `failure`, and git must not prompt or ask another helper.
  static func quit(_ status: Int32, _ error: String, hint: String? = nil) -> Told {
    var told = failure(status, error, hint: hint)
    told.out = "quit=1\n"
    return told
  }
}
