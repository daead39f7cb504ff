/// An option of curl(1) that `meti-token curl` allows: what is used with an API, and cannot show the
/// token, send it elsewhere, or change the route or whom curl trusts.
struct CurlOption {
  /// As it is spelled after `--`. No curl takes one of these for an abbreviation of something else.
  let name: String
  let letter: Substring?
  let takesValue: Bool

  var spellings: [String] { ["--\(name)"] + (letter.map { ["-\($0)"] } ?? []) }

  static let all = options(flags, false) + options(values, true)

  /// - Parameter list: the names, each with its letter, if it has one, after a colon.
  private static func options(_ list: String, _ takesValue: Bool) -> [CurlOption] {
    list.split(separator: " ").map { entry in
      let parts = entry.split(separator: ":")
      return CurlOption(
        name: String(parts[0]), letter: parts.dropFirst().first, takesValue: takesValue)
    }
  }

  private static let flags = """
    compressed create-dirs fail:f fail-with-body get:G globoff:g head:I http1.1 http2 include:i \
    ipv4:4 ipv6:6 location:L no-buffer:N no-clobber no-progress-meter path-as-is progress-bar:# \
    remote-header-name:J remote-name:O remote-time:R remove-on-error retry-all-errors \
    retry-connrefused show-error:S silent:s
    """

  private static let values = """
    connect-timeout continue-at:C data:d data-ascii data-binary data-raw data-urlencode \
    etag-compare etag-save expect100-timeout form:F form-string header:H json limit-rate \
    max-filesize max-redirs max-time:m output:o output-dir range:r referer:e request:X retry \
    retry-delay retry-max-time speed-limit:Y speed-time:y time-cond:z upload-file:T url url-query \
    user-agent:A write-out:w
    """
}
