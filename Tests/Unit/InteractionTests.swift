import MetiToken
import Testing

@Suite struct `Who can be prompted` {
  static let waiting = Interaction.Dialogs.waiting
  static let desktop = ["DISPLAY": ":0", "WAYLAND_DISPLAY": "wayland-0"]

  struct Case: Sendable, CustomTestStringConvertible {
    let testDescription: String
    var terminal = true
    var variables: [String: String] = [:]
    let expected: Interaction

    init(
      _ name: String, _ questions: Bool, _ dialogs: Interaction.Dialogs,
      _ variables: [String: String] = [:], terminal: Bool = true
    ) {
      testDescription = name
      expected = Interaction(questions: questions, dialogs: dialogs)
      self.variables = variables
      self.terminal = terminal
    }

    func interaction() throws(InteractionError) -> Interaction {
      let variables = variables
      return try Interaction(hasTerminal: terminal, variable: { variables[$0] })
    }
  }

  static let ssh = ["SSH_CONNECTION": "10.0.0.1 50000 10.0.0.2 22"]

  static let table = [
    Case("a local terminal", true, waiting, desktop),
    Case("a local terminal without a display", true, waiting),
    Case("a terminal over SSH", true, .never, ssh),
    Case(
      "a terminal over SSH with a forwarded display", true, .never,
      with(ssh, "DISPLAY=localhost:10.0")),
    Case("a terminal over SSH with a local display", true, waiting, with(ssh, "DISPLAY=:1")),
    Case("a desktop without a terminal", false, .withinCall, desktop, terminal: false),
    Case("Wayland alone", false, .withinCall, ["WAYLAND_DISPLAY": "wayland-0"], terminal: false),
    Case("no terminal and no display", false, .never, terminal: false),
    Case(
      "empty variables", false, .never, ["DISPLAY": "", "WAYLAND_DISPLAY": ""], terminal: false),
    Case(
      "SSH without a terminal, with a forwarded display", false, .never,
      with(ssh, "DISPLAY=localhost:10.0"), terminal: false),
    Case("a notebook", false, .withinCall, with(desktop, "JPY_PARENT_PID=7")),
    Case("a notebook without a display", false, .never, ["JPY_PARENT_PID": "7"]),
    Case("CI", false, .never, with(desktop, "CI=true")),
    Case("CI=false", true, waiting, ["CI": "false"]),
    Case("GCM_INTERACTIVE=0", false, .never, with(desktop, "GCM_INTERACTIVE=0")),
    Case("GCM_INTERACTIVE=never", false, .never, with(desktop, "GCM_INTERACTIVE=Never")),
    Case("GCM_INTERACTIVE=auto", true, waiting, ["GCM_INTERACTIVE": "auto"]),
    Case("VSCODE_GIT_FETCH_SILENT", false, .never, with(desktop, "VSCODE_GIT_FETCH_SILENT=true")),
    Case(
      "git -c credential.interactive=false", false, .never,
      with(desktop, "GIT_CONFIG_PARAMETERS='a.b'='c' 'credential.interactive'='false'"),
      terminal: false),
    Case(
      "the same before git 2.31", false, .never,
      with(desktop, "GIT_CONFIG_PARAMETERS='credential.interactive=never'"), terminal: false),
    Case(
      "git -c credential.interactive=true, last", false, .withinCall,
      with(
        desktop,
        "GIT_CONFIG_PARAMETERS='credential.interactive'='false' 'credential.interactive'='true'"),
      terminal: false),
    Case("auto", true, waiting, ["METI_TOKEN_INTERACTIVE": "auto"]),
    Case("an empty setting", true, waiting, ["METI_TOKEN_INTERACTIVE": ""]),
    Case("0", false, .never, with(desktop, "METI_TOKEN_INTERACTIVE=0")),
    Case("never", false, .never, with(desktop, "METI_TOKEN_INTERACTIVE=never")),
    Case("dialog at a terminal", false, waiting, ["METI_TOKEN_INTERACTIVE": "dialog"]),
    Case(
      "dialog in cron", false, .withinCall, ["METI_TOKEN_INTERACTIVE": "dialog"], terminal: false),
    Case(
      "dialog in CI", false, .withinCall, ["METI_TOKEN_INTERACTIVE": "dialog", "CI": "1"],
      terminal: false),
    Case("terminal", true, .never, with(desktop, "METI_TOKEN_INTERACTIVE=terminal")),
    Case(
      "terminal, without one", false, .never,
      with(desktop, "METI_TOKEN_INTERACTIVE=terminal"), terminal: false),
  ]

  static func with(_ variables: [String: String], _ more: String) -> [String: String] {
    let parts = more.split(separator: "=", maxSplits: 1)
    return variables.merging([String(parts[0]): String(parts[1])]) { $1 }
  }

  @Test(arguments: table)
  func `depends on the situation`(_ situation: Case) throws {
    #expect(try situation.interaction() == situation.expected)
  }

  @Test(arguments: ["1", "no", "Never", "dialogs"])
  func `is not guessed from an unknown word`(word: String) {
    #expect(throws: InteractionError.self) {
      _ = try Case("", false, .never, ["METI_TOKEN_INTERACTIVE": word]).interaction()
    }
  }
}
