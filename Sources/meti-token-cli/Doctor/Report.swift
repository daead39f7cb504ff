import FoundationEssentials

/// What `doctor` found: the checks, and the verdict.
public struct Report: Equatable, Sendable {
  /// Of this program.
  public let version: String
  /// Of the METI API that was asked about.
  public let apiURL: String
  /// In the order of ``Check/Subject``.
  public let checks: [Check]

  public init(version: String, apiURL: String, checks: [Check]) {
    self.version = version
    self.apiURL = apiURL
    let order = Check.Subject.allCases
    self.checks = order.flatMap { subject in checks.filter { $0.subject == subject } }
  }

  /// The exit status: that of the first check that failed, which is what a call would meet first;
  /// 0 where none did. Warnings do not count.
  public var status: Int32 {
    for case .failed(let status, _) in checks.map(\.state) { return status }
    return 0
  }

  /// The checks that failed.
  public var failures: [Check.Subject] {
    checks.filter { if case .failed = $0.state { true } else { false } }.map(\.subject)
  }

  // MARK: JSON

  /// One line: `{"api_url":…,"checks":[{"detail":…,"hint":…,"id":…,"state":…},…],"version":…}`,
  /// without `hint` where all is well.
  public func json() throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let document = Document(
      apiURL: apiURL,
      checks: checks.map {
        Document.Entry(
          id: $0.subject.rawValue, state: $0.state.name, detail: $0.detail, hint: $0.state.hint)
      },
      version: version)
    return String(decoding: try encoder.encode(document), as: UTF8.self) + "\n"
  }

  private struct Document: Encodable {
    let apiURL: String
    let checks: [Entry]
    let version: String

    enum CodingKeys: String, CodingKey {
      case apiURL = "api_url"
      case checks, version
    }

    struct Entry: Encodable {
      let id: String
      let state: String
      let detail: String
      let hint: String?
    }
  }
}
