import System

/// The program that provides the Secret Service. D-Bus has no name for it, so its process must do.
struct ProviderProcess {
  private let id: Int32?
  private let name: String?

  /// The providers that return the secret of an open item without a prompt. pass-secret-service, for
  /// one, makes GnuPG ask for a passphrase.
  private static let known = [
    "gnome-keyring-daemon", "kwalletd5", "kwalletd6", "ksecretd", "keepassxc",
  ]

  /// - Parameter id: the process id, if the bus knows it.
  init(id: Int32?) {
    self.id = id
    name = id.flatMap(Self.name)
  }

  var isQuiet: Bool { name.map(Self.known.contains) ?? false }

  var text: String {
    (name ?? "an unknown program") + (id.map { ", process \($0)" } ?? "")
  }

  /// The package that KWallet needs for sessions.
  var plugins: String? {
    switch name {
    case "kwalletd5": "libqca-qt5-2-plugins"
    case "kwalletd6", "ksecretd": "libqca-qt6-plugins"
    default: nil
    }
  }

  /// The name of the running file, or, as the link of a process with capabilities is unreadable, the
  /// name of the process, of which the kernel keeps 15 bytes (proc(5)).
  private static func name(_ id: Int32) -> String? {
    if let file = FileSystem.link("/proc/\(id)/exe")?.split(separator: "/").last {
      let updated = " (deleted)"
      return String(file.hasSuffix(updated) ? file.dropLast(updated.count) : file)
    }
    guard let name = File.contents("/proc/\(id)/comm", limit: 64) else { return nil }
    return name.utf8.count == 15 ? known.first { $0.hasPrefix(name) } ?? name : name
  }
}
