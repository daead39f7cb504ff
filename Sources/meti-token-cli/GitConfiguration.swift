import MetiToken

/// The helpers in git's global configuration for one API.
struct GitConfiguration {
  let git: GitProgram
  let api: APIURL

  /// The key of our lines.
  var key: String { "credential.\(api.origin).helper" }

  /// The key's lines in the file that is changed, and what else git reads for this URL.
  func lines() throws(Failure) -> HelperLines {
    let own = try entries([])
    let all = try entries(["--includes"])
    // Files that it includes are somebody else's.
    let file = own.first?.file
    let isOurKey = { (entry: Entry) in entry.file == file && entry.key == key }
    var lines = HelperLines(values: own.filter(isOurKey).map(\.value))
    guard let ours = all.lastIndex(where: { isOurKey($0) && HelperLines.isOurs($0.value) })
    else { return lines }
    // From the empty line on, what other lines say is in force.
    let start =
      all[..<ours].last(where: isOurKey)?.value == ""
      ? all[..<ours].lastIndex(where: isOurKey) : nil
    lines.others = all[(start ?? ours)...].filter { entry in
      !isOurKey(entry) && !HelperLines.isOurs(entry.value)
        && HelperPattern(key: entry.key)?.mayApply(to: api) ?? false
    }.map(\.key)
    return lines
  }

  /// Makes `old`, which is there now, into `new`. Adds to the end where that is all.
  func change(_ old: HelperLines, to new: HelperLines) throws(Failure) {
    var added = new.values[...]
    if new.values.starts(with: old.values) {
      added = new.values[old.values.count...]
    } else {
      try change(["--unset-all", key])
    }
    for value in added { try change(["--add", key, value]) }
  }

  /// Writes all of the key's lines again. They come to the end of the file, unless other keys keep
  /// their section where it is.
  func move(_ lines: HelperLines) throws(Failure) {
    try change(["--unset-all", key])
    for value in lines.values { try change(["--add", key, value]) }
  }

  private func change(_ arguments: [String]) throws(Failure) {
    let result = try git.run(["config", "--global"] + arguments)
    guard result.status == 0 else { throw Self.failure(result) }
  }

  /// A line with a helper.
  private struct Entry {
    let file: String
    let key: String
    let value: String
  }

  /// Every line with a helper, in the order in which git reads them.
  private func entries(_ options: [String]) throws(Failure) -> [Entry] {
    let result = try git.run(
      ["config", "--global", "--null", "--show-origin"] + options
        + ["--get-regexp", #"^credential\.(.*\.)?helper$"#])
    // 1: there is no such key (git-config(1)).
    if result.status == 1 { return [] }
    guard result.status == 0 else { throw Self.failure(result) }
    guard let text = String(validating: result.output, as: UTF8.self) else {
      throw Failure(.inputOutput, "git's configuration has a helper that is not UTF-8")
    }
    // By scalars, as a Character may hold a line feed and a carriage return. Each entry is the
    // file, a NUL, the key, a line feed, the value, and a NUL; a key without `=` has no line feed.
    let parts = text.unicodeScalars.split(separator: "\0").map { String($0) }
    return stride(from: 0, to: parts.count - 1, by: 2).map { index in
      let line = parts[index + 1].unicodeScalars
      let end = line.firstIndex(of: "\n") ?? line.endIndex
      return Entry(
        file: parts[index], key: String(line[..<end]), value: String(line[end...].dropFirst()))
    }
  }

  private static func failure(_ result: GitProgram.Result) -> Failure {
    let reason = result.reason.isEmpty ? "git config failed" : result.reason
    return Failure(.inputOutput, "cannot change git's configuration: \(reason)")
  }
}
