import Glibc
import MetiToken
import Posix

/// One run of curl with one token.
///
/// The token is handed over on pipes, one for each operation, that are full and closed before curl
/// starts; curl reads `oauth2-bearer = "…"` from `/dev/fd/N`. A token that it has so is sent to no
/// other host, port or protocol after a redirect (CURLOPT_UNRESTRICTED_AUTH(3)).
///
/// The headers of the answers come back on another pipe. curl writes a header there, and flushes
/// it, before it writes anything else of that answer anywhere: so what is read from curl's outputs
/// while that pipe says nothing of a 401 does not belong to one, and is handed on at once.
struct CurlRun {
  let arguments: CurlArguments
  let api: APIURL
  let caFile: String?

  enum Result {
    /// METI refused the token in its first answer, of which nobody has seen anything.
    case refused
    /// curl has ended, and what it wrote was handed on as far as `outputFailure` let it.
    case ended(Process.Ending, outputFailure: SystemError?, hasRefusal: Bool)
  }

  /// Runs curl to its end, or to a 401 to its first request where `endsAtRefusal`.
  func run(
    with token: borrowing Token, environment: borrowing Environment, endsAtRefusal: Bool
  ) throws(Failure) -> Result {
    guard let program = SearchPath.find("curl") else {
      throw Failure(.commandNotFound, "there is no curl in PATH", hint: "install curl")
    }
    do {
      let tokens = try arguments.operations.map { _ in try Self.hand(over: token) }
      // Also where nothing is written to it, its end shows that curl has ended.
      let headers = try Channel.pipe()
      var output: Channel?
      var errors: Channel?
      if endsAtRefusal {
        output =
          isatty(STDOUT_FILENO) == 1 ? try .terminal(like: STDOUT_FILENO) : try .pipe()
        errors = try .pipe()
      }
      let signals = SignalWatch([SIGINT, SIGTERM, SIGHUP, SIGQUIT])
      defer { signals.end() }
      let pid = try Process.spawn(
        program, commandLine(tokens, headers), environment: environment,
        inherited: tokens.map(\.reading) + [headers.writing], output: output?.writing,
        errors: errors?.writing)
      for channel in [headers, output, errors] { channel?.closeWriting() }
      for channel in tokens { channel.closeReading() }
      return attend(
        pid, headers, output.map { Relay(from: $0, to: STDOUT_FILENO) },
        errors.map { Relay(from: $0, to: STDERR_FILENO) }, signals)
    } catch let error as SystemError {
      throw Failure(.cannotRun, "cannot run curl: \(error.text)")
    } catch let error as Failure {
      throw error
    } catch {
      throw Failure(.bug, "\(error)")
    }
  }

  /// A pipe with the token in it, as a line of a curl configuration, and nothing after it.
  private static func hand(over token: borrowing Token) throws -> Channel {
    var line = Secret(capacity: token.secret.count + 32)
    // No character of a token has to be escaped (Token.isLegal).
    line.append("oauth2-bearer = \"")
    token.secret.withBytes { line.append($0) }
    line.append("\"\n")
    let channel = try Channel.pipe(room: line.count)
    guard line.withBytes({ Process.write($0, to: channel.writing) }) else { throw SystemError() }
    channel.closeWriting()
    return channel
  }

  private func commandLine(_ tokens: [Channel], _ headers: Channel) -> [[UInt8]] {
    var line = ["curl", "--disable"].map { Array($0.utf8) }
    for (index, operation) in arguments.operations.enumerated() {
      if index > 0 { line.append(Array("--next".utf8)) }
      line += options(operation, tokens[index], headers).map { Array($0.utf8) }
      line += operation.arguments
    }
    return line
  }

  /// What every operation begins with; `--next` takes it away.
  private func options(
    _ operation: CurlArguments.Operation, _ token: Channel, _ headers: Channel
  ) -> [String] {
    let protocols = api.scheme == .https ? "=https" : "=http,https"
    var options = [
      "--proto", protocols, "--proto-redir", protocols, "--config", "/dev/fd/\(token.reading)",
    ]
    if api.scheme == .http { options += ["--noproxy", "*"] }
    if let caFile, operation.names.isDisjoint(with: ["cacert", "capath"]) {
      options += ["--cacert", caFile]
    }
    if arguments.canBeWatched {
      options += ["--dump-header", "/dev/fd/\(headers.writing)"]
      // The proxy's answer is not METI's; where the caller wants to see it, it counts as the first.
      if operation.names.isDisjoint(with: ["include", "show-headers"]) {
        options.append("--suppress-connect-headers")
      }
    }
    return options
  }

  /// Hands on what curl writes, and to curl the signals that would end this process, until it ends.
  private func attend(
    _ pid: pid_t, _ headers: Channel, _ output: Relay?, _ errors: Relay?, _ signals: SignalWatch
  ) -> Result {
    var relays = [output, errors].compactMap { $0 }
    let mayEndEarly = output != nil
    var status = CurlStatus(followsRedirects: arguments.followsRedirects)
    var isSeen = false
    var isRunning = true
    var isSignalled = false
    while isRunning || relays.contains(where: { $0.poll != nil }) {
      var files = [pollfd(fd: signals.descriptor, events: Int16(POLLIN), revents: 0)]
      if isRunning { files.append(pollfd(fd: headers.reading, events: Int16(POLLIN), revents: 0)) }
      files += relays.compactMap(\.poll)
      // A reader that has stopped reading must not keep a program that was told to end.
      let patience: Int32 = isSignalled && !isRunning ? 100 : -1
      if unsafe poll(&files, nfds_t(files.count), patience) == 0 { break }
      while let number = signals.next() {
        isSignalled = true
        kill(pid, number)
      }
      // First what curl wrote, then what it had said of it before.
      let taken = relays.indices.filter { relays[$0].take() }
      isRunning = read(headers, into: &status)
      if mayEndEarly && !isSeen && status.isFirstRefused == true {
        kill(pid, SIGKILL)
        _ = Process.wait(for: pid)
        return .refused
      }
      if taken.contains(0) { isSeen = true }
      for index in relays.indices { relays[index].give() }
    }
    return .ended(
      Process.wait(for: pid), outputFailure: relays.first?.failure, hasRefusal: status.hasRefusal)
  }

  /// Reads what there is; false at the end.
  private func read(_ headers: Channel, into status: inout CurlStatus) -> Bool {
    while let bytes = headers.take() {
      guard !bytes.isEmpty else { return true }
      status.read(bytes)
    }
    return false
  }
}
