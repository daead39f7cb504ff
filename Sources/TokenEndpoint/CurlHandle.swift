import CLibcurl
import MetiToken

/// One transfer of libcurl: the easy handle and what must live as long as it does.
@safe struct CurlHandle: ~Copyable {
  let library: CurlLibrary
  private let handle: UnsafeMutableRawPointer
  private let errorText: UnsafeMutablePointer<CChar>
  private var headers: CurlLibrary.List?

  /// curl_easy_init(3), with an error buffer.
  init(_ library: CurlLibrary) throws(IssuerError) {
    guard let handle = unsafe library.easyInit() else { throw Self.refused("curl_easy_init") }
    self.library = library
    unsafe self.handle = handle
    unsafe errorText = .allocate(capacity: Int(CURL_ERROR_SIZE))
    unsafe errorText.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
    _ = unsafe meti_curl_set_pointer(library.setopt, handle, CURLOPT_ERRORBUFFER, errorText)
  }

  /// curl_easy_cleanup(3), curl_slist_free_all(3).
  deinit {
    unsafe library.cleanup(handle)
    unsafe library.freeAll(headers)
    unsafe errorText.deallocate()
  }

  /// curl_easy_setopt(3) with a number.
  /// - Throws: `unavailable` if this libcurl does not accept the option.
  func set(_ option: CURLoption, _ value: Int) throws(IssuerError) {
    let code = unsafe meti_curl_set_long(library.setopt, handle, option, value)
    guard code == CURLE_OK else { throw Self.refused("option \(option.rawValue)") }
  }

  /// The same with a text, which libcurl copies.
  func set(_ option: CURLoption, _ value: String) throws(IssuerError) {
    let code = unsafe meti_curl_set_string(library.setopt, handle, option, value)
    guard code == CURLE_OK else { throw Self.refused("option \(option.rawValue)") }
  }

  /// The request's header lines, each `Name: value`; `Name:` removes a header of libcurl's own.
  mutating func set(headers lines: [String]) throws(IssuerError) {
    for line in lines {
      guard let longer = unsafe library.append(headers, line) else {
        throw Self.refused("curl_slist_append")
      }
      unsafe headers = longer
    }
    let code = unsafe meti_curl_set_pointer(library.setopt, handle, CURLOPT_HTTPHEADER, headers)
    guard code == CURLE_OK else { throw Self.refused("CURLOPT_HTTPHEADER") }
  }

  /// POSTs `body` (curl_easy_perform(3)); if it is empty, requests only the headers of a response (RFC
  /// 9110, 9.3.2, HEAD). The body is not copied here; libcurl and its TLS have it in buffers of their
  /// own while it is sent, which nobody can wipe.
  func perform(_ body: borrowing Secret, into response: HTTPResponse) -> CURLcode {
    let context = unsafe Unmanaged.passUnretained(response).toOpaque()
    let setopt = unsafe library.setopt
    var codes = unsafe [
      meti_curl_set_pointer(setopt, handle, CURLOPT_WRITEDATA, context),
      meti_curl_set_receiver(setopt, handle, CURLOPT_WRITEFUNCTION) {
        unsafe HTTPResponse.receive($0, $1 * $2, $3) { $0.append(body: $1) }
      },
      meti_curl_set_pointer(setopt, handle, CURLOPT_HEADERDATA, context),
      meti_curl_set_receiver(setopt, handle, CURLOPT_HEADERFUNCTION) {
        unsafe HTTPResponse.receive($0, $1 * $2, $3) { $0.append(header: $1) }
      },
      meti_curl_set_long(setopt, handle, CURLOPT_VERBOSE, 1),
      meti_curl_set_pointer(setopt, handle, CURLOPT_DEBUGDATA, context),
      meti_curl_set_debug(setopt, handle) { _, type, bytes, count, context in
        if type == CURLINFO_TEXT {
          _ = unsafe HTTPResponse.receive(bytes, count, context) { $0.append(log: $1) }
        }
        return 0
      },
      meti_curl_set_long(setopt, handle, CURLOPT_NOPROGRESS, 0),
      meti_curl_set_pointer(setopt, handle, CURLOPT_XFERINFODATA, context),
      meti_curl_set_watcher(setopt, handle) { context, _, _, _, _ in
        if let context = unsafe context { unsafe HTTPResponse.at(context).onProgress() }
        return 0
      },
    ]
    return body.withBytes { bytes in
      unsafe bytes.withUnsafeBytes { bytes in
        let body = unsafe UnsafeMutableRawPointer(mutating: bytes.baseAddress)
        unsafe codes +=
          bytes.isEmpty
          ? [meti_curl_set_long(setopt, handle, CURLOPT_NOBODY, 1)]
          : [
            meti_curl_set_long(setopt, handle, CURLOPT_POSTFIELDSIZE, bytes.count),
            meti_curl_set_pointer(setopt, handle, CURLOPT_POSTFIELDS, body),
          ]
        return codes.first { $0 != CURLE_OK }
          ?? withExtendedLifetime(response) { unsafe library.perform(handle) }
      }
    }
  }

  /// curl_easy_getinfo(3); 0 if libcurl does not know it.
  func number(_ info: CURLINFO) -> Int {
    unsafe meti_curl_get_long(library.getinfo, handle, info)
  }

  /// curl_easy_getinfo(3) of one of the `…_TIME_T`, in microseconds; 0 if it did not get there.
  func microseconds(_ info: CURLINFO) -> Int64 {
    unsafe Int64(meti_curl_get_size(library.getinfo, handle, info))
  }

  /// What describes the server's own certificate, each line `Name:value` (CURLINFO_CERTINFO(3)).
  var certificateLines: [String] {
    var lines: [String] = []
    var node = unsafe meti_curl_get_certificate(library.getinfo, handle)
    while let line = unsafe node {
      if let text = unsafe line.pointee.data { lines.append(unsafe String(cString: text)) }
      unsafe node = UnsafePointer(line.pointee.next)
    }
    return lines
  }

  /// What libcurl wrote about the last failure (CURLOPT_ERRORBUFFER(3)); may be empty. It may quote
  /// the proxy's URL.
  var text: String { unsafe String(cString: errorText) }

  private static func refused(_ what: String) -> IssuerError {
    .unavailable("this libcurl cannot be used: it refuses \(what)", isTransient: false)
  }
}
