import CLibsecret
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
    /// The name of the account that is meant when none is named.
    case `default`
  }

  let kind: Kind
  let api: String
  let account: String?

  init(_ kind: Kind, _ account: Account) {
    self.kind = kind
    api = account.api.text
    self.account = account.name
  }

  /// For the default, or to search for all of a kind.
  init(_ kind: Kind, at api: APIURL) {
    self.kind = kind
    self.api = api.text
    account = nil
  }

  /// A GHashTable that owns its strings; free with g_hash_table_unref.
  func table() -> OpaquePointer {
    let table = unsafe g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free)!
    unsafe g_hash_table_insert(table, g_strdup("meti-kind"), g_strdup(kind.rawValue))
    unsafe g_hash_table_insert(table, g_strdup("meti-api"), g_strdup(api))
    if let account {
      unsafe g_hash_table_insert(table, g_strdup("meti-account"), g_strdup(account))
    }
    return unsafe table
  }
}
