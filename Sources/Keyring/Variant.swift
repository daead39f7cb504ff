import CLibsecret

/// A value of D-Bus (GVariant). Each read names the type it expects: what a provider sends is not
/// trusted to have it.
@safe final class Variant {
  let value: OpaquePointer

  /// - Parameter value: a floating reference, or one that becomes this one's.
  init(taking value: OpaquePointer) { unsafe self.value = g_variant_take_ref(value) }

  deinit { unsafe g_variant_unref(value) }

  // MARK: Writing

  static func string(_ text: String) -> Variant {
    unsafe Variant(taking: g_variant_new_string(text))
  }
  static func bool(_ bool: Bool) -> Variant {
    unsafe Variant(taking: g_variant_new_boolean(bool ? 1 : 0))
  }
  static func path(_ path: String) -> Variant {
    unsafe Variant(taking: g_variant_new_object_path(path))
  }

  /// An array of at least one object path.
  static func paths(_ paths: [String]) -> Variant { array(paths.map { path($0) }) }

  /// A dictionary `a{ss}` with at least one entry.
  static func dictionary(_ strings: [String: String]) -> Variant {
    array(strings.map { entry($0, string($1)) })
  }

  /// A dictionary `a{sv}` with at least one entry.
  static func properties(_ values: [String: Variant]) -> Variant {
    array(
      values.map { key, value in
        unsafe entry(key, Variant(taking: g_variant_new_variant(value.value)))
      })
  }

  static func tuple(_ values: [Variant]) -> Variant {
    let children: [OpaquePointer?] = unsafe values.map { unsafe $0.value }
    defer { withExtendedLifetime(values) {} }
    return unsafe Variant(taking: g_variant_new_tuple(children, gsize(children.count)))
  }

  private static func array(_ values: [Variant]) -> Variant {
    let children: [OpaquePointer?] = unsafe values.map { unsafe $0.value }
    defer { withExtendedLifetime(values) {} }
    return unsafe Variant(taking: g_variant_new_array(nil, children, gsize(children.count)))
  }

  private static func entry(_ key: String, _ value: Variant) -> Variant {
    unsafe Variant(taking: g_variant_new_dict_entry(g_variant_new_string(key), value.value))
  }

  // MARK: Reading

  /// The type as a D-Bus signature.
  var type: String { unsafe String(cString: g_variant_get_type_string(value)) }

  /// The values of an array, a tuple or a dictionary; none of anything else.
  var children: [Variant] {
    guard unsafe g_variant_is_container(value) != 0 else { return [] }
    return (0..<(unsafe g_variant_n_children(value))).map {
      unsafe Variant(taking: g_variant_get_child_value(value, $0))
    }
  }

  /// The value in a box (signature `v`).
  var unboxed: Variant? {
    guard type == "v" else { return nil }
    return unsafe Variant(taking: g_variant_get_variant(value))
  }

  /// A string or an object path.
  var string: String? {
    guard ["s", "o"].contains(type) else { return nil }
    return unsafe String(cString: g_variant_get_string(value, nil))
  }

  var strings: [String] { children.compactMap(\.string) }

  var bool: Bool? { type == "b" ? unsafe g_variant_get_boolean(value) != 0 : nil }
  var uint32: UInt32? { type == "u" ? unsafe g_variant_get_uint32(value) : nil }
  var uint64: UInt64? { type == "t" ? unsafe UInt64(g_variant_get_uint64(value)) : nil }

  /// A value of a dictionary `a{ss}`.
  func string(for key: String) -> String? {
    guard type == "a{ss}" else { return nil }
    return children.lazy.map(\.children).first { $0[0].string == key }?[1].string
  }
}
