import Glibc
import MetiToken

/// What curl is asked to do, as far as that has to be known to keep the token safe and to repeat
/// the request.
struct CurlArguments {
  /// What stands between `--next` and `--next`: an operation with options of its own.
  struct Operation {
    /// As given, but with every URL on the API's origin.
    var arguments: [[UInt8]] = []
    var urls = 0
    var names: Set<String> = []
    /// Whether one URL or file stands for several, by braces or brackets.
    var hasGlob = false
    /// Whether something can be read or written once only: standard input, a pipe, a device.
    var isOneShot = false
  }

  private(set) var operations: [Operation] = []

  private let api: APIURL

  /// - Throws: `usage` for what is refused.
  init(_ arguments: [[UInt8]], api: APIURL) throws(Failure) {
    self.api = api
    var operation = Operation()
    var rest = arguments[...]
    var isOptions = true
    while let argument = rest.popFirst() {
      if !isOptions || argument.first != UInt8(ascii: "-") {
        try operation.add(url: argument, api)
      } else if argument.elementsEqual("--".utf8) {
        isOptions = false
      } else if argument.elementsEqual("--next".utf8) || argument.elementsEqual("-:".utf8) {
        try close(operation)
        operation = Operation()
      } else if argument.starts(with: "--".utf8) {
        try operation.add(long: argument, &rest, api)
      } else {
        try operation.add(short: argument, &rest, api)
      }
    }
    try close(operation)
  }

  private mutating func close(_ operation: Operation) throws(Failure) {
    guard operation.urls > 0 else {
      throw .usage("no URL is given to curl", hint: "give a path such as /sources")
    }
    operations.append(operation)
  }

  /// Whether the answers' headers can be looked at: not where the caller takes them elsewhere.
  var canBeWatched: Bool { !operations.contains { $0.names.contains("dump-header") } }

  /// Whether curl may be run once more after a 401 to its first request, with nobody noticing.
  ///
  /// Not where input is used up or output cannot be overwritten, nor where transfers run at the same
  /// time. Several requests only where all of them are for reading: what was sent before the
  /// 401, and got no answer, must not be sent again.
  var isRepeatable: Bool {
    let isSafe = operations.allSatisfy { $0.names.isDisjoint(with: Self.writing) }
    let isSingle = operations.count == 1 && operations[0].urls == 1 && !operations[0].hasGlob
    return canBeWatched && (isSingle || isSafe)
      && operations.allSatisfy { operation in
        !operation.isOneShot && operation.names.isDisjoint(with: Self.unrepeatable)
      }
  }

  /// Whether a redirect is followed, so that an answer may come from another host.
  var followsRedirects: Bool { operations.contains { $0.names.contains("location") } }

  private static let writing: Set = [
    "data", "data-ascii", "data-binary", "data-raw", "data-urlencode", "json", "form",
    "form-string", "upload-file", "request",
  ]
  private static let unrepeatable: Set = [
    "parallel", "remote-header-name", "no-clobber", "skip-existing",
  ]
}

extension CurlArguments.Operation {
  fileprivate mutating func add(url: [UInt8], _ api: APIURL) throws(Failure) {
    arguments.append(try note(url: url, api))
  }

  /// `--name`, and its value where it has one. curl would also take a beginning of the name, and
  /// which one it means depends on its version; so that is not known here.
  fileprivate mutating func add(
    long argument: [UInt8], _ rest: inout ArraySlice<[UInt8]>, _ api: APIURL
  ) throws(Failure) {
    let name = String(decoding: argument.dropFirst(2), as: UTF8.self)
    arguments.append(argument)
    guard try takesValue(name) else { return note(flag: name, api) }
    guard let value = rest.popFirst() else {
      throw .usage("curl's --\(name) needs a value", hint: nil)
    }
    arguments.append(try note(name, value, api))
  }

  /// `-abc`, and the value of the last where it has one, which may follow at once.
  fileprivate mutating func add(
    short argument: [UInt8], _ rest: inout ArraySlice<[UInt8]>, _ api: APIURL
  ) throws(Failure) {
    for index in argument.indices.dropFirst() {
      guard let name = CurlOption.long(argument[index]) else {
        let letter = String(decoding: argument[index...index], as: UTF8.self)
        throw .usage("meti-token curl does not know the option -\(letter)", hint: Self.hint)
      }
      guard try takesValue(name) else {
        note(flag: name, api)
        continue
      }
      if index + 1 < argument.count {
        let value = try note(name, Array(argument[(index + 1)...]), api)
        arguments.append(argument[...index] + value)
      } else {
        guard let value = rest.popFirst() else {
          throw .usage("curl's --\(name) needs a value", hint: nil)
        }
        arguments.append(argument)
        arguments.append(try note(name, value, api))
      }
      return
    }
    guard argument.count > 1 else {
      throw .usage("- is no URL", hint: "give a path such as /sources")
    }
    arguments.append(argument)
  }

  private static let hint = "see meti-token curl --help; options must be spelled out"

  private func takesValue(_ name: String) throws(Failure) -> Bool {
    guard let option = CurlOption(long: name) else {
      throw .usage("meti-token curl does not know the option --\(name)", hint: Self.hint)
    }
    switch option {
    case .flag: return false
    case .value: return true
    case .refused(let refusal):
      throw .usage("curl's --\(name) is refused: \(refusal.rawValue)", hint: nil)
    }
  }

