import MetiToken

/// A request to a token endpoint: all in which the two grants differ.
struct GrantRequest: ~Copyable {
  let url: String
  /// The scheme and host of `url`.
  let server: APIURL
  /// The JSON body, which is sent with POST; empty for a request of the headers alone.
  let body: Secret
}

extension GrantRequest {
  init(for credential: borrowing Credential) {
    var json = JSONObject()
    switch credential.grant {
    case .password:
      json.add("email", credential.account.name)
      json.add("password", secret: credential.secret)
      let api = credential.account.api
      self.init(url: api.text + "/token", server: api, body: json.finish())
    case .clientCredentials(let tokenURL, let audience, let scope):
      json.add("grant_type", "client_credentials")
      json.add("client_id", credential.account.name)
      json.add("client_secret", secret: credential.secret)
      json.add("audience", audience)
      if let scope { json.add("scope", scope) }
      self.init(url: tokenURL.text, server: tokenURL.server, body: json.finish())
    }
  }
}
