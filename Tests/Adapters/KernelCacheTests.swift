import CLinux
import Foundation
import KernelCache
import MetiToken
import Testing

/// Whether this kernel lets us keep a key; containers often do not.
let canKeep: Bool = {
  let api = API()
  KernelCache().put(api.issued("a"), as: api.default)
  return KernelCache().find(api.default, at: noon) != nil
}()

extension KernelCache {
  fileprivate func put(
    _ token: borrowing Token, as selector: AccountSelector, at now: Moment = noon
  ) {
    guard let shelf = shelf(for: selector) else { return }
    keep(token, on: shelf, at: now)
  }
}

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

  /// The time left and the type of each key of it (proc(5), /proc/keys).
  var keys: [(timeout: String, type: String)] {
    // Foundation takes the first short read of a file without a size for its end.
    var bytes: [UInt8] = []
    guard let file = FileHandle(forReadingAtPath: "/proc/keys") else { return [] }
    while let more = try? file.read(upToCount: 4096), !more.isEmpty { bytes += more }
    return String(decoding: bytes, as: UTF8.self).split(separator: "\n").compactMap { line in
      let columns = line.split(separator: " ", omittingEmptySubsequences: true)
      guard columns.count > 8, line.contains(url.text) else { return nil }
      return (String(columns[3]), String(columns[7]))
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
    cache.put(api.issued("abc"), as: api.default)
    guard let token = cache.find(api.default, at: noon) else {
      Issue.record("there is no token")
      return
    }
    #expect(text(token.stored()) == text(api.issued("abc").stored()))
  }

  @Test func `replaces what was kept before`() {
    cache.put(api.issued("old"), as: api.default)
    cache.put(api.issued("new"), as: api.default)
    #expect(find(api.default) == "new")
  }

  @Test func `changes no key in place, for that would take its timeout for a moment`() {
    let serial = {
      unsafe meti_key_search(meti_user_keyring, self.api.default.keyDescription, 0)
    }
    cache.put(api.issued("old"), as: api.default)
    #expect(find(api.default) == "old")
    let old = serial()
    cache.put(api.issued("new"), as: api.default)
    #expect(old > 0 && serial() > 0 && serial() != old)
  }

  @Test func `keeps the default's token apart from a named account's`() {
    cache.put(api.issued("a"), as: api.named("a@b.c"))
    #expect(find(api.default) == nil)
    cache.put(api.issued("d"), as: api.default)
    #expect(find(api.named("a@b.c")) == "a")
    #expect(find(api.named("a@b.d")) == nil)
  }

  @Test func `has the default's token for its account by name`() {
    // What issued(_:) gives is a@b.c's.
    cache.put(api.issued("d"), as: api.default)
    #expect(find(api.named("a@b.c")) == "d")
    #expect(find(api.named("A@b.c")) == nil)
    cache.put(api.issued("a"), as: api.named("a@b.c"))
    #expect(find(api.named("a@b.c")) == "a")
  }

  @Test func `no longer has what was dropped`() {
    cache.put(api.issued("a"), as: api.named("a"))
    cache.put(api.issued("b"), as: api.named("b"))
    cache.drop(api.named("a"))
    #expect(find(api.named("a")) == nil)
    #expect(find(api.named("b")) == "b")
  }

  @Test func `drops what is not there without a word`() {
    cache.drop(api.named("nobody"))
    #expect(find(api.named("nobody")) == nil)
  }

  @Test func `keeps in vain what was read before a drop`() throws {
    let before = try #require(cache.shelf(for: api.default))
    cache.put(api.issued("other"), as: api.named("other"))
    cache.drop(api.default)
    cache.keep(api.issued("late"), on: before, at: noon)
    #expect(find(api.default) == nil)
    let after = try #require(cache.shelf(for: api.default))
    cache.keep(api.issued("late"), on: before, at: noon)
    #expect(after != before && find(api.default) == nil)
    cache.keep(api.issued("new"), on: after, at: noon)
    #expect(find(api.default) == "new")
    #expect(find(api.named("other")) == "other")
  }

  @Test func `takes a shelf away on which nothing is`() throws {
    let shelf = try #require(cache.shelf(for: api.default))
    cache.clear(shelf)
    #expect(try #require(cache.shelf(for: api.default)) != shelf)
  }

  @Test func `leaves a shelf on which something is`() throws {
    cache.put(api.issued("abc"), as: api.default)
    cache.clear(try #require(cache.shelf(for: api.default)))
    #expect(find(api.default) == "abc")
  }

  @Test func `has one shelf at a time`() {
    let first = cache.shelf(for: api.default)
    cache.put(api.issued("abc"), as: api.default)
    #expect(first != nil && cache.shelf(for: api.default) == first)
  }

  @Test func `makes another shelf when one has expired`() throws {
    let first = try #require(cache.shelf(for: api.default))
    #expect(meti_key_set_timeout(first.number, 1) == 0)
    var waited = 0
    while cache.shelf(for: api.default) == first, waited < 50 {
      usleep(100_000)
      waited += 1
    }
    cache.put(api.issued("abc"), as: api.default)
    #expect(find(api.default) == "abc")
  }

  @Test func `drops all of one API and nothing of another`() throws {
    let other = API()
    let longer = try APIURL(api.url.text + "/v1")
    defer { cache.dropAll(at: longer) }
    for name in [nil, "a@b.c", "jürgen@b.c", "\u{301}combining", "a#b", "a;b"] {
      cache.put(api.issued("x"), as: AccountSelector(api: api.url, name: name))
    }
    cache.put(api.issued("other"), as: other.default)
    cache.put(api.issued("longer"), as: AccountSelector(api: longer, name: nil))
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
    cache.put(api.issued(long), as: api.named(name))
    #expect(find(api.named(name)) == long)
  }

  @Test func `does not give out a dead token`() {
    cache.put(api.issued("abc"), as: api.default)
    #expect(find(api.default, at: noon.later(3_599_999)) == "abc")
    #expect(find(api.default, at: noon.later(3_600_000)) == nil)
  }

  @Test func `does not give out a token with more left than it ever lived`() {
    cache.put(api.issued("abc"), as: api.default)
    #expect(find(api.default, at: noon.later(-1)) == nil)
  }

  @Test func `goes by the boot clock whatever the wall clock shows`() {
    cache.put(api.issued("abc"), as: api.default)
    var stepped = noon.later(1000)
    stepped.wall += 5 * 3_600_000
    #expect(find(api.default, at: stepped) == "abc")
  }

  @Test func `takes its keys for this boot's, so that the boot id need not be read`() {
    cache.put(api.issued("abc"), as: api.default)
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
    cache.put(api.issued("abc", lifetime: lifetime), as: api.default)
    #expect(find(api.default) == "abc")
    let key = try #require(api.keys.first { $0.type == "user" && $0.timeout != "expd" })
    #expect([seconds, seconds - 1, seconds - 2].map(Self.inWords).contains(key.timeout))
  }

  /// As /proc/keys shows a time (proc_keys_show in Linux): the largest whole unit.
  private static func inWords(_ seconds: Int) -> String {
    seconds < 60 ? "\(seconds)s" : "\(seconds / 60)m"
  }

  @Test func `lets the kernel destroy the key`() {
    // Three seconds of life: the key has one.
    cache.put(api.issued("abc", lifetime: 3), as: api.default)
    #expect(find(api.default) == "abc")
    var waited = 0
    while find(api.default) != nil, waited < 50 {
      usleep(100_000)
      waited += 1
    }
    #expect(find(api.default) == nil)
  }

  @Test func `does not keep what has no second left to be handed out in`() {
    cache.put(api.issued("abc", lifetime: 1), as: api.default)
    cache.put(api.issued("abc"), as: api.named("a"), at: noon.later(3_539_001))
    #expect(find(api.default) == nil)
    #expect(find(api.named("a")) == nil)
  }

  @Test func `does not give out what is no token`() throws {
    let shelf = try #require(cache.shelf(for: api.default))
    let description = api.default.keyDescription
    for body in [
      "", "\n", "garbage", "abc\naccount=a@b.c\n", String(repeating: "x", count: 30_000),
    ] {
      var body = body
      _ = body.withUTF8 { bytes in
        unsafe meti_key_add(description, bytes.baseAddress, bytes.count, shelf.number)
      }
      #expect(find(api.default) == nil)
    }
  }

  @Test func `has no key that stays for ever`() {
    cache.put(api.issued("old"), as: api.default)
    cache.put(api.issued("new"), as: api.default)
    cache.put(api.issued("a"), as: api.named("a"))
    #expect(!api.keys.contains { $0.timeout == "perm" })
  }
}
