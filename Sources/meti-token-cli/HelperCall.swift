import Glibc
import MetiToken
import System

/// A call by another program, which waits for the answer: asks no question, and is over within 8
/// seconds. The request decides which account it is about, so it is read first.
struct HelperCall {
  let api: APIURL
  let clock = SystemClock()
  /// Of the whole call, reading the request included.
  let deadline: Deadline
  private let settings: Settings

  init(_ options: AccountOptions) throws {
    var settings = options.settings()
    settings.isHelper = true
    self.settings = settings
    api = try CallEnvironment.api(settings)
    // A malformed limit is reported later, when it is known whom the request is for.
    deadline =
      (try? Call.deadline(settings, clock)) ?? Deadline(Call.helperLimit, from: clock.now())
  }

  /// What has come when the request is complete or too large, or the input ends. Callers may keep
  /// their end of the pipe open, so its end is not waited for.
  func request() throws -> HelperRequest {
    var request = HelperRequest()
    do {
      while !request.isComplete {
        // All that a pipe holds.
        let piece = try File.secret(STDIN_FILENO, atMost: 65_536, until: deadline, clock)
        if piece.isEmpty { break }
        piece.withBytes { request.append($0) }
      }
    } catch {
      throw error.code == ETIMEDOUT
        ? Failure(.malformed, "the credential request did not become complete in time")
        : Failure(.inputOutput, "cannot read standard input: \(error.text)")
    }
    return request
  }

  /// The call of a request that names no account.
  func call() throws -> Call { try Call(settings, until: deadline) }

  /// The call of this request; `nil` if it is for another host, or for another account than that of
  /// the command line or of a server's environment.
  func call(for request: borrowing GitCredentialRequest) throws -> Call? {
    guard let selector = request.selector(at: api) else { return nil }
    guard let name = selector.name else { return try call() }
    let ours = settings.account ?? EnvironmentStore.broughtName ?? name
    guard ours.isSameName(as: name) else { return nil }
    var settings = settings
    settings.account = name
    return try Call(settings, until: deadline)
  }
}
