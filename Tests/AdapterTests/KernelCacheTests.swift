import CLinux
import Foundation
import KernelCache
import MetiToken
import Testing

/// Whether this kernel lets us keep a key; containers often do not.
private let canKeep: Bool = {
  let api = API()
  KernelCache().keep(api.issued("a"), as: api.default, at: noon)
  return KernelCache().find(api.default, at: noon) != nil
}()

/// An API that no other test and no person uses; its keys go with the last reference to it.
private final class API {
  let url: APIURL

  init() {
    // A part of an id: many tests may run at once, also those of other users.
    let name = UUID().uuidString.prefix(8)
    guard let url = try? APIURL("https://127.0.0.1:1/\(name)") else { preconditionFailure() }
    self.url = url
  }

  deinit { KernelCache().dropAll(at: url) }

  var `default`: AccountSelector { AccountSelector(api: url, name: nil) }
  func named(_ name: String) -> AccountSelector { AccountSelector(api: url, name: name) }

  func issued(_ text: String, lifetime: Int64 = 3600, at start: Moment = noon) -> Token {
    Token(
      secret: Secret(copying: text), account: "a@b.c",
      expiry: Expiry(lifetime: lifetime, from: start), lifetime: lifetime)
  }

  /// The time left and the description of each key of it (proc(5), /proc/keys).
  var keys: [(timeout: String, description: String)] {
    // Foundation takes the first short read of a file without a size for its end.
    var bytes: [UInt8] = []
    guard let file = FileHandle(forReadingAtPath: "/proc/keys") else { return [] }
    while let more = try? file.read(upToCount: 4096), !more.isEmpty { bytes += more }
    return String(decoding: bytes, as: UTF8.self).split(separator: "\n").compactMap { line in
      let columns = line.split(separator: " ", omittingEmptySubsequences: true)
      guard columns.count > 8, line.contains(url.text) else { return nil }
      return (String(columns[3]), String(columns[8].dropLast()))
    }
  }
}

@Suite(.enabled(if: canKeep, "keyctl(2) is not allowed here"))
struct `The kernel tier` {
  private let cache = KernelCache()
  private let api = API()

  private func find(_ selector: AccountSelector, at now: Moment = noon) -> String? {
    guard let token = cache.find(selector, at: now) else { return nil }
    return text(token.secret)
  }

  @Test func `has nothing at first`() {
    #expect(find(api.default) == nil)
  }

  @Test func `gives back what was kept`() {
    cache.keep(api.issued("abc"), as: api.default, at: noon)
    guard let token = cache.find(api.default, at: noon) else {
      Issue.record("there is no token")
      return
    }
    #expect(text(token.stored()) == text(api.issued("abc").stored()))
  }

  @Test func `replaces what was kept before`() {
    cache.keep(api.issued("old"), as: api.default, at: noon)
    cache.keep(api.issued("new"), as: api.default, at: noon)
    #expect(find(api.default) == "new")
  }

  @Test func `keeps the default's token apart from a named account's`() {
    cache.keep(api.issued("a"), as: api.named("a@b.c"), at: noon)
    #expect(find(api.default) == nil)
    cache.keep(api.issued("d"), as: api.default, at: noon)
    #expect(find(api.named("a@b.c")) == "a")
    #expect(find(api.named("a@b.d")) == nil)
  }

  @Test func `no longer has what was dropped`() {
    cache.keep(api.issued("a"), as: api.named("a"), at: noon)
    cache.keep(api.issued("b"), as: api.named("b"), at: noon)
    cache.drop(api.named("a"))
    #expect(find(api.named("a")) == nil)
    #expect(find(api.named("b")) == "b")
  }

  @Test func `drops what is not there without a word`() {
    cache.drop(api.named("nobody"))
    #expect(find(api.named("nobody")) == nil)
  }

