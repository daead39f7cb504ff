import Testing

@testable import TokenEndpoint

@Suite struct `The TLS settings of a started curl` {
  @Test func `set the floor`() {
    #expect(TLSSettings(caFile: nil).curlArguments == ["--tlsv1.2"])
  }

  @Test func `replace the system's certificates, its directory and those for a proxy as well`() {
    #expect(
      TLSSettings(caFile: "/ca.pem").curlArguments == [
        "--tlsv1.2", "--cacert", "/ca.pem", "--capath", "/dev/null", "--proxy-cacert", "/ca.pem",
        "--proxy-capath", "/dev/null",
      ])
  }
}
