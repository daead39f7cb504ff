import FoundationEssentials
import MetiToken

/// What a JWT claims about whom it was issued to: read, not verified.
///
/// A claim that is missing, no text, empty, longer than 256 bytes, or that holds characters which
/// steer a terminal is `nil`.
public struct TokenOwner: Equatable, Sendable {
  /// `sub` (RFC 7519, 4.1.2).
  public var subject: String?
  /// METI's `https://api.meti.millpont.com/account_id`.
  public var accountID: String?
  /// METI's `https://api.meti.millpont.com/role`.
  public var role: String?
  /// METI's `https://api.meti.millpont.com/client_name`.
  public var clientName: String?
}

extension TokenOwner: Decodable {
  private enum Claim: String, CodingKey {
    case subject = "sub"
    case accountID = "https://api.meti.millpont.com/account_id"
    case role = "https://api.meti.millpont.com/role"
    case clientName = "https://api.meti.millpont.com/client_name"
  }

  public init(from decoder: any Decoder) throws {
    let claims = try decoder.container(keyedBy: Claim.self)
    func text(_ claim: Claim) -> String? {
      guard let text = try? claims.decode(String.self, forKey: claim),
        (1...256).contains(text.utf8.count),
        !text.unicodeScalars.contains(where: \.isTerminalControl)
      else { return nil }
      return text
    }
    self.init(
      subject: text(.subject), accountID: text(.accountID), role: text(.role),
      clientName: text(.clientName))
  }
}
