/// The arguments of `meti-token curl`, checked: one transfer, to the API's origin, with options that
/// keep the token safe.
public struct CurlArguments: Sendable {
  /// What curl is given, each option by its long name. Bytes, because a file's name need not be UTF-8.
  public private(set) var checked: [[UInt8]] = []
  private let api: APIURL
  private var hasURL = false

  /// Why the arguments are refused, in words.
  public struct Refusal: Error, Equatable {
    public let reason: String
    public var hint: String?
  }

  public init(_ arguments: [[UInt8]], api: APIURL) throws(Refusal) {
    self.api = api
    var rest = arguments[...]
    var isOptions = true
    while let argument = rest.popFirst() {
      if !isOptions || argument.first != UInt8(ascii: "-") {
        try add("url", argument)
      } else if argument.elementsEqual("--".utf8) {
        isOptions = false
      } else if argument.starts(with: "--".utf8) {
        let name = String(decoding: argument.dropFirst(2), as: UTF8.self)
        guard let option = CurlOption(name: name) else { throw Self.notAllowed(name, "--") }
        try add(option.name, option.takesValue ? Self.value(of: option, &rest) : nil)
      } else {
        try add(letters: argument.dropFirst(), &rest)
      }
    }
    guard hasURL else { throw Refusal(reason: "no URL is given to curl", hint: Self.example) }
  }

  /// For a manual.
  public static var allowedOptions: String { CurlOption.list.joined(separator: ", ") }

  private static let example = "give a path such as /sources"

  /// `-abc`, and the value of the last letter, which may follow at once.
  private mutating func add(
    letters: ArraySlice<UInt8>, _ rest: inout ArraySlice<[UInt8]>
  ) throws(Refusal) {
    guard !letters.isEmpty else { throw Refusal(reason: "- is not a URL", hint: Self.example) }
    var letters = letters
    while let letter = letters.popFirst() {
      guard let option = CurlOption(letter: letter) else {
        throw Self.notAllowed(String(decoding: [letter], as: UTF8.self), "-")
      }
      guard option.takesValue else {
        try add(option.name, nil)
        continue
      }
      return try add(option.name, letters.isEmpty ? Self.value(of: option, &rest) : Array(letters))
    }
  }

  private static func value(
    of option: CurlOption, _ rest: inout ArraySlice<[UInt8]>
  ) throws(Refusal) -> [UInt8] {
    guard let value = rest.popFirst() else {
      throw Refusal(reason: "curl's --\(option.name) needs a value")
    }
    return value
  }

  private static func notAllowed(_ name: String, _ dashes: String) -> Refusal {
    let shown = dashes + name
    guard let reason = CurlOption.reason(against: name) else {
      return Refusal(
        reason: "meti-token curl does not allow the option \(shown)",
        hint: "see the allowed options with: meti-token curl --help")
    }
    return Refusal(reason: "curl's \(shown) is refused: \(reason)")
  }

  private mutating func add(_ name: String, _ value: [UInt8]?) throws(Refusal) {
    var value = value
    if let given = value {
      // In a header or a method it could begin a request of its own.
      guard Self.multiline.contains(name) || !given.contains(where: { $0 == 0x0A || $0 == 0x0D })
      else { throw Refusal(reason: "the value of curl's --\(name) contains a line break") }
      if name == "header" { try Self.check(header: given) }
      if name == "url" { value = try url(given) }
    }
    checked.append(Array("--\(name)".utf8))
    if let value { checked.append(value) }
  }

  /// The options whose value may contain line breaks: it becomes a body, or is written to stdout.
  private static let multiline: Set = [
    "data", "data-ascii", "data-binary", "data-raw", "data-urlencode", "json", "form",
    "form-string", "url", "url-query", "write-out",
  ]

  private static func check(header: [UInt8]) throws(Refusal) {
    guard header.first != UInt8(ascii: "@") else {
      throw Refusal(
        reason: "curl's --header @FILE is refused: the headers in the file cannot be checked")
    }
    let name = String(
      decoding: header.prefix { !":;".utf8.contains($0) }.filter(\.isVisible).map(\.lowercased),
      as: UTF8.self)
    switch name {
    case "authorization":
      throw Refusal(reason: "the header Authorization is refused: meti-token sets it")
    case "host", "":
      throw Refusal(
        reason: "a header Host or without a name is refused: the token could reach another host")
    default: return
    }
  }

  private mutating func url(_ given: [UInt8]) throws(Refusal) -> [UInt8] {
    guard !hasURL else {
      throw Refusal(
        reason: "more than one URL is given to curl", hint: "run meti-token curl once for each")
    }
    hasURL = true
    guard given.allSatisfy(\.isOfURL) else {
      throw Refusal(
        reason:
          "the URL contains a space, a control character, a backslash or a non-ASCII character",
        hint: "write it percent-encoded")
    }
    let text = String(decoding: given, as: UTF8.self)
    guard let url = api.url(text) else {
      throw Refusal(
        reason: "the URL is not on \(api.origin), and a token must not be sent elsewhere",
        hint: "give a path such as /sources, or set METI_API_URL")
    }
    return Array(url.utf8)
  }
}
