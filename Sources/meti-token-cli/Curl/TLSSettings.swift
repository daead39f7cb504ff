// Until TokenEndpoint exports this: delete this file then.

/// What curl's own command line sets for trust, as ``TokenEndpoint`` does for its requests.
struct TLSSettings {
  let caFile: String?

  var curlArguments: [String] {
    var arguments = ["--tlsv1.2"]
    if let caFile { arguments += ["--cacert", caFile, "--capath", "/dev/null"] }
    return arguments
  }
}