  @Test func `drops all of one API and nothing of another`() throws {
    let other = API()
    let longer = try APIURL(api.url.text + "/v1")
    defer { cache.dropAll(at: longer) }
    for name in [nil, "a@b.c", "jürgen@b.c", "\u{301}combining", "a#b", "a;b"] {
      cache.keep(api.issued("x"), as: AccountSelector(api: api.url, name: name), at: noon)
    }
    cache.keep(api.issued("other"), as: other.default, at: noon)
    cache.keep(api.issued("longer"), as: AccountSelector(api: longer, name: nil), at: noon)
    cache.dropAll(at: api.url)
    for name in [nil, "a@b.c", "jürgen@b.c", "\u{301}combining", "a#b", "a;b"] {
      #expect(find(AccountSelector(api: api.url, name: name)) == nil, "\(name ?? "default")")
    }
    #expect(find(other.default) == "other")
    #expect(find(AccountSelector(api: longer, name: nil)) == "longer")
  }

  @Test(.enabled(if: geteuid() == 0, "the quota of ordinary users is little more"))
  func `takes the longest token for the longest name`() {
    let long = String(repeating: "x", count: Token.longest)
    let name = String(repeating: "n", count: 254)
    cache.keep(api.issued(long), as: api.named(name), at: noon)
    #expect(find(api.named(name)) == long)
  }

  @Test func `does not give out a dead token`() {
    cache.keep(api.issued("abc"), as: api.default, at: noon)
    #expect(find(api.default, at: noon.later(3_599_999)) == "abc")
    #expect(find(api.default, at: noon.later(3_600_000)) == nil)
  }

  @Test func `does not give out a token with more left than it ever lived`() {
    cache.keep(api.issued("abc"), as: api.default, at: noon)
    #expect(find(api.default, at: noon.later(-1)) == nil)
  }

  @Test func `goes by the boot clock whatever the wall clock shows`() {
    cache.keep(api.issued("abc"), as: api.default, at: noon)
    var stepped = noon.later(1000)
    stepped.wall += 5 * 3_600_000
    #expect(find(api.default, at: stepped) == "abc")
  }

  @Test func `takes its keys for this boot's, so that the boot id need not be read`() {
    cache.keep(api.issued("abc"), as: api.default, at: noon)
    var present = noon
    present.bootID = Moment.presentBoot
    #expect(find(api.default, at: present) == "abc")
  }

  @Test(
    arguments: [
      (3600, 3540), (90, 45), (30, 15),
    ] as [(Int64, Int)])
  func `gives the key the time in which the token is handed out by default`(
    _ lifetime: Int64, _ seconds: Int
  ) throws {
    cache.keep(api.issued("abc", lifetime: lifetime), as: api.default, at: noon)
    #expect(find(api.default) == "abc")
    let timeout = try #require(api.keys.map(\.timeout).first { $0 != "expd" })
    #expect([seconds, seconds - 1, seconds - 2].map(Self.inWords).contains(timeout))
  }

  /// As /proc/keys shows a time (proc_keys_show in Linux): the largest whole unit.
  private static func inWords(_ seconds: Int) -> String {
    seconds < 60 ? "\(seconds)s" : "\(seconds / 60)m"
  }

  @Test func `lets the kernel destroy the key`() {
    // Three seconds of life: the key has one.
    cache.keep(api.issued("abc", lifetime: 3), as: api.default, at: noon)
    #expect(find(api.default) == "abc")
    var waited = 0
    while find(api.default) != nil, waited < 50 {
      usleep(100_000)
      waited += 1
    }
    #expect(find(api.default) == nil)
  }

  @Test func `does not keep what has no second left to be handed out in`() {
    cache.keep(api.issued("abc", lifetime: 1), as: api.default, at: noon)
    cache.keep(api.issued("abc"), as: api.named("a"), at: noon.later(3_539_001))
    #expect(find(api.default) == nil)
    #expect(find(api.named("a")) == nil)
  }

  @Test func `does not give out what is no token`() {
    let description = api.default.keyDescription
    for body in [
      "", "\n", "garbage", "abc\naccount=a@b.c\n", String(repeating: "x", count: 30_000),
    ] {
      var body = body
      _ = body.withUTF8 { bytes in
        unsafe meti_key_add(description, bytes.baseAddress, bytes.count, meti_user_keyring)
      }
      #expect(find(api.default) == nil)
    }
  }

  @Test func `has no key that would outlive the token`() {
    cache.keep(api.issued("old"), as: api.default, at: noon)
    cache.keep(api.issued("new"), as: api.default, at: noon)
    cache.keep(api.issued("a"), as: api.named("a"), at: noon)
    #expect(!api.keys.contains { $0.timeout == "perm" })
  }
}
