import CLibsecret

/// A value of D-Bus (GVariant). Each read names the type it expects: what a provider sends is not
/// trusted to have it.
@safe final class Variant {
  private let value: OpaquePointer

  /// - Parameter value: a floating reference, or one that becomes this one's.
  init(taking value: OpaquePointer) { unsafe self.value = g_variant_take_ref(value) }

  deinit { unsafe g_variant_unref(value) }

  /// The GVariant, for as long as `body` runs. The optimizer releases an object after the last use of
  /// it, not of a pointer that was read from it.
  func withPointer<Result>(_ body: (OpaquePointer) -> Result) -> Result {
    withExtendedLifetime(self) { unsafe body(value) }
  }

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

  static func boxed(_ value: Variant) -> Variant {
    unsafe value.withPointer { unsafe Variant(taking: g_variant_new_variant($0)) }
  }

  static func tuple(_ values: [Variant]) -> Variant {
    unsafe collection(values) { unsafe g_variant_new_tuple($0, $1) }
  }

  /// At least one value.
  static func array(_ values: [Variant]) -> Variant {
    unsafe collection(values) { unsafe g_variant_new_array(nil, $0, $1) }
  }

  /// At least one entry.
  static func dictionary(_ entries: [String: Variant]) -> Variant {
    array(
      entries.map { key, value in
        unsafe value.withPointer {
          unsafe Variant(taking: g_variant_new_dict_entry(g_variant_new_string(key), $0))
        }
      })
  }

  private static func collection(
    _ values: [Variant], _ new: ([OpaquePointer?], gsize) -> OpaquePointer
  ) -> Variant {
    withExtendedLifetime(values) {
      unsafe Variant(taking: new(values.map { unsafe $0.value }, gsize(values.count)))
    }
  }

  // MARK: Reading

  /// The type as a D-Bus signature.
  var type: String { unsafe withPointer { unsafe String(cString: g_variant_get_type_string($0)) } }

  /// The values of an array, a tuple or a dictionary; none of anything else.
  var children: [Variant] {
    unsafe withPointer { value in
      guard unsafe g_variant_is_container(value) != 0 else { return [] }
      return (0..<(unsafe g_variant_n_children(value))).map {
        unsafe Variant(taking: g_variant_get_child_value(value, $0))
      }
    }
  }

  /// What `get` reads from a value of this type; `nil` from any other.
  private func read<Value>(_ type: String, _ get: (OpaquePointer) -> Value) -> Value? {
    self.type == type ? unsafe withPointer(get) : nil
  }

  /// The value in a box.
  var unboxed: Variant? {
    unsafe read("v") { unsafe Variant(taking: g_variant_get_variant($0)) }
  }
  var string: String? { unsafe read("s") { unsafe String(cString: g_variant_get_string($0, nil)) } }
  var bool: Bool? { unsafe read("b") { unsafe g_variant_get_boolean($0) != 0 } }
  var uint32: UInt32? { unsafe read("u") { unsafe g_variant_get_uint32($0) } }

  /// An object path; `nil` for "/", which means that there is no object.
  var objectPath: String? {
    let path = unsafe read("o") { unsafe String(cString: g_variant_get_string($0, nil)) }
    return path == "/" ? nil : path
  }
  var objectPaths: [String] { children.compactMap { $0.objectPath } }

  /// A value of a dictionary `a{ss}`.
  func string(for key: String) -> String? {
    let value = unsafe read("a{ss}") { unsafe g_variant_lookup_value($0, key, nil) }
    return unsafe (value ?? nil).flatMap { unsafe Variant(taking: $0).string }
  }
}
