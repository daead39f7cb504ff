/// Whether this call may ask the user, and how.
public struct Interaction: Equatable, Sendable {
  /// Whether questions may be asked on the terminal.
  public var questions: Bool
  /// Whether the keyring may open a dialog.
  public var dialogs: Dialogs

  public enum Dialogs: Equatable, Sendable {
    case never
    /// The call waits for the answer in its own time.
    case withinCall
    /// The call waits this long for the answer, in addition to its own time.
    case waiting(milliseconds: Int64)
  }

  /// Prompts nobody.
  public static let none = Interaction(questions: false, dialogs: .never)
  /// At a terminal the user has two minutes to find the dialog and type a password, in milliseconds.
  public static let patience: Int64 = 120_000

  public init(questions: Bool, dialogs: Dialogs) {
    self.questions = questions
    self.dialogs = dialogs
  }

  /// Who can be prompted in this situation.
  /// - Throws: ``InteractionError`` if `METI_TOKEN_INTERACTIVE` is an unknown word.
  public init(_ situation: PromptSituation) throws(InteractionError) {
    let setting = try situation.setting()
    let canAsk = situation.canAskQuestions
    let besideTerminal: Dialogs = canAsk ? .waiting(milliseconds: Self.patience) : .withinCall
    switch setting {
    case _ where situation.noPrompt: self = .none
    case .never: self = .none
    case .dialog: self.init(questions: false, dialogs: besideTerminal)
    case .terminal: self.init(questions: canAsk, dialogs: .never)
    case .auto where situation.isSilenced: self = .none
    case .auto:
      let isLocalTerminal = canAsk && !situation.isRemote
      let mayOpen = isLocalTerminal || situation.hasLocalDisplay
      self.init(questions: canAsk, dialogs: mayOpen ? besideTerminal : .never)
    }
  }
}

/// `METI_TOKEN_INTERACTIVE` is none of its words.
public struct InteractionError: Error, Equatable {
  public let word: String
}

/// The facts that decide whether the user can be prompted.
public struct PromptSituation {
  /// `--no-prompt`.
  public var noPrompt: Bool
  /// A verb of a helper protocol, whose caller is a program.
  public var isHelper: Bool
  /// Whether there is a controlling terminal.
  public var hasTerminal: Bool
  /// Whether this process is in the terminal's foreground process group (tcgetpgrp(3)).
  public var isForeground: Bool
  /// An environment variable.
  public var variable: (String) -> String?

  public init(
    noPrompt: Bool = false, isHelper: Bool = false, hasTerminal: Bool, isForeground: Bool,
    variable: @escaping (String) -> String?
  ) {
    self.noPrompt = noPrompt
    self.isHelper = isHelper
    self.hasTerminal = hasTerminal
    self.isForeground = isForeground
    self.variable = variable
  }

  enum Setting: String {
    case auto, never, dialog, terminal
  }

  func setting() throws(InteractionError) -> Setting {
    guard let word = value("METI_TOKEN_INTERACTIVE") else { return .auto }
    if word == "0" { return .never }
    guard let setting = Setting(rawValue: word) else { throw InteractionError(word: word) }
    return setting
  }

  /// A notebook's `!command` has a terminal that nobody sees.
  var canAskQuestions: Bool {
    hasTerminal && isForeground && !isHelper && value("JPY_PARENT_PID") == nil
  }

  var isRemote: Bool { value("SSH_CONNECTION") != nil }

  /// A display tells that the user is at this computer. What SSH forwards (`localhost:10.0`) is the
  /// display of another one, where the keyring's dialog would not open.
  var hasLocalDisplay: Bool {
    guard isRemote else { return value("DISPLAY") != nil || value("WAYLAND_DISPLAY") != nil }
    return value("DISPLAY")?.hasPrefix(":") ?? false
  }

  /// Whether the environment says that nobody is there, in the words of other programs.
  var isSilenced: Bool {
    isTrue("CI") || isTrue("VSCODE_GIT_FETCH_SILENT") || value("GCM_INTERACTIVE").isNo
      || gitSetting("credential.interactive").isNo
  }

  private func value(_ name: String) -> String? {
    variable(name).flatMap { $0.isEmpty ? nil : $0 }
  }

  private func isTrue(_ name: String) -> Bool { value(name) != nil && !value(name).isNo }

  /// A setting of `git -c`, which git hands to its helpers in the environment. Files of git's
  /// configuration may belong to somebody's repository, and are not read.
  private func gitSetting(_ name: String) -> String? {
    var found: String?
    // Each parameter is 'name'='value', before git 2.31 'name=value'.
    for parameter in (value("GIT_CONFIG_PARAMETERS") ?? "").split(separator: " ") {
      let parts = parameter.filter { $0 != "'" }.split(separator: "=", maxSplits: 1)
      if parts.count == 2, parts[0].lowercased() == name { found = String(parts[1]) }
    }
    let count = min(value("GIT_CONFIG_COUNT").flatMap { Int($0) } ?? 0, 64)
    for index in 0..<max(count, 0) where value("GIT_CONFIG_KEY_\(index)")?.lowercased() == name {
      found = value("GIT_CONFIG_VALUE_\(index)")
    }
    return found
  }
}

extension String? {
  /// Whether this is a word for "no" in git's and other programs' settings.
  fileprivate var isNo: Bool {
    guard let word = self?.lowercased() else { return false }
    return ["0", "false", "no", "off", "never"].contains(word)
  }
}
