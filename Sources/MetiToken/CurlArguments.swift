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
        _ = try add(spelled: argument, [], &rest)
      } else {
        guard argument.count > 1 else {
          throw Refusal(reason: "- is not a URL", hint: Self.example)
        }
        var letters = argument.dropFirst()
        while let letter = letters.popFirst() {
          if try add(spelled: [UInt8(ascii: "-"), letter], letters, &rest) { break }
        }
      }
    }
    guard hasURL else { throw Refusal(reason: "no URL is given to curl", hint: Self.example) }
  }

  /// For a manual: each as `--fail (-f)`, in the order of their names.
  public static var allowedOptions: String {
    CurlOption.all.sorted { $0.name < $1.name }.map { option in
      "--\(option.name)" + (option.letter.map { " (-\($0))" } ?? "")
    }.joined(separator: ", ")
  }

  private static let example = "give a path such as /sources"

  /// - Parameter value: what follows the option at once, and is its value if it takes one.
  /// - Returns: whether it takes a value.
  private mutating func add(
    spelled spelling: [UInt8], _ value: ArraySlice<UInt8>, _ rest: inout ArraySlice<[UInt8]>
  ) throws(Refusal) -> Bool {
    let spelling = String(decoding: spelling, as: UTF8.self)
    guard let option = CurlOption.all.first(where: { $0.spellings.contains(spelling) }) else {
      throw Refusal(
        reason: "meti-token curl does not allow the option \(spelling)",
        hint: "see the allowed options with: meti-token curl --help")
    }
    guard option.takesValue else {
      try add(option.name, nil)
      return false
    }
    guard let value = value.isEmpty ? rest.popFirst() : Array(value) else {
      throw Refusal(reason: "curl's --\(option.name) needs a value")
    }
    try add(option.name, value)
    return true
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
    guard !["authorization", "host", ""].contains(name) else {
      throw Refusal(
        reason: "a header Authorization, Host or without a name is refused: meti-token sets them")
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
