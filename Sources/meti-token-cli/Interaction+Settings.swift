import MetiToken
import System

extension Interaction {
  /// Who can be prompted in this call.
  init(_ settings: Settings) throws(InteractionError) {
    let isAtTerminal =
      switch Terminal() {
      case .some(let terminal): terminal.isForeground && !settings.isHelper
      case nil: false
      }
    let own = try Interaction(hasTerminal: isAtTerminal, variable: Process.variable)
    self = settings.noPrompt ? .none : own
  }
}
