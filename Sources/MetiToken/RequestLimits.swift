/// How much of a request is read before it is refused.
public enum RequestLimits {
  /// The longest git-credential line in bytes, with its line feed. git documents the same number;
  /// a longer line is refused, never split.
  public static let line = 65_535

  /// The longest request in bytes, of either protocol: a thousand times what callers send.
  public static let request = 1_048_576

  /// How deep JSON may nest, the outermost object included. Bounds the stack, not the meaning:
  /// a request needs one level.
  public static let nesting = 64
}
