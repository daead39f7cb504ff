import MetiToken

/// The body of a token request and its URL: all in which the two grants differ.
struct GrantRequest: ~Copyable {
  /// The endpoint that issues tokens; it is asked with POST.
  let url: String
  /// The scheme and host of `url`.
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
