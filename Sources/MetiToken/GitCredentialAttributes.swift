/// The attributes of a git-credential request while its lines are being read.
struct GitCredentialAttributes: ~Copyable {
  typealias Malformed = GitCredentialRequest.Malformed

  var `protocol`: [UInt8]?
  var host: [UInt8]?
  var path: [UInt8]?
  var username: [UInt8]?
  var authtype: [UInt8]?
  var password: CallerSecret?
  var credential: CallerSecret?
  var hasAuthtypeCapability = false

  /// Reads one line, given without its line feed and the carriage return before it.
  mutating func read(line: Span<UInt8>) throws(Malformed) {
    for index in line.indices {
      if line[index] == ASCII.nul { throw .nul }
      if line[index] == ASCII.carriageReturn { throw .carriageReturn }
    }
    guard let separator = line.firstIndex(of: ASCII.equals) else { throw .noEqualsSign }
    guard separator > 0 else { throw .emptyKey }
    try read(
      key: line.extracting(..<separator), value: line.extracting((separator + 1)...))
  }

  private mutating func read(key: Span<UInt8>, value: Span<UInt8>) throws(Malformed) {
    if key.isSame(as: "protocol") {
      try Self.set(&`protocol`, to: value)
    } else if key.isSame(as: "host") {
      try Self.set(&host, to: value)
    } else if key.isSame(as: "path") {
      try Self.set(&path, to: value)
    } else if key.isSame(as: "username") {
      try Self.set(&username, to: value)
    } else if key.isSame(as: "authtype") {
      try Self.set(&authtype, to: value)
    } else if key.isSame(as: "password") {
      try Self.set(&password, to: value)
    } else if key.isSame(as: "credential") {
      try Self.set(&credential, to: value)
    } else if key.isSame(as: "url") {
      try read(url: value)
    } else if key.isSame(as: "capability[]") {
      // A list; an empty value empties it. Of its members only this one means anything to us.
      if value.isEmpty { hasAuthtypeCapability = false }
      if value.isSame(as: "authtype") { hasAuthtypeCapability = true }
    }
  }

  /// Reads `PROTOCOL://[USERNAME[:PASSWORD]@]HOST[/PATH]` into the attributes, dividing it where
  /// git's `credential_from_url_gently` does.
  ///
  /// The host is not percent-decoded, so `%2E` never becomes the dot of a host that is answered.
  private mutating func read(url: Span<UInt8>) throws(Malformed) {
    var colon = 0
    while true {
      guard colon + 2 < url.count else { throw .unusableURL }
      if url[colon] == ASCII.colon, url[colon + 1] == ASCII.slash, url[colon + 2] == ASCII.slash {
        break
      }
      colon += 1
    }
    guard colon > 0 else { throw .unusableURL }
    try Self.set(&`protocol`, to: url.extracting(..<colon))

    let authority = colon + 3
    var end = authority
    while end < url.count, ![ASCII.slash, ASCII.question, ASCII.hash].contains(url[end]) {
      end += 1
    }
    var hostStart = authority
    if let at = url.firstIndex(of: ASCII.at, from: authority), at < end {
      hostStart = at + 1
      try read(userinfo: url.extracting(authority..<at))
    }
    try Self.set(&host, to: url.extracting(hostStart..<end))
    try read(urlPath: url.extracting(end...))
  }

  private mutating func read(userinfo: Span<UInt8>) throws(Malformed) {
    let colon = userinfo.firstIndex(of: ASCII.colon)
    let name = try Self.decodingPercent(userinfo.extracting(..<(colon ?? userinfo.count)))
    try name.withBytes { bytes throws(Malformed) in try Self.set(&username, to: bytes) }
    guard let colon else { return }
    let secret = try Self.decodingPercent(userinfo.extracting((colon + 1)...))
    try secret.withBytes { bytes throws(Malformed) in try Self.set(&password, to: bytes) }
  }

  private mutating func read(urlPath: Span<UInt8>) throws(Malformed) {
    var start = 0
    while start < urlPath.count, urlPath[start] == ASCII.slash { start += 1 }
    guard start < urlPath.count else { return }
    let decoded = try Self.decodingPercent(urlPath.extracting(start...))
    try decoded.withBytes { bytes throws(Malformed) in
      var end = bytes.count
      while end > 1, bytes[end - 1] == ASCII.slash { end -= 1 }
      try Self.set(&path, to: bytes.extracting(..<end))
    }
  }

  /// `text` with its `%XX` escapes decoded. What is no escape stays as it is, as git leaves it.
  private static func decodingPercent(_ text: Span<UInt8>) throws(Malformed) -> WipedBytes {
    var decoded = WipedBytes(capacity: text.count)
    var index = 0
    while index < text.count {
      var byte = text[index]
      index += 1
      if byte == ASCII.percent, index + 1 < text.count,
        let high = text[index].hexValue, let low = text[index + 1].hexValue
      {
        byte = high << 4 | low
        index += 2
      }
      if byte == ASCII.lineFeed || byte == ASCII.carriageReturn || byte == ASCII.nul {
        throw .unusableURL
      }
      decoded.append(byte)
    }
    return decoded
  }

  private static func set(_ slot: inout [UInt8]?, to value: Span<UInt8>) throws(Malformed) {
    if let held = slot {
      guard held.span.isSame(as: value) else { throw .contradiction }
    } else {
      slot = value.copied()
    }
  }

  private static func set(_ slot: inout CallerSecret?, to value: Span<UInt8>) throws(Malformed) {
    switch slot {
    case .some(let held):
      guard held.equals(value) else { throw .contradiction }
      return
    case nil:
      break
    }
    slot = CallerSecret(copying: value)
  }
}
