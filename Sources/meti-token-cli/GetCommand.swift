import ArgumentParser
import HelperProtocols
import MetiToken

struct GetCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "get",
    abstract: "Answer a credential request of git or Bazel on standard input.",
    usage: "meti-token get [--account <e-mail>] [<options>]",
    discussion: """
      Takes key=value lines as git-credential(1) describes them, up to a blank line or the end, \
      or a JSON object of the EngFlow credential-helper spec, and answers in kind. Only requests \
      for the host of the API are answered. Nobody is ever asked for anything, and the call ends \
      within 8 seconds.
      """)

  @OptionGroup var account: AccountOption
  @OptionGroup var common: CommonOptions

  func run() throws {
    let helper = try HelperCall(common, account: account.account)
    let request = try StandardInput.request(until: helper.deadline, clock: helper.clock)
    switch request.form {
    case .git: try GitCredentialGet(helper: helper).run(request)
    case .engFlow: try EngFlowGet(helper: helper).run(request)
    }
  }
}

/// `get` as git knows it: silence where it is not for us or nothing is stored, so that other helpers
/// or the person may answer.
struct GitCredentialGet {
  let helper: HelperCall

  func run(_ input: borrowing RequestAccumulator) throws(Failure) {
    let request: GitCredentialRequest
    do {
      request = try input.withBytes { bytes throws(GitCredentialRequest.Malformed) in
        try GitCredentialRequest(bytes)
      }
    } catch {
      throw Failure(.malformed, error.description)
    }
    var answer: [UInt8]?
    do {
      answer = try self.answer(to: request)
    } catch {
      // Or git would ask the person for the password, and give it to every other helper.
      if request.isFor(helper.host) {
        var quit = GitCredentialAnswer.quit
        try Output.write(wiping: &quit)
      }
      throw error
    }
    guard answer != nil else { return }
    try Output.write(wiping: &answer!)
  }

  private func answer(to request: borrowing GitCredentialRequest) throws(Failure) -> [UInt8]? {
    guard let call = try helper.call(for: request), let token = try token(call) else { return nil }
    let expiry = token.expiry.epochSeconds(at: call.clock.now())
    do {
      return try token.secret.withBytes { bytes throws(UnwritableValue) in
        try GitCredentialAnswer.get(
          for: request, username: token.account.utf8.span, token: Span<UInt8>(_bytes: bytes),
          expiry: expiry)
      }
    } catch {
      throw Failure(.bug, error.description)
    }
  }

  /// `nil` where no account is stored.
  private func token(_ call: Call) throws(Failure) -> Token? {
    do {
      return try call.renewal.token(
        for: TokenRequest(selector: call.selector), until: call.deadline)
    } catch {
      let failure = Failure(error, isFromEnvironment: call.isFromEnvironment)
      guard case .noAccount = error else { throw failure }
      Voice.hint("\(failure.message); \(failure.hint ?? "")")
      return nil
    }
  }
}

/// `get` of the EngFlow credential-helper spec, where silence is no answer: what cannot be answered
/// is an error.
struct EngFlowGet {
  let helper: HelperCall

  func run(_ input: borrowing RequestAccumulator) throws(Failure) {
    let request: EngFlowRequest
    do {
      request = try input.withBytes { bytes throws(EngFlowRequest.Malformed) in
        try EngFlowRequest(bytes)
      }
    } catch {
      throw Failure(.malformed, error.description)
    }
    guard helper.host.matches(uri: request.uri.span) else {
      throw Failure(
        .malformed, "the credential request is not for \(helper.api.origin)",
        hint: "let Bazel use this helper for that host alone: --credential_helper=HOST=PATH")
    }
    let call = try helper.call()
    let token: Token
    do {
      token = try call.renewal.token(
        for: TokenRequest(selector: call.selector), until: call.deadline)
    } catch {
      throw Failure(error, isFromEnvironment: call.isFromEnvironment)
    }
    let expiry = token.expiry.epochSeconds(at: call.clock.now())
    var answer: [UInt8]
    do {
      answer = try token.secret.withBytes { bytes throws(UnwritableValue) in
        try EngFlowAnswer.get(token: Span<UInt8>(_bytes: bytes), expiry: expiry)
      }
    } catch {
      throw Failure(.bug, error.description)
    }
    try Output.write(wiping: &answer)
  }
}
