import Testing

@testable import Diagnosis

@Suite struct `The proxy of the environment` {
  @Test(arguments: [
    ("http://proxy:3128", "http://proxy:3128"),
    ("http://user:secret@proxy:3128/", "http://***@proxy:3128/"),
    ("user:secret@proxy:3128", "***@proxy:3128"),
    ("socks5h://user:sec@ret@proxy", "socks5h://***@proxy"),
    ("http://user:sec/ret@proxy", "http://***@proxy"),
    ("http://user:a://secret@proxy", "http://***@proxy"),
    ("user:secret://x@proxy", "***@proxy"),
    ("http://@proxy", "http://***@proxy"),
  ])
  func `is shown without its password`(given: String, shown: String) {
    let setting = ProxySetting { $0 == "HTTPS_PROXY" ? given : nil }
    #expect(setting?.shown == shown)
    #expect(setting?.shown.contains("sec") == false)
  }

  @Test func `is the first that libcurl would take`() {
    var variables = ["ALL_PROXY": "d", "all_proxy": "c", "HTTPS_PROXY": "b", "https_proxy": "a"]
    for expected in ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"] {
      #expect(ProxySetting { variables[$0] }?.variable == expected)
      variables[expected] = ""
    }
    #expect(ProxySetting { variables[$0] } == nil)
  }

  @Test func `has exceptions`() {
    let variables = ["HTTPS_PROXY": "p", "NO_PROXY": "b", "no_proxy": "a"]
    #expect(ProxySetting { variables[$0] }?.exceptions == "a")
    #expect(ProxySetting { $0 == "NO_PROXY" ? "b" : nil } == nil)
  }
}
