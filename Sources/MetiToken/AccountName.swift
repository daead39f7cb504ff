/// Names of accounts are compared by their bytes, as keyrings, the kernel and METI compare them. To
/// `String ==` and `<` an accented letter is the same in one scalar and in two.
extension String {
  /// Whether `other` is this very name.
  public func isSameName(as other: String?) -> Bool {
    guard let other else { return false }
    return utf8.elementsEqual(other.utf8)
  }
}

extension Sequence<String> {
  /// Each name once, in the order of their bytes.
  public func distinctNames() -> [String] {
    var names: [String] = []
    for name in sorted(by: { $0.utf8.lexicographicallyPrecedes($1.utf8) })
    where !name.isSameName(as: names.last) {
      names.append(name)
    }
    return names
  }
}

extension AccountSelector {
  /// Whether the account of this name may be the one that is meant.
  public func allows(_ name: String) -> Bool {
    self.name == nil || name.isSameName(as: self.name)
  }
}
