// The thin program: it answers `meti-token` and `meti-token --header` from the kernel's keyring.
// For everything else, and in any doubt, it becomes meti-token-cli.
//
// It shares no file with the other targets: for release it is Embedded Swift (Package.swift).

import CLinux

/// The answer is not certain, so meti-token-cli has to find it.
struct Doubt: Error {}

/// main(3), by the name that SwiftPM links as main.
@c(meti_token_main)
public func main(
  _ count: Int32, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
) -> Int32 {
  // No core dump, and no other process may read the memory. It ends with execve(2).
  _ = meti_set_not_dumpable()
  do throws(Doubt) {
    let isHeader = unsafe try asksForHeader(count, arguments)
    var payload = try payload(of: "meti-token:\(cachedAccount())")
    let token = try token(in: payload)
    // Not earlier: meti-token-cli would inherit it.
    meti_ignore_write_signals()
    let header = Array((isHeader ? "Authorization: Bearer " : "").utf8)
    let isWritten = write(header, from: 0) && write(payload, from: token.lowerBound)
    let error = meti_errno()
    unsafe payload.withUnsafeMutableBytes { unsafe explicit_bzero($0.baseAddress!, $0.count) }
    if !isWritten { fail("cannot write to standard output", error, status: 74) }
    return 0
  } catch {
    unsafe becomeOtherProgram(arguments)
  }
}

/// Whether the only argument is `--header`, rather than that there is none.
func asksForHeader(
  _ count: Int32, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
) throws(Doubt) -> Bool {
  guard count == 1 || count == 2, let name = unsafe arguments[0] else { throw Doubt() }
  // By this name it is a credential helper of git.
  let gitName = "git-credential-meti".utf8
  let isForGit = unsafe String(cString: name).utf8.suffix(gitName.count).elementsEqual(gitName)
  guard !isForGit else { throw Doubt() }
  guard count == 2, let argument = unsafe arguments[1] else { return false }
  guard unsafe strcmp(argument, "--header") == 0 else { throw Doubt() }
  return true
}

/// `URL#NAME` of the account. Nothing is normalised: a token cached under other bytes is not found.
func cachedAccount() throws(Doubt) -> String {
  let cache = try variable("METI_TOKEN_CACHE")
  guard cache.isEmpty || cache.utf8.elementsEqual("kernel".utf8),
    try variable("METI_TOKEN").isEmpty, try variable("METI_CLIENT_ID").isEmpty
  else { throw Doubt() }
  var url = try variable("METI_API_URL")
  if url.isEmpty { url = "https://api.meti.millpont.com" }
  var name = try variable("METI_ACCOUNT")
  if name.isEmpty { name = try variable("METI_EMAIL") }
  if name.isEmpty { name = try defaultAccount(at: url) }
  // No URL has a `#` and no name a space; with one, the key could be another account's.
  let isClear = !url.utf8.contains(UInt8(ascii: "#")) && !name.utf8.contains(UInt8(ascii: " "))
  guard isClear else { throw Doubt() }
  return "\(url)#\(name)"
}

/// The name behind the API's URL in the file of default accounts, which has a line for each API.
func defaultAccount(at url: String) throws(Doubt) -> String {
  var directory = try variable("XDG_CONFIG_HOME")
  if directory.utf8.first != UInt8(ascii: "/") {
    let home = try variable("HOME")
    guard home.utf8.first == UInt8(ascii: "/") else { throw Doubt() }
    directory = "\(home)/.config"
  }
  let file = try contents(of: "\(directory)/meti-token/default")
  // meti-token-cli reports whatever else is in it.
  guard file.allSatisfy({ $0 >= 0x20 && $0 != 0x7F || $0 == UInt8(ascii: "\n") }),
    let text = String(validating: file, as: UTF8.self)
  else { throw Doubt() }
  let start = "\(url) "
  for line in text.utf8.split(separator: UInt8(ascii: "\n")) where line.starts(with: start.utf8) {
    return String(Substring(line.dropFirst(start.utf8.count)))
  }
  throw Doubt()
}

/// The bytes of a regular file of at most 64 KiB.
func contents(of path: String) throws(Doubt) -> [UInt8] {
  // O_NONBLOCK: open(2) would wait for the writer of a named pipe.
  let file = unsafe meti_open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
  guard file >= 0 else { throw Doubt() }
  defer { close(file) }
  var info = stat()
  guard unsafe fstat(file, &info) == 0, info.st_mode & 0o170000 == 0o100000,
    case let size = Int(info.st_size), size <= 64 * 1024
  else { throw Doubt() }
  return unsafe [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
    count = unsafe max(read(file, buffer.baseAddress, size), 0)
  }
}

