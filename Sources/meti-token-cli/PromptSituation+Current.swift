import MetiToken
import System

extension PromptSituation {
  /// The situation of this call.
  static func current(_ settings: Settings) -> PromptSituation {
    let terminal = Terminal()
    let isForeground: Bool
    switch terminal {
    case .some(let terminal): isForeground = terminal.isForeground
    case nil: isForeground = false
    }
    return PromptSituation(
      noPrompt: settings.noPrompt, isHelper: settings.isHelper, hasTerminal: terminal != nil,
      isForeground: isForeground, variable: Process.variable)
  }
}
