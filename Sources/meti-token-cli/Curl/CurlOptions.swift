/// The options of curl(1) that `meti-token curl` knows: all of 7.88's that matter to an HTTP request,
/// and some later ones. What is not here is refused, because whether the next argument is its value
/// or a URL could not be told, nor whether it is safe.
enum CurlOption: Equatable {
  /// Without a value; may be preceded by `no-`.
  case flag
  /// With a value.
  case value
  case refused(Refusal)

  /// Why an option cannot be used with a token of METI's.
  enum Refusal: String {
    case showsToken = "it would show the token; use -i or -D to see the answer's headers"
    case sendsTokenOn = "it would send the token on to other hosts"
    case uncheckedCertificate = "certificates are always checked"
    case otherAddress = "it would send the token to another address"
    case otherProtocol = "the protocol is set by the API URL"
    case uncheckedFile = "what the file asks for cannot be checked"
    case otherLogin = "the token is the authentication"
    case aboutCurl = "it asks curl about itself; run curl for that"
  }

  /// The option of this long name, spelled in full; `nil` for one that is not known.
  init?(long name: String) {
    if let option = Self.table[name] {
      self = option
    } else if name.hasPrefix("no-"), let option = Self.table[String(name.dropFirst(3))] {
      // A switched-off refusal is refused as well: nobody needs it.
      if option == .value { return nil }
      self = option
    } else {
      return nil
    }
  }

  /// The long name of a one-letter option.
  static func long(_ letter: UInt8) -> String? { letters[letter] }

  private static let flags = """
    alpn buffer ca-native cert-status clobber compressed create-dirs crlf disable \
    disallow-username-in-url doh-cert-status fail fail-early fail-with-body false-start \
    form-escape get globoff head http0.9 http1.0 http1.1 http2 http2-prior-knowledge http3 \
    http3-only ignore-content-length include ipv4 ipv6 junk-session-cookies keepalive location \
    mptcp npn parallel parallel-immediate path-as-is post301 post302 post303 progress-bar \
    progress-meter proxy-anyauth proxy-basic proxy-ca-native proxy-digest proxy-http2 \
    proxy-negotiate proxy-ntlm proxytunnel raw remote-header-name remote-name remote-name-all \
    remote-time remove-on-error retry-all-errors retry-connrefused sessionid show-error \
    show-headers silent skip-existing socks5-basic socks5-gssapi socks5-gssapi-nec ssl ssl-reqd \
    styled-output suppress-connect-headers tcp-fastopen tcp-nodelay tlsv1 tlsv1.0 tlsv1.1 tlsv1.2 \
    tlsv1.3 tr-encoding use-ascii xattr
    """

  private static let values = """
    alt-svc cacert capath cert cert-type connect-timeout continue-at cookie cookie-jar \
    create-file-mode crlfile curves data data-ascii data-binary data-raw data-urlencode \
    dns-interface dns-ipv4-addr dns-ipv6-addr dns-servers doh-url dump-header etag-compare \
    etag-save expect100-timeout form form-string happy-eyeballs-timeout-ms header hsts interface \
    ip-tos json keepalive-cnt keepalive-time key key-type limit-rate local-port max-filesize \
    max-redirs max-time noproxy output output-dir parallel-max parallel-max-host pass \
    pinnedpubkey preproxy proxy proxy-cacert proxy-capath proxy-cert proxy-cert-type \
    proxy-crlfile proxy-header proxy-key proxy-key-type proxy-pass proxy-pinnedpubkey \
    proxy-service-name proxy-tls13-ciphers proxy-user proxy1.0 range rate referer request retry \
    retry-delay retry-max-time socks4 socks4a socks5 socks5-gssapi-service socks5-hostname \
    speed-limit speed-time stderr time-cond tls-max tls13-ciphers upload-file url url-query \
    user-agent vlan-priority write-out
    """

  private static let refusals: [(Refusal, String)] = [
    (.showsToken, "verbose trace trace-ascii trace-config trace-ids trace-time libcurl"),
    (.sendsTokenOn, "location-trusted"),
    (.uncheckedCertificate, "insecure proxy-insecure doh-insecure"),
    (.otherAddress, "connect-to resolve unix-socket abstract-unix-socket"),
    (.otherProtocol, "proto proto-redir proto-default"),
    (.uncheckedFile, "config variable"),
    (
      .otherLogin,
      """
      user oauth2-bearer anyauth basic digest negotiate ntlm ntlm-wb aws-sigv4 netrc netrc-file \
      netrc-optional login-options sasl-authzid sasl-ir service-name delegation tlsauthtype \
      tlsuser tlspassword
      """
    ),
    (.aboutCurl, "help manual version"),
  ]

  private static let table: [String: CurlOption] = {
    var table: [String: CurlOption] = [:]
    for name in flags.split(separator: " ") { table[String(name)] = .flag }
    for name in values.split(separator: " ") { table[String(name)] = .value }
    for (refusal, names) in refusals {
      for name in names.split(separator: " ") { table[String(name)] = .refused(refusal) }
    }
    return table
  }()

  private static let letters: [UInt8: String] = {
    let pairs = """
      A user-agent b cookie B use-ascii c cookie-jar C continue-at d data D dump-header e referer \
      E cert f fail F form g globoff G get h help H header i include I head \
      j junk-session-cookies J remote-header-name k insecure K config L location m max-time \
      M manual n netrc N no-buffer o output O remote-name p proxytunnel q disable r range \
      R remote-time s silent S show-error T upload-file u user U proxy-user v verbose V version \
      w write-out x proxy X request y speed-time Y speed-limit z time-cond Z parallel 0 http1.0 \
      1 tlsv1 4 ipv4 6 ipv6 # progress-bar
      """.split(separator: " ")
    var letters: [UInt8: String] = [:]
    for index in stride(from: 0, to: pairs.count, by: 2) {
      letters[pairs[index].utf8.first ?? 0] = String(pairs[index + 1])
    }
    return letters
  }()
}