/// The value of a variable, empty if it is unset, which means the same here (getenv(3)).
func variable(_ name: String) throws(Doubt) -> String {
  guard let value = unsafe getenv(name) else { return "" }
  guard let text = unsafe String(validatingCString: value) else { throw Doubt() }
  return text
}

/// The payload of a key in the user keyring.
func payload(of description: String) throws(Doubt) -> [UInt8] {
  let room = 20_000  // For three numbers and the longest token.
  return unsafe [UInt8](unsafeUninitializedCapacity: room) { buffer, count in
    // A process of cron or of a system service finds the key, but may read it only if it possesses it
    // (keyrings(7), "Possession"): linked to its process keyring, which the quota counts as a key.
    for destination in [0, meti_process_keyring] {
      let key = unsafe meti_key_search(meti_user_keyring, description, destination)
      guard key > 0 else { return }
      let size = unsafe meti_key_read(key, buffer.baseAddress, room)
      if size >= 0 {
        count = size <= room ? size : 0
        return
      }
    }
  }
}

/// Where the token is in `ISSUED REFRESH-FROM EXPIRES`, newline, token, newline.
func token(in payload: [UInt8]) throws(Doubt) -> Range<Int> {
  var index = 0
  let issued = try number(in: payload, at: &index, before: UInt8(ascii: " "))
  let refreshFrom = try number(in: payload, at: &index, before: UInt8(ascii: " "))
  let expires = try number(in: payload, at: &index, before: UInt8(ascii: "\n"))
  var time = timespec()
  guard unsafe clock_gettime(CLOCK_BOOTTIME, &time) == 0 else { throw Doubt() }
  let now = Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
  // The clock of a time namespace may be set back behind `issued`.
  guard issued <= now, now < refreshFrom, refreshFrom <= expires,
    index < payload.count, payload.last == UInt8(ascii: "\n")
  else { throw Doubt() }

  // b64token (RFC 6750, 2.1).
  let token = index..<payload.count - 1
  let padding = payload[token].reversed().prefix { $0 == UInt8(ascii: "=") }.count
  let isLegal = payload[token].dropLast(padding).allSatisfy { byte in
    (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte & 0xDF)
      || "-._~+/".utf8.contains(byte)
  }
  guard isLegal, token.count > padding, token.count <= 16 * 1024 else { throw Doubt() }
  return token
}

/// A decimal number that ends before `end`. Moves `index` behind `end`.
func number(in payload: [UInt8], at index: inout Int, before end: UInt8) throws(Doubt) -> Int64 {
  let digits = payload[index...].prefix(18).prefix { (0x30...0x39).contains($0) }
  guard !digits.isEmpty, payload[digits.endIndex...].first == end else { throw Doubt() }
  index = digits.endIndex + 1
  return digits.reduce(0) { $0 * 10 + Int64($1 & 0xF) }
}

/// Writes the rest of `bytes` to stdout; false with errno (write(2)).
func write(_ bytes: [UInt8], from start: Int) -> Bool {
  var start = start
  while start < bytes.count {
    let count = unsafe bytes.withUnsafeBytes {
      unsafe write(STDOUT_FILENO, $0.baseAddress! + start, bytes.count - start)
    }
    guard count > 0 || count < 0 && meti_errno() == EINTR else { return false }
    start += max(count, 0)
  }
  return true
}

/// Executes meti-token-cli, which is beside this program or under libexec of the same prefix. It
/// gets the password, so it is not searched for elsewhere.
func becomeOtherProgram(_ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> Never {
  let own = unsafe [UInt8](unsafeUninitializedCapacity: Int(PATH_MAX)) { buffer, count in
    count = unsafe max(readlink("/proc/self/exe", buffer.baseAddress!, Int(PATH_MAX)), 0)
  }
  guard let slash = own.lastIndex(of: UInt8(ascii: "/")) else {
    fail("cannot find its own file: /proc is not mounted", status: 70)
  }
  let directory = String(decoding: own[..<slash], as: UTF8.self)
  let paths = ["", "/../libexec/meti-token"].map { "\(directory)\($0)/meti-token-cli" }
  for path in paths {
    _ = unsafe execv(path, arguments)
    let error = meti_errno()
    if error != ENOENT && error != ENOTDIR {
      fail("cannot run \(path)", error, status: 70)
    }
  }
  fail(
    "meti-token-cli is missing: neither \(paths[0]) nor \(paths[1]) exists\n"
      + "meti-token: hint: install meti-token again", status: 70)
}

func fail(_ message: String, _ error: Int32? = nil, status: Int32) -> Never {
  let reason = error.map { unsafe ": \(String(cString: strerror($0)))" } ?? ""
  let line = "meti-token: error: \(message)\(reason)\n"
  _ = unsafe write(STDERR_FILENO, line, line.utf8.count)
  _exit(status)
}
