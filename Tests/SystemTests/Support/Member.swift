/// Somebody with a desktop, and an account at a METI that is stored there.
final class Member {
  let desktop: Desktop
  let server: METIServer
  var environment: [String: String]

  /// - Parameter isLoggedIn: false for somebody who has stored nothing yet.
  init(lifetime: Int = 3600, isLoggedIn: Bool = true) throws {
    desktop = try Desktop()
    server = try METIServer(lifetime: lifetime)
    environment = desktop.environment.merging(server.environment) { $1 }
    guard isLoggedIn else { return }
    let outcome = try Program.metiToken.run(
      ["login", "--email", METIServer.email, "--password-stdin"],
      input: .text(METIServer.password), environment: environment)
    guard outcome.status == .exit(0) else { throw Missed(what: "a login", seen: outcome.err) }
  }

  func run(
    _ arguments: [String], input: Input = .nothing, adding variables: [String: String] = [:],
    directory: String? = nil
  ) throws -> Outcome {
    try Program.metiToken.run(
      arguments, input: input, environment: environment.merging(variables) { $1 },
      directory: directory)
  }

  func start(
    _ arguments: [String], input: Input = .nothing, adding variables: [String: String] = [:]
  ) throws -> Child {
    try Program.metiToken.start(
      arguments, input: input, environment: environment.merging(variables) { $1 })
  }
}
