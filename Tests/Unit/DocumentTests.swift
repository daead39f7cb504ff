import Foundation
import Testing

@Suite struct `The documents` {
  static let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..")
    .standardizedFileURL
  static let pages = [
    "README.md", "CHANGES.md", "CONTRIBUTING.md", "SECURITY.md", "clients/python/README.md",
    "docs/fleet.md", "docs/keyrings.md", "docs/recipes.md", "docs/speed.md", "lab/README.md",
  ]

  @Test(arguments: pages) func `have links that lead to files and headings`(page: String) throws {
    let folder = Self.root.appending(path: page).deletingLastPathComponent()
    for match in try Self.text(page).matches(of: /\]\(([^)#:]*)(?:#([^)]*))?\)/) {
      let file =
        match.output.1.isEmpty
        ? Self.root.appending(path: page)
        : folder.appending(path: String(match.output.1)).standardizedFileURL
      let path = String(file.path.dropFirst(Self.root.path.count + 1))
      #expect(FileManager.default.fileExists(atPath: file.path), "\(match.output.0)")
      guard let heading = match.output.2 else { continue }
      #expect(try Self.headings(path).contains(String(heading)), "\(match.output.0)")
    }
  }

  private static func text(_ page: String) throws -> String {
    try String(contentsOf: root.appending(path: page), encoding: .utf8)
  }

  /// As GitHub names them: in lower case, without punctuation, with hyphens for spaces.
  private static func headings(_ page: String) throws -> [String] {
    try text(page).split(separator: "\n").filter { $0.hasPrefix("#") }.map { line in
      line.drop { $0 == "#" }.dropFirst().lowercased()
        .filter { $0.isLetter || $0.isNumber || $0 == " " || $0 == "-" }
        .replacing(" ", with: "-")
    }
  }
}
