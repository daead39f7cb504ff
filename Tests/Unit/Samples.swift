@testable import MetiToken

/// Noon of 2026-01-01 UTC on a machine that started an hour ago.
let noon = Moment(wall: 1_767_268_800_000, boot: 3_600_000, bootID: "this boot")

let second: Int64 = 1_000
let minute: Int64 = 60_000
let hour: Int64 = 3_600_000

let anyone = AccountSelector.any(.standard)

extension Account {
  static let anna = named("anna@domain.com")
  static let ben = named("ben@domain.com")

  static func named(_ name: String, at api: APIURL = .standard) -> Account {
    guard let account = try? Account(name: name, api: api) else {
      preconditionFailure("\(name) is no account")
    }
    return account
  }
}

extension Token {
  /// A token of `account` that was issued at `start`.
  static func issued(
    _ text: String, to account: Account = .anna, lifetime: Int64 = 3600, at start: Moment = noon
  ) -> Token {
    Token(
      secret: Secret(copying: text), account: account.name,
      expiry: start.later(lifetime * 1000), lifetime: lifetime)
  }

  /// A token that has `left` milliseconds at noon.
  static func left(_ left: Int64, _ text: String, lifetime: Int64 = 3600) -> Token {
    issued(text, lifetime: lifetime, at: noon.later(left - lifetime * second))
  }
}

extension Token {
  /// Milliseconds until a default call does something about it; 0 if it does now.
  func quietTime(at now: Moment) -> Int64 {
    guard need(at: now) == .none else { return 0 }
    return min(untilRefresh(at: now), expiry.remaining(at: now) - handOutMargin)
  }
}

extension Credential {
  static func password(
    _ password: String, of account: Account = .anna, rejection: Rejection? = nil
  ) -> Credential {
    Credential(account: account, secret: Secret(copying: password), rejection: rejection)
  }
}

extension IssuerError {
  static let rejection = IssuerError.rejected(status: 401)
  static let ambiguous = IssuerError.rejected(status: 403, isAmbiguous: true)

  static func trouble(
    retryAfter: Int64? = nil, isTransient: Bool = true
  ) -> IssuerError {
    .unavailable("METI is in trouble (HTTP 503)", retryAfter: retryAfter, isTransient: isTransient)
  }
}

/// The text of a secret; those of the tests are none.
func text(_ secret: borrowing Secret) -> String {
  secret.withBytes { bytes in
    unsafe bytes.withUnsafeBytes { unsafe String(decoding: $0, as: UTF8.self) }
  }
}

/// The error that `body` throws; `nil` when it throws none.
func failure<Failure: Error>(_ body: () throws(Failure) -> Void) -> Failure? {
  do {
    try body()
    return nil
  } catch {
    return error
  }
}
