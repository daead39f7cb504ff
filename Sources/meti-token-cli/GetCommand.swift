import ArgumentParser
import MetiToken

struct GetCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "get",
    abstract: "Answer a credential request of git or Bazel on standard input.",
    usage: "meti-token get [--account <e-mail>] [<options>]",
    discussion: """
      Reads key=value lines as git-credential(1) describes them, up to a blank line or the end, or \
      a JSON object of the EngFlow credential-helper spec, and answers in the same form. Only \
      requests for the host of the API are answered. Asks no question, and ends within 8 seconds.
      """)

  @OptionGroup var options: AccountOptions

  func run() throws {
    let helper = try HelperCall(options)
    let request = try helper.request()
    if request.isEngFlow {
      try answerEngFlow(request, helper)
    } else {
      try answerGit(request, helper)
    }
  }

  /// Writes nothing if the request is not for us or no account is stored, so that other helpers or
  /// the user may answer.
  private func answerGit(_ input: borrowing HelperRequest, _ helper: HelperCall) throws {
    let request = try input.bytes.withBytes { bytes throws(MalformedRequest) in
      try GitCredentialRequest(bytes)
    }
    do {
      guard let call = try helper.call(for: request) else { return }
      let token = try call.validToken(for: TokenRequest(selector: call.selector))
      try write(GitCredentialAnswer.get(token, for: request, at: call.clock.now()))
    } catch {
      switch error {
      case TokenError.noAccount, TokenError.defaultNotStored:
        let failure = Failure(error)
        if request[.username] == nil {
          Console.hint("\(failure.message); \(failure.hint ?? "")")
        }
      default:
        // Or git would ask the user for the password, and give it to every other helper.
        if request.isFor(helper.api) { try Output.write(GitCredentialAnswer.quit) }
        throw error
      }
    }
  }

  /// No answer is an error in this protocol.
  private func answerEngFlow(_ input: borrowing HelperRequest, _ helper: HelperCall) throws {
    let uri = try input.bytes.withBytes { bytes throws(MalformedRequest) in
      try EngFlow.uri(of: bytes)
    }
    guard helper.api.serves(uri: uri) else {
      throw Failure(
        .malformed, "the credential request is not for \(helper.api.origin)",
        hint: "use this helper for that host alone: --credential_helper=HOST=PATH")
    }
    let call = try helper.call()
    let token = try call.validToken(for: TokenRequest(selector: call.selector))
    try write(EngFlow.answer(token, at: call.clock.now()))
  }

  private func write(_ answer: consuming Secret?) throws {
    guard let answer else { throw Failure(.bug, "the token cannot be written as an answer") }
    try Output.write(answer)
  }
}
