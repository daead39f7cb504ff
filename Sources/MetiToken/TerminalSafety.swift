extension String {
  /// The text with `mark` in place of every terminal control.
  public func escapedForTerminal(_ mark: Unicode.Scalar = "?") -> String {
    String(String.UnicodeScalarView(unicodeScalars.map { $0.isTerminalControl ? mark : $0 }))
  }
}

extension Unicode.Scalar {
  /// Whether it would do more at a terminal than show itself: controls, and what breaks lines or
  /// changes the direction of writing (Unicode general categories Cc, Cf, Zl, Zp). What has no
  /// meaning yet (Cn, Cs) counts with them, since a terminal may give it one.
  public var isTerminalControl: Bool {
    switch properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .unassigned: true
    default: false
    }
  }
}
