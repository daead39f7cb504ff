import Glibc
import MetiToken
import System
import TokenEndpoint

/// One run of curl with one token.
///
/// The token is in a pipe that is full and closed before curl starts. curl reads
/// `oauth2-bearer = "…"` from `/dev/fd/N` before it looks at any other argument, so nothing is left
/// there for `-d @/dev/fd/N`. A token that it has so is sent to no other host, port or protocol after a
/// redirect (CURLOPT_UNRESTRICTED_AUTH(3)). The headers of the answers come back in a second pipe.
struct CurlRun {
  /// How curl ended.
  let status: TerminationStatus
  /// Whether METI answered 401.
  let isTokenRejected: Bool

  init(
    _ arguments: CurlArguments, _ api: APIURL, with token: borrowing Token,
    environment: borrowing Environment
  ) throws {
    guard let program = SearchPath.find("curl") else {
      throw Failure(.commandNotFound, "there is no curl in PATH", hint: "install curl")
    }
    do {
      let input = try Pipe(holding: Self.configuration(token))
      var headers = try Pipe()
      let signals = SignalWatch([SIGINT, SIGTERM, SIGHUP, SIGQUIT])
      let options = Self.options(api, token: input.reading, headers: headers.writing)
      let pid = try Process.start(
        program, options.map { Array($0.utf8) } + arguments.checked, environment: environment,
        files: [input.reading: input.reading, headers.writing: headers.writing])
      headers.closeWriting()
      var answers = CurlAnswers(of: api)
      // The pipe ends with curl.
      while headers.reading >= 0 {
        let readable = File.readable([signals.descriptor, headers.reading], within: -1)
        while let number = signals.next() { kill(pid, number) }
        guard readable[1] else { continue }
        var bytes: [UInt8] = []
        headers.read(into: &bytes)
        answers.read(bytes)
      }
      status = try Process.wait(for: pid)
      isTokenRejected = answers.isTokenRejected
    } catch {
      throw Failure(.cannotRun, "cannot run curl: \(error.text)")
    }
  }

  /// A line of a curl configuration. No character of a token needs an escape (``Token/isLegal(_:)``).
  private static func configuration(_ token: borrowing Token) -> Secret {
    var line = Secret(copying: "oauth2-bearer = \"")
    token.secret.withBytes { line.append($0) }
    line.append("\"\n")
    return line
  }

  /// What comes before the user's options. `--disable` must be first, the token second.
  private static func options(_ api: APIURL, token: Int32, headers: Int32) -> [String] {
    let scheme = "=\(api.scheme.rawValue)"
    var options = [
      "curl", "--disable", "--config", "/dev/fd/\(token)", "--globoff", "--proto", scheme,
      "--proto-redir", scheme, "--dump-header", "/dev/fd/\(headers)", "--suppress-connect-headers",
      "--proxy-anyauth",
    ]
    options += TLSSettings(caFile: CallEnvironment.caFile).curlArguments
    // Without TLS the token must not leave this machine.
    if api.scheme == .http { options += ["--noproxy", "*"] }
    return options
  }
}
