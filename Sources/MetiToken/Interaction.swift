/// Whether this call may ask the user, and how.
public struct Interaction: Equatable, Sendable {
  /// Whether questions may be asked on the terminal.
  public let questions: Bool
  /// Whether the keyring may open a dialog.
  public let dialogs: Dialogs

  public enum Dialogs: Equatable, Sendable {
    case never
    /// The call waits for the answer in its own time.
    case withinCall
    /// The call waits for the answer for ``Interaction/patience``, in addition to its own time.
    case waiting
  }

  /// Prompts nobody.
  public static let none = Interaction(questions: false, dialogs: .never)
  /// At a terminal the user has two minutes to find the dialog and type a password, in milliseconds.
  public static let patience: Int64 = 120_000

  public init(questions: Bool, dialogs: Dialogs) {
    self.questions = questions
    self.dialogs = dialogs
  }

  /// Who can be prompted here, unless `--no-prompt` says nobody.
  /// - Parameters:
  ///   - hasTerminal: whether the user waits at a terminal: not for a helper verb, whose caller is a
  ///     program, and only in the foreground process group (tcgetpgrp(3)).
  ///   - variable: an environment variable.
  /// - Throws: ``InteractionError`` if `METI_TOKEN_INTERACTIVE` is an unknown word.
  public init(hasTerminal: Bool, variable: (String) -> String?) throws(InteractionError) {
    func value(_ name: String) -> String? { variable(name).flatMap { $0.isEmpty ? nil : $0 } }
    // A notebook's `!command` has a terminal that nobody sees.
    let canAsk = hasTerminal && value("JPY_PARENT_PID") == nil
    let dialogs: Dialogs = canAsk ? .waiting : .withinCall
    switch value("METI_TOKEN_INTERACTIVE") ?? "auto" {
    case "0", "never": self = .none
    case "dialog": self.init(questions: false, dialogs: dialogs)
    case "terminal": self.init(questions: canAsk, dialogs: .never)
    case "auto" where Self.isSilenced(value): self = .none
    case "auto":
      // A display tells that the user is at this computer. What SSH forwards (`localhost:10.0`) is the
      // display of another one, where the keyring's dialog would not open.
      let isRemote = value("SSH_CONNECTION") != nil
      let hasDisplay =
        isRemote
        ? value("DISPLAY")?.hasPrefix(":") ?? false
        : value("DISPLAY") != nil || value("WAYLAND_DISPLAY") != nil
      let mayOpen = canAsk && !isRemote || hasDisplay
      self.init(questions: canAsk, dialogs: mayOpen ? dialogs : .never)
    case let word: throw InteractionError(word: word)
    }
  }

  /// Whether the environment says that nobody is there, in the words of other programs.
  private static func isSilenced(_ value: (String) -> String?) -> Bool {
    func isNo(_ word: String?) -> Bool {
      ["0", "false", "no", "off", "never"].contains(word?.lowercased())
    }
    // What `git -c` sets, which git hands to its helpers as 'name'='value'. Files of git's configuration
    // may belong to somebody's repository, and are not read.
    let name = "credential.interactive="
    let settings = value("GIT_CONFIG_PARAMETERS")?.filter { $0 != "'" }.split(separator: " ")
    let setting = settings?.last { $0.lowercased().hasPrefix(name) }?.dropFirst(name.count)
    return isNo(setting.map(String.init)) || isNo(value("GCM_INTERACTIVE"))
      || ["CI", "VSCODE_GIT_FETCH_SILENT"].contains { value($0).map { !isNo($0) } ?? false }
  }
}

/// `METI_TOKEN_INTERACTIVE` is none of its words.
public struct InteractionError: Error, Equatable {
  public let word: String
}
