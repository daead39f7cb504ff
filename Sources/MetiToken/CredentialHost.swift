/// Who is answered: the host of the configured API, and nobody else.
///
/// There is no URL parser here on purpose. Foundation's `URL.host` folds fullwidth letters, `%2E`
/// and soft hyphens into the real host; these comparisons are of ASCII bytes.
public struct CredentialHost: Equatable, Sendable {
  private let scheme: String
  private let host: [UInt8]
  private let port: Int

  /// The API's host from its normalised parts.
  ///
  /// - Parameters:
  ///   - scheme: `https`, or `http` where `host` is a loopback address.
  ///   - host: The name or IPv4 address in lower-case ASCII without a trailing dot, or an IPv6
  ///     address in brackets.
  ///   - port: The port, 1 to 65,535, whether or not it is the default one.
  public init(scheme: String, host: String, port: Int) throws(Unusable) {
    let bytes = Array(host.utf8)
    guard Self.isName(bytes) || Self.isBracketed(bytes) else { throw .host }
    guard scheme == "https" || (scheme == "http" && Self.isLoopback(bytes)) else { throw .scheme }
    guard (1...65_535).contains(port) else { throw .port }
    self.scheme = scheme
    self.host = bytes
    self.port = port
  }

  /// Whether a git-credential request for these attributes is about this host.
  ///
  /// The protocol must be exact. The host may differ in the case of ASCII letters and may leave
  /// out the scheme's default port; any other must be there.
  public func matches(protocol: Span<UInt8>, host: Span<UInt8>) -> Bool {
    guard `protocol`.isSame(as: scheme) else { return false }
    return authorityLengths(in: host).contains(host.count)
  }

  /// Whether an EngFlow `uri` lies on this host: scheme, host and port, then the end or one of
  /// `/ ? #`. Anything outside visible ASCII, and a backslash anywhere, is refused.
  public func matches(uri: Span<UInt8>) -> Bool {
    for index in uri.indices {
      guard uri[index].isVisible, uri[index] != ASCII.backslash else { return false }
    }
    let prefix = scheme + "://"
    let start = prefix.utf8.count
    guard uri.count > start, uri.extracting(..<start).isSame(as: prefix) else { return false }
    let rest = uri.extracting(start...)
    return authorityLengths(in: rest).contains { length in
      length == rest.count
        || [ASCII.slash, ASCII.question, ASCII.hash].contains(rest[length])
    }
  }

  /// Every length at which `text` begins with a spelling of this host and port.
  private func authorityLengths(in text: Span<UInt8>) -> [Int] {
    let portPart = Array(":\(port)".utf8)
    let isDefault = port == (scheme == "https" ? 443 : 80)
    let spellings = isDefault ? [host, host + portPart] : [host + portPart]
    return spellings.filter { spelling in
      guard spelling.count <= text.count else { return false }
      return spelling.indices.allSatisfy { text[$0].lowercased == spelling[$0] }
    }.map(\.count)
  }

  private static func isName(_ host: [UInt8]) -> Bool {
    guard let first = host.first, first != UInt8(ascii: "."), host.last != UInt8(ascii: ".")
    else { return false }
    return host.allSatisfy {
      $0.isDigit || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0)
        || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "_")
    }
  }

  private static func isBracketed(_ host: [UInt8]) -> Bool {
    guard host.count > 2, host.first == ASCII.openBracket, host.last == ASCII.closeBracket
    else { return false }
    return host.dropFirst().dropLast().allSatisfy {
      $0 == ASCII.colon || $0 == UInt8(ascii: ".") || ($0.hexValue != nil && $0.lowercased == $0)
    }
  }

  private static func isLoopback(_ host: [UInt8]) -> Bool {
    if host == Array("localhost".utf8) || host == Array("[::1]".utf8) { return true }
    let numbers = host.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    return numbers.count == 4 && numbers[0].elementsEqual("127".utf8)
      && numbers.allSatisfy { $0.allSatisfy(\.isDigit) && (1...3).contains($0.count) }
  }
}

extension CredentialHost {
  /// Why no host can be made of the parts.
  public enum Unusable: Error, Equatable {
    /// Neither `https` nor `http` with a loopback address.
    case scheme
    /// Not a lower-case ASCII name or address.
    case host
    /// Not a port number.
    case port
  }
}
