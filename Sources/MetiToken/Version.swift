/// Which meti-token this is: the one place.
public enum Version {
  /// As `--version` prints it and as METI reads it in `User-Agent` (semver.org, 2.0.0).
  public static let text = "0.1.0"
}
