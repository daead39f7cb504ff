import Glibc

extension Process {
  /// Puts something on each of the descriptors 0, 1 and 2 that the caller left closed. The next file
  /// to be opened, a lock file or the keyring's socket, would take its number, and be given the
  /// token that is meant for stdout.
  ///
  /// What is put there fails with EBADF, as a closed descriptor does: `/dev/null`, opened the other
  /// way round. What this process becomes or starts has them closed again.
  public static func occupyStandardStreams() {
    for (number, flags) in [
      (STDIN_FILENO, O_WRONLY), (STDOUT_FILENO, O_RDONLY), (STDERR_FILENO, O_RDONLY),
    ] where fcntl(number, F_GETFD) < 0 {
      // open(2) takes the lowest number that is free, which this one is.
      _ = unsafe open("/dev/null", flags | O_CLOEXEC)
    }
  }
}
