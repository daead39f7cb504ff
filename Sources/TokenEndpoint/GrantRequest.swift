import MetiToken

/// What is sent, and where to: all that the two grants do not have in common.
struct GrantRequest: ~Copyable {
  /// The endpoint that issues tokens; it is asked with POST.
  let url: String
  /// Its scheme and host, for those who must know whom they talk to.
  let server: APIURL
  /// The JSON body.
  let body: Secret

  init(for credential: borrowing Credential) {
    var json = JSONObject()
    switch credential.grant {
    case .password:
      json.add("email", credential.account.name)
      json.add("password", secret: credential.secret)
      server = credential.account.api
      url = server.text + "/token"
    case .clientCredentials(let tokenURL, let audience, let scope):
      json.add("grant_type", "client_credentials")
      json.add("client_id", credential.account.name)
      json.add("client_secret", secret: credential.secret)
      json.add("audience", audience)
      if let scope { json.add("scope", scope) }
      server = tokenURL.server
      url = tokenURL.text
    }
    body = json.finish()
  }
}
