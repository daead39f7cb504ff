import CLibsecret

/// A value from D-Bus (GVariant), asked for by type: what a provider sends is not trusted to be of
/// the type it should be.
@safe final class Variant {
  private let value: OpaquePointer

  /// - Parameter value: whose reference becomes this one's.
  init(taking value: OpaquePointer) { unsafe self.value = value }

  deinit { unsafe g_variant_unref(value) }

  /// The first value of a tuple; `nil` where it has none.
  var first: Variant? {
    guard unsafe g_variant_is_container(value) != 0, count > 0 else { return nil }
    return child(0)
  }

  /// The value in a box (signature `v`).
  var unboxed: Variant? {
    guard unsafe g_variant_check_format_string(value, "v", 0) != 0 else { return nil }
    return unsafe Variant(taking: g_variant_get_variant(value))
  }

  var uint64: UInt64? {
    guard unsafe g_variant_check_format_string(value, "t", 0) != 0 else { return nil }
    return unsafe UInt64(g_variant_get_uint64(value))
  }

  var uint32: UInt32? {
    guard unsafe g_variant_check_format_string(value, "u", 0) != 0 else { return nil }
    return unsafe UInt32(g_variant_get_uint32(value))
  }

  var string: String? {
    guard unsafe g_variant_check_format_string(value, "s", 0) != 0 else { return nil }
    return unsafe String(cString: g_variant_get_string(value, nil))
  }

  var strings: [String]? {
    guard unsafe g_variant_check_format_string(value, "as", 0) != 0 else { return nil }
    return (0..<count).compactMap { child($0).string }
  }

  var bool: Bool? {
    guard unsafe g_variant_check_format_string(value, "b", 0) != 0 else { return nil }
    return unsafe g_variant_get_boolean(value) != 0
  }

  /// A dictionary of strings.
  var dictionary: [String: String]? {
    guard unsafe g_variant_check_format_string(value, "a{ss}", 0) != 0 else { return nil }
    var strings: [String: String] = [:]
    for index in 0..<count {
      let entry = child(index)
      if let key = entry.child(0).string { strings[key] = entry.child(1).string }
    }
    return strings
  }

  /// Of a container (g_variant_n_children).
  private var count: gsize { unsafe g_variant_n_children(value) }

  /// - Parameter index: below ``count``.
  private func child(_ index: gsize) -> Variant {
    unsafe Variant(taking: g_variant_get_child_value(value, index))
  }
}
