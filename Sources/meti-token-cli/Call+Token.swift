import MetiToken

extension Call {
  /// A valid token. On a terminal, somebody who has stored nothing yet is offered to log in.
  func token(for request: TokenRequest) throws(Failure) -> Token {
    do {
      return try renewal.token(for: request, until: deadline)
    } catch {
      guard case .noAccount(let selector) = error, mayAsk else {
        throw Failure(error, isFromEnvironment: isFromEnvironment)
      }
      return try firstLogin(selector)
    }
  }

  private func firstLogin(_ selector: AccountSelector) throws(Failure) -> Token {
    let login = Login(call: self)
    // A client's secret is for its own token URL. Where that is not known nothing is asked.
    guard let grant = try? EnvironmentStore.grant(of: selector.name),
      try login.offer(selector, grant)
    else { throw Failure(.noAccount(selector)) }
    let credential = try login.credential(email: selector.name, grant: grant)
    guard let token = try login.store(credential, isVerified: true, mustBeKept: false) else {
      throw Failure(.bug, "the login gave no token")
    }
    return token
  }
}
