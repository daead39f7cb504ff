import Glibc

/// A desktop, a METI with one account, and `meti-token` between them.
final class Workplace {
  let desktop: Desktop
  let server: METIServer
  /// Of every program that is run here.
  var environment: [String: String]

  /// With nothing stored.
  init(
    _ kind: Desktop.Kind = .unlocked, _ identity: METIServer.Identity = .server,
    lifetime: Int = 3600
  ) throws {
    desktop = try Desktop(kind)
    server = try METIServer(identity, lifetime: lifetime)
    environment = desktop.environment.merging(server.environment) { $1 }
  }

  /// Logged in; the mock counts from zero.
  static func loggedIn(lifetime: Int = 3600) throws -> Workplace {
    let place = try Workplace(lifetime: lifetime)
    try place.logIn()
    return place
  }

  var meti: MockMETI { server.meti }
  var url: String { server.url }

  func start(
    _ arguments: String..., input: Input = .nothing, with extra: [String: String] = [:],
    output: Output = .pipe, errors: Output = .pipe
  ) throws -> Child {
    try Program.metiToken.start(
      arguments, input: input, environment: environment.merging(extra) { $1 }, output: output,
      errors: errors)
  }

  func run(
    _ arguments: String..., input: Input = .nothing, with extra: [String: String] = [:],
    output: Output = .pipe, errors: Output = .pipe, timeout: Swift.Duration = .seconds(40)
  ) throws -> Outcome {
    try Program.metiToken.run(
      arguments, input: input, environment: environment.merging(extra) { $1 }, output: output,
      errors: errors, timeout: timeout)
  }

  func run(
    _ arguments: [String], input: Input = .nothing, with extra: [String: String] = [:],
    directory: String? = nil
  ) throws -> Outcome {
    try Program.metiToken.run(
      arguments, input: input, environment: environment.merging(extra) { $1 },
      directory: directory)
  }

  /// The program at a terminal.
  func sit(
    _ arguments: String..., with extra: [String: String] = [:], output: Output = .terminal
  ) throws -> Terminal {
    try Terminal(
      .metiToken, arguments, environment: environment.merging(extra) { $1 }, output: output)
  }

  func logIn(
    _ email: String = METIServer.email, password: String = METIServer.password,
    isVerified: Bool = true
  ) throws {
    let unverified = isVerified ? [] : ["--no-verify"]
    let outcome = try Program.metiToken.run(
      ["login", "--email", email, "--password-stdin"] + unverified, input: .text(password + "\n"),
      environment: environment)
    guard outcome.status == .exit(0) else { throw Missed(what: "a login", seen: outcome.err) }
    meti.forgetRequests()
  }

  /// Whether METI is asked for a token, within a few seconds.
  func isAsked(by child: Child) -> Bool {
    becomesTrue { meti.tokenPosts > 0 || !child.isRunning } && meti.tokenPosts > 0
  }

  /// The token issued last; empty if there was none.
  var lastToken: String { meti.lastToken ?? "" }

  /// The descriptions of the kernel keys of this METI, without what is common to them: empty for
  /// the default's, `#account` for an account's.
  var kernelKeys: [String] {
    KernelKeys.descriptions(containing: url).map { description in
      String(description.dropFirst("meti-token:\(url)".count))
    }.sorted()
  }

  /// Empties the kernel tier.
  func dropKernelKeys() {
    KernelKeys.removeAll(containing: url)
  }

  /// The items in the keyring, read by somebody else's program, in the order of their kinds.
  func items() throws -> [Item] {
    let outcome = try Program("secret-tool").run(
      ["search", "--all", "--unlock", "xdg:schema", "com.millpont.meti.Credential"],
      environment: environment)
    // It writes labels and secrets to stdout, the attributes to stderr, in the same order.
    let bodies = outcome.out.split(separator: "[/", omittingEmptySubsequences: true)
    var attributes: [[String: String]] = []
    var last = ""
    for line in outcome.err.split(separator: "\n") where line.hasPrefix("attribute.") {
      let (name, value) = line.dropFirst("attribute.".count).parted(at: " = ")
      // They are sorted by name, and every item has the first one but for the default.
      if name <= last || attributes.isEmpty { attributes.append([:]) }
      attributes[attributes.count - 1][name] = value
      last = name
    }
    guard bodies.count == attributes.count else {
      throw Missed(what: "as many items as attributes", seen: outcome.description)
    }
    return zip(bodies, attributes).map { text, attributes in
      let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
      let label = lines.first { $0.hasPrefix("label = ") }?.dropFirst("label = ".count)
      let start = lines.firstIndex { $0.hasPrefix("secret = ") } ?? lines.count
      let end = lines.firstIndex { $0.hasPrefix("created = ") } ?? lines.count
      let body = lines[min(start, end)..<end].joined(separator: "\n")
      return Item(
        label: String(label ?? ""), body: String(body.dropFirst("secret = ".count)),
        attributes: attributes)
    }.sorted { $0.kind < $1.kind }
  }
}

/// An item of the keyring.
struct Item: Equatable {
  let label: String
  let body: String
  let attributes: [String: String]

  var kind: String { attributes["meti-kind"] ?? "" }
  /// The first line of the body.
  var secret: String { String(body.prefix { $0 != "\n" }) }
}

/// What a program told its caller.
struct Told: Equatable {
  var status: Outcome.Status
  var out: String
  var err: String

  /// Success, with this line on stdout.
  static func answer(_ line: String, err: String = "") -> Told {
    Told(status: .exit(0), out: line + "\n", err: err)
  }

  /// Success, with these words on stderr.
  static func done(_ words: String...) -> Told {
    Told(status: .exit(0), out: "", err: words.map { "meti-token: \($0)\n" }.joined())
  }

  /// One line of error, one of hint where there is one, and nothing on stdout.
  static func failure(_ status: Int32, _ error: String, hint: String? = nil) -> Told {
    var err = "meti-token: error: \(error)\n"
    if let hint { err += "meti-token: hint: \(hint)\n" }
    return Told(status: .exit(status), out: "", err: err)
  }
}

extension Outcome {
  var told: Told { Told(status: status, out: out, err: err) }
}

extension StringProtocol where SubSequence == Substring {
  /// The texts before and after the first `separator`; without one, the whole text and nothing.
  func parted(at separator: String) -> (before: String, after: String) {
    guard let range = firstRange(of: separator) else { return (String(self), "") }
    return (String(self[..<range.lowerBound]), String(self[range.upperBound...]))
  }
}
