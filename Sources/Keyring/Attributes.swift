import MetiToken

/// The attributes of an item, which say what it is and never anything that changes.
///
/// Never named `user`, `object`, `protocol`, `port` or `server`: git-credential-libsecret matches
/// on those names in any schema, and would hand the item out and delete it.
struct Attributes {
  enum Kind: String {
    /// The password or client secret.
    case account
    case token
  }

  /// `nil` to search for both kinds.
  let kind: Kind?
  let selector: AccountSelector

  /// What a search has to match. Not the schema: while GNOME Keyring was never unlocked, it gives
  /// every item another schema's name, and the items would seem to be absent.
  var query: [String: String] {
    var query = ["meti-api": selector.api.text]
    query["meti-kind"] = kind?.rawValue
    query["meti-account"] = selector.name
    return query
  }

  /// The attributes of a new item.
  var stored: [String: String] {
    query.merging(["xdg:schema": "com.millpont.meti.Credential"]) { $1 }
  }
}
