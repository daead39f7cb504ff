import CLibcurl
import Glibc
import MetiToken

/// libcurl, loaded on first use, so that calls that make no request do not pay for it.
///
/// It stays loaded to the end of the process: a resolver thread that was left may still run.
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
  private let getdate: @convention(c) (UnsafePointer<CChar>, UnsafePointer<time_t>?) -> time_t
  /// The library and its TLS backend, e.g. `libcurl/7.88.1 OpenSSL/3.0.19`.
  let version: String

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
    let library = unsafe Self.names.lazy.map { unsafe dlopen($0, RTLD_LAZY | RTLD_LOCAL) }
    guard let library = unsafe library.first(where: { unsafe $0 != nil }) ?? nil else {
      throw Self.missing("neither \(Self.names.joined(separator: " nor ")) can be loaded")
    }
    func symbol<Function>(_ name: String) throws(IssuerError) -> Function {
      guard let symbol = unsafe dlsym(library, name) else {
        throw Self.missing("the one that was found has no \(name)")
      }
      return unsafe unsafeBitCast(symbol, to: Function.self)
    }
    unsafe setopt = try symbol("curl_easy_setopt")
    unsafe getinfo = try symbol("curl_easy_getinfo")
    unsafe easyInit = try symbol("curl_easy_init")
    unsafe perform = try symbol("curl_easy_perform")
    unsafe cleanup = try symbol("curl_easy_cleanup")
    unsafe append = try symbol("curl_slist_append")
    unsafe freeAll = try symbol("curl_slist_free_all")
    unsafe getdate = try symbol("curl_getdate")

    // Not curl_version(3): that starts OpenLDAP, which looks up this machine's name over DNS.
    let versionInfo: @convention(c) (CURLversion) -> UnsafePointer<curl_version_info_data>? =
      unsafe try symbol("curl_version_info")
    let info = unsafe versionInfo(CURLVERSION_FIRST)?.pointee
    let parts = unsafe [info?.version, info?.ssl_version].map {
      unsafe $0.map { unsafe String(cString: $0) } ?? "?"
    }
    version = "libcurl/" + parts.joined(separator: " ")

    // Here, where only one thread can be, because it is not thread-safe before 7.84.
    let globalInit: @convention(c) (Int) -> CURLcode = try symbol("curl_global_init")
    let code = globalInit(Int(CURL_GLOBAL_DEFAULT))
    guard code == CURLE_OK else { throw Self.missing("it does not start (\(code.rawValue))") }
  }

  /// Seconds since 1970 of a date in any form that HTTP has (curl_getdate(3)); `nil` if it is none.
  func date(_ text: String) -> Int64? {
    let seconds = unsafe getdate(text, nil)
    return seconds == -1 ? nil : Int64(seconds)
  }

  private static func missing(_ why: String) -> IssuerError {
    .unavailable("libcurl is missing: \(why)", isTransient: false)
  }
}
