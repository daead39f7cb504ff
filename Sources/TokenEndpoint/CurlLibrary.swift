import CLibcurl
import Glibc
import MetiToken

/// libcurl, loaded on first use, so that calls that make no request do not pay for it.
///
/// It stays loaded to the end of the process: a resolver thread that was given up may still run.
@safe struct CurlLibrary: @unchecked Sendable {
  // `@unchecked`: all of this is set once and only read afterwards.
  /// For the typed wrappers of the shim.
  let setopt: UnsafeMutableRawPointer
  let getinfo: UnsafeMutableRawPointer

  let easyInit: @convention(c) () -> UnsafeMutableRawPointer?
  let perform: @convention(c) (UnsafeMutableRawPointer) -> CURLcode
  let cleanup: @convention(c) (UnsafeMutableRawPointer) -> Void
  let append: @convention(c) (List?, UnsafePointer<CChar>) -> List?
  let freeAll: @convention(c) (List?) -> Void
  /// curl_getdate(3), for every form of an HTTP date.
  let getDate: @convention(c) (UnsafePointer<CChar>, UnsafePointer<time_t>?) -> time_t
  /// The library and its TLS backend, e.g. `libcurl/7.88.1 OpenSSL/3.0.19`.
  let version: String

  var isGnuTLS: Bool { version.contains("GnuTLS/") }

  typealias List = UnsafeMutablePointer<curl_slist>

  /// The library, or why there is none.
  static let shared: Result<CurlLibrary, IssuerError> = {
    do throws(IssuerError) { return .success(try CurlLibrary()) } catch { return .failure(error) }
  }()

  /// Debian's names: the OpenSSL flavour, then the GnuTLS one, which offers the same calls.
  private static let names = ["libcurl.so.4", "libcurl-gnutls.so.4"]

  /// dlopen(3), dlsym(3), curl_global_init(3).
  private init() throws(IssuerError) {
    // libcurl would write the keys of its TLS sessions, and so the password, to that file.
    _ = unsafe unsetenv("SSLKEYLOGFILE")
    var complaints: [String] = []
    var found: UnsafeMutableRawPointer?
    for name in Self.names {
      unsafe found = dlopen(name, RTLD_LAZY | RTLD_LOCAL)
      if unsafe found != nil { break }
      complaints.append(unsafe dlerror().map { unsafe String(cString: $0) } ?? name)
    }
    guard let library = unsafe found else {
      throw Self.missing(
        "neither \(Self.names.joined(separator: " nor ")) can be loaded",
        detail: complaints.joined(separator: "; "))
    }
    func symbol(_ name: String) throws(IssuerError) -> UnsafeMutableRawPointer {
      guard let symbol = unsafe dlsym(library, name) else {
        throw Self.missing("the one that was found has no \(name)", detail: "")
      }
      return unsafe symbol
    }
    unsafe setopt = try symbol("curl_easy_setopt")
    unsafe getinfo = try symbol("curl_easy_getinfo")
    unsafe easyInit = unsafeBitCast(
      try symbol("curl_easy_init"), to: (@convention(c) () -> UnsafeMutableRawPointer?).self)
    unsafe perform = unsafeBitCast(
      try symbol("curl_easy_perform"),
      to: (@convention(c) (UnsafeMutableRawPointer) -> CURLcode).self)
    unsafe cleanup = unsafeBitCast(
      try symbol("curl_easy_cleanup"), to: (@convention(c) (UnsafeMutableRawPointer) -> Void).self)
    unsafe append = unsafeBitCast(
      try symbol("curl_slist_append"),
      to: (@convention(c) (List?, UnsafePointer<CChar>) -> List?).self)
    unsafe freeAll = unsafeBitCast(
      try symbol("curl_slist_free_all"), to: (@convention(c) (List?) -> Void).self)
    unsafe getDate = unsafeBitCast(
      try symbol("curl_getdate"),
      to: (@convention(c) (UnsafePointer<CChar>, UnsafePointer<time_t>?) -> time_t).self)
    // Not curl_version(3), which initialises OpenLDAP, which looks up this machine's own name.
    let versionInfo = unsafe unsafeBitCast(
      try symbol("curl_version_info"),
      to: (@convention(c) (CURLversion) -> UnsafePointer<curl_version_info_data>?).self)
    if let info = unsafe versionInfo(CURLVERSION_FOURTH) {
      let tls = unsafe info.pointee.ssl_version.map { unsafe String(cString: $0) } ?? "no TLS"
      version = unsafe "libcurl/\(String(cString: info.pointee.version)) \(tls)"
    } else {
      version = "libcurl"
    }
    // Here, where only one thread can be, because it is not thread-safe before 7.84.
    let globalInit = unsafe unsafeBitCast(
      try symbol("curl_global_init"), to: (@convention(c) (Int) -> CURLcode).self)
    let code = globalInit(Int(CURL_GLOBAL_DEFAULT))
    guard code == CURLE_OK else {
      throw Self.missing("it does not start", detail: "curl_global_init: \(code.rawValue)")
    }
  }

  /// Seconds since 1970 of an HTTP date (RFC 9110, 5.6.7); `nil` if it is none.
  func seconds(of date: String) -> Int64? {
    let seconds = unsafe getDate(date, nil)
    return seconds >= 0 ? Int64(seconds) : nil
  }

  private static func missing(_ why: String, detail: String) -> IssuerError {
    .unavailable(
      IssuerError.Unavailable(
        reason: "libcurl is missing: \(why)", detail: detail, isTransient: false))
  }
}
