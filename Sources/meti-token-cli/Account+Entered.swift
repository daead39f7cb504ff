import MetiToken

extension Account {
  /// An account that somebody names: on the command line, in the environment or at the terminal.
  ///
  /// - Throws: `usage`, also for a name that would steer a terminal which shows it. What is stored
  ///   under such a name all the same can be removed.
  init(entered name: String, api: APIURL) throws(Failure) {
    do {
      try self.init(name: name, api: api)
    } catch {
      throw Failure(error)
    }
    guard !name.unicodeScalars.contains(where: \.isTerminalControl) else {
      throw Failure.usage(
        "the account name is not usable: it holds a character that would steer a terminal")
    }
  }
}
