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
  public init(
    hasTerminal: Bool, variable: @escaping (String) -> String?
  ) throws(InteractionError) {
    let situation = PromptSituation(variable: variable)
    // A notebook's `!command` has a terminal that nobody sees.
    let canAsk = hasTerminal && situation.value("JPY_PARENT_PID") == nil
    let dialogs: Dialogs = canAsk ? .waiting : .withinCall
    switch situation.value("METI_TOKEN_INTERACTIVE") ?? "auto" {
    case "0", "never": self = .none
    case "dialog": self.init(questions: false, dialogs: dialogs)
    case "terminal": self.init(questions: canAsk, dialogs: .never)
    case "auto" where situation.isSilenced: self = .none
    case "auto":
      let mayOpen = canAsk && !situation.isRemote || situation.hasLocalDisplay
      self.init(questions: canAsk, dialogs: mayOpen ? dialogs : .never)
    case let word: throw InteractionError(word: word)
    }
  }
}

/// `METI_TOKEN_INTERACTIVE` is none of its words.
public struct InteractionError: Error, Equatable {
  public let word: String
}

/// What the environment says about the user.
private struct PromptSituation {
  let variable: (String) -> String?

  func value(_ name: String) -> String? { variable(name).flatMap { $0.isEmpty ? nil : $0 } }

  var isRemote: Bool { value("SSH_CONNECTION") != nil }

  /// A display tells that the user is at this computer. What SSH forwards (`localhost:10.0`) is the
  /// display of another one, where the keyring's dialog would not open.
  var hasLocalDisplay: Bool {
    guard isRemote else { return value("DISPLAY") != nil || value("WAYLAND_DISPLAY") != nil }
    return value("DISPLAY")?.hasPrefix(":") ?? false
  }

  /// Whether the environment says that nobody is there, in the words of other programs.
  var isSilenced: Bool {
    isTrue("CI") || isTrue("VSCODE_GIT_FETCH_SILENT") || isNo(value("GCM_INTERACTIVE"))
      || isNo(gitSetting("credential.interactive"))
  }

  private func isTrue(_ name: String) -> Bool { value(name) != nil && !isNo(value(name)) }

  /// Whether this is a word for "no" in git's and other programs' settings.
  private func isNo(_ word: String?) -> Bool {
    ["0", "false", "no", "off", "never"].contains(word?.lowercased())
  }

  /// A setting of `git -c`, which git hands to its helpers in the environment as 'name'='value'. Files
  /// of git's configuration may belong to somebody's repository, and are not read.
  private func gitSetting(_ name: String) -> String? {
    let parameters = (value("GIT_CONFIG_PARAMETERS") ?? "").filter { $0 != "'" }.split(
      separator: " ")
    let found = parameters.last { $0.lowercased().hasPrefix("\(name)=") }
    return found.map { String($0.dropFirst(name.count + 1)) }
  }
}
