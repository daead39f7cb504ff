import Glibc
import MetiToken
import Posix

/// The program behind the Secret Service. The interface has no property for its name or version, so
/// both come from its process.
struct Provider {
  /// As its file is called; `nil` where that cannot be found out.
  let name: String?
  private let version: String?
  private let process: Int32?

  /// Those that give the secret of an unlocked item without asking a person, and that print their
  /// version and end when they are called with `--version`.
  private static let known = [
    "gnome-keyring-daemon", "kwalletd5", "kwalletd6", "ksecretd", "keepassxc",
  ]

  /// Whether reading an unlocked item asks nobody, as far as is known. pass-secret-service, for
  /// one, has GnuPG ask for a passphrase.
  var isQuiet: Bool { name.map(Self.known.contains) ?? false }

  var text: String {
    let version = version.map { " \($0)" } ?? " (version not known)"
    let place = process.map { ", process \($0)" } ?? ""
    return (name ?? "a program that does not show its name") + version + place
  }

  init(process: Int32?, until deadline: Deadline, _ clock: any Clock) {
    self.process = process
    let file = process.flatMap(Self.file)
    let name = file?.name
    self.name = name
    guard let file, let name, Self.known.contains(name), Self.isSystemFile(file.path) else {
      version = nil
      return
    }
    let within = Deadline(
      min(deadline.remaining(at: clock.now()), Self.patience), from: clock.now())
    // Of the session it knows nothing: it can neither reach the bus nor open a window.
    let output = Process.output(
      of: file.path, [name, "--version"],
      environment: Environment(only: [
        "PATH=/usr/bin:/bin", "LC_ALL=C", "QT_QPA_PLATFORM=offscreen",
      ]),
      atMost: 4096, until: within, clock)
    version = output.flatMap { Self.version(in: String(decoding: $0, as: UTF8.self)) }
  }

  /// For a program to print its version, in milliseconds.
  private static let patience: Int64 = 2_000

  /// What a process runs. The link is the very file, whatever its path leads to by now (proc(5)).
  /// Of a process with capabilities, such as gnome-keyring's on Debian, it cannot be followed; then
  /// the name that it shows counts, and the file of that name in /usr/bin.
  private static func file(of process: Int32) -> (name: String, path: String)? {
    let link = "/proc/\(process)/exe"
    if let target = FileSystem.link(link), let name = target.split(separator: "/").last {
      // What was replaced by an update while it runs has this behind its name.
      let end = " (deleted)"
      return (String(name.hasSuffix(end) ? name.dropLast(end.count) : name), link)
    }
    guard let shown = File.contents("/proc/\(process)/comm", limit: 64), !shown.isEmpty else {
      return nil
    }
    // The kernel keeps 15 bytes of it (PR_SET_NAME, prctl(2)).
    let name = shown.utf8.count == 15 ? known.first { $0.hasPrefix(shown) } ?? shown : shown
    return (name, "/usr/bin/\(name)")
  }

  /// Whether a file is one of the system's, which nobody but root can have changed. Only such a one
  /// is run.
  private static func isSystemFile(_ path: String) -> Bool {
    var info = stat()
    return unsafe stat(path, &info) == 0 && info.st_mode & S_IFMT == S_IFREG && info.st_uid == 0
      && info.st_mode & 0o6022 == 0
  }

  /// The first word that looks like `42.1` or `5.103.0`.
  private static func version(in text: String) -> String? {
    text.split(whereSeparator: \.isWhitespace).first { word in
      word.first?.isNumber == true && word.contains(".")
        && word.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
    }.map(String.init)
  }
}
