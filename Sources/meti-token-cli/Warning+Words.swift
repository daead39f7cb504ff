import MetiToken

extension Warning {
  /// What is lost, and the failure that is the cause.
  var words: (text: String, cause: Failure?) {
    switch self {
    case .tokenNotStored(let error): ("the token was not stored", Failure(error))
    case .oldTokenCached:
      (
        "the kernel refuses access to its keyring: an older token may stay there until it expires",
        nil
      )
    case .accountNotStored(let error): ("the account was not stored", Failure(error))
    case .rejectionNotRecorded:
      ("METI's rejection was not recorded: the next call sends the credentials again", nil)
    case .defaultNotRead(let error): ("the default account is unknown", Failure(error))
    case .defaultNotWritten(let error): ("the default account was not changed", Failure(error))
    case .shortLife(let seconds):
      ("METI's tokens are valid for \(DurationText.of(seconds)), less than --min-validity", nil)
    case .notRenewed(let error): ("the token expires soon and was not renewed", Failure(error))
    }
  }
}