  private mutating func note(flag name: String, _ api: APIURL) {
    names.insert(name)
  }

  private mutating func note(url: [UInt8], _ api: APIURL) throws(Failure) -> [UInt8] {
    let resolved = try CurlURL.resolve(url, at: api)
    urls += 1
    note(glob: resolved.dropFirst(api.origin.utf8.count))
    return resolved
  }

  private mutating func note(glob text: ArraySlice<UInt8>) {
    if text.contains(UInt8(ascii: "{")) || text.contains(UInt8(ascii: "[")) { hasGlob = true }
  }

  /// - Returns: the value that curl is given.
  private mutating func note(
    _ name: String, _ value: [UInt8], _ api: APIURL
  ) throws(Failure) -> [UInt8] {
    names.insert(name)
    guard name != "url" else { return try note(url: value, api) }
    let isOneLine = !value.contains(UInt8(ascii: "\n")) && !value.contains(UInt8(ascii: "\r"))
    // In a header, a method or a name it could begin a request of its own.
    guard isOneLine || Self.multiline.contains(name) else {
      throw .usage("the value of curl's --\(name) holds a line break", hint: nil)
    }
    let isProxy = name == "noproxy" || name.hasSuffix("proxy") || name.hasPrefix("socks")
    guard api.scheme == .https || !(isProxy || name == "proxy1.0") else {
      throw .usage(
        "curl's --\(name) is refused: without TLS only this machine is spoken to", hint: nil)
    }
    if name == "header" { try check(header: value) }
    if name == "upload-file" { note(glob: value[...]) }
    if CurlFiles.read(name, value).contains(where: CurlFiles.isOneShot)
      || (name == "output" && CurlFiles.isDevice(value))
    {
      isOneShot = true
    }
    return value
  }

  private static let multiline: Set = [
    "data", "data-ascii", "data-binary", "data-raw", "data-urlencode", "json", "form",
    "form-string", "write-out", "url-query",
  ]

  private func check(header: [UInt8]) throws(Failure) {
    guard header.first != UInt8(ascii: "@") else {
      throw .usage(
        "curl's --header @file is refused: \(CurlOption.Refusal.uncheckedFile.rawValue)",
        hint: nil)
    }
    let name = String(
      decoding: header.prefix { $0 != UInt8(ascii: ":") && $0 != UInt8(ascii: ";") }
        .filter { $0 > 0x20 }.map { $0 >= 0x41 && $0 <= 0x5A ? $0 | 0x20 : $0 },
      as: UTF8.self)
    if name == "authorization" {
      throw .usage("a header Authorization is refused: the token is the authentication", hint: nil)
    }
    if name == "host" {
      throw .usage("a header Host is refused: it may lead the token to another host", hint: nil)
    }
  }
}

/// The files that options of curl name.
enum CurlFiles {
  /// The files that curl reads for this option; `-` is standard input.
  static func read(_ name: String, _ value: [UInt8]) -> [[UInt8]] {
    let at = UInt8(ascii: "@")
    let equals = UInt8(ascii: "=")
    switch name {
    case "data", "data-ascii", "data-binary", "json", "write-out", "proxy-header":
      return value.first == at ? [Array(value.dropFirst())] : []
    case "data-urlencode", "url-query":
      // `name=content`, or `name@file` (curl(1), --data-urlencode).
      guard let mark = value.firstIndex(where: { $0 == at || $0 == equals }), value[mark] == at
      else { return [] }
      return [Array(value[(mark + 1)...])]
    case "form":
      // `name=@file;type=…`, `name=@file,file`, `name=<file`, with or without quotes.
      let content = value.drop { $0 != equals }.dropFirst()
      guard content.first == at || content.first == UInt8(ascii: "<") else { return [] }
      return pieces(content.dropFirst(), between: ",;\"")
    case "upload-file":
      // `.` is standard input without waiting for it.
      return value.elementsEqual(".".utf8) ? [Array("-".utf8)] : pieces(value[...], between: "{,}")
    case "cookie":
      return value.contains(equals) ? [] : [value]
    case "cert", "proxy-cert":
      return pieces(value[...], between: ":")
    case "alt-svc", "cacert", "capath", "crlfile", "etag-compare", "hsts", "key", "pinnedpubkey",
      "proxy-cacert", "proxy-capath", "proxy-crlfile", "proxy-key", "proxy-pinnedpubkey":
      return [value]
    default:
      return []
    }
  }

  private static func pieces(_ text: ArraySlice<UInt8>, between: String) -> [[UInt8]] {
    text.split { Array(between.utf8).contains($0) }.map { Array($0) }
  }

  /// Whether a file can be read once only.
  static func isOneShot(_ path: [UInt8]) -> Bool {
    path.elementsEqual("-".utf8) || isDevice(path)
  }

  /// Whether it is there and is neither a file nor a directory, such as a pipe; /dev/null is no harm.
  static func isDevice(_ path: [UInt8]) -> Bool {
    guard !path.elementsEqual("/dev/null".utf8) else { return false }
    var info = stat()
    let path = path.map { CChar(bitPattern: $0) } + [0]
    guard unsafe stat(path, &info) == 0 else { return false }
    let kind = info.st_mode & S_IFMT
    return kind != S_IFREG && kind != S_IFDIR
  }
}
