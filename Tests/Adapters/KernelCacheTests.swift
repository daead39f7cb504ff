import Foundation
import MetiToken
import Testing

@testable import System

/// Whether this kernel stores a key for us; containers often do not allow it.
let hasKernelKeys = (try? KernelCache.probe()) != nil

/// An API that no other test and no user has; its keys are removed with the last reference to it.
final class PrivateAPI {
  let url: APIURL

  init() {
    // A part of an id: many tests may run at once, also those of other users.
    let name = UUID().uuidString.prefix(8)
    guard let url = try? APIURL("https://127.0.0.1:1/\(name)") else { preconditionFailure() }
    self.url = url
  }

  deinit { _ = KernelCache(isEnabled: false).removeAll(at: url) }

  func account(_ name: String = "a@b.c") -> Account {
    guard let account = try? Account(name: name, api: url) else { preconditionFailure() }
    return account
  }

  func token(_ text: String, lifetime: Int64 = 3600, at start: Moment = noon) -> Token {
    Token(
      secret: Secret(copying: text), account: "a@b.c",
      expiry: start.later(lifetime * 1000), lifetime: lifetime)
  }

  /// The time left of each living key (proc(5), /proc/keys).
  var timeouts: [String] {
    (File.text("/proc/keys", limit: 1 << 20) ?? "").split(separator: "\n").compactMap { line in
      let columns = line.split(separator: " ")
      return line.contains(url.text) && columns[3] != "expd" ? String(columns[3]) : nil
    }
  }
}

/// One at a time: an ordinary user may have 20,000 bytes in keys.
@Suite(.enabled(if: hasKernelKeys, "keyctl(2) is not allowed here"), .serialized)
struct `The kernel cache` {
  private let cache = KernelCache(isEnabled: true)
  private let api = PrivateAPI()

  private func find(_ name: String = "a@b.c", at now: Moment = noon) -> String? {
    find(in: cache, api.account(name), at: now)
  }

  private func find(
    in cache: KernelCache, _ account: Account, at now: Moment = noon
  ) -> String? {
    guard let token = cache.find(account, at: now) else { return nil }
    return text(token.secret)
  }

  @discardableResult
  private func store(
    _ text: String, _ name: String = "a@b.c", lifetime: Int64 = 3600, at now: Moment = noon
  ) -> CacheResult {
    cache.store(api.token(text, lifetime: lifetime, at: now), of: api.account(name), at: now)
  }

  @Test func `is empty at first`() {
    #expect(find() == nil)
  }

  @Test func `returns a token with its times`() {
    #expect(store("abc") == .done)
    guard let token = cache.find(api.account(), at: noon) else {
      Issue.record("there is no token")
      return
    }
    #expect(text(token.stored()) == text(api.token("abc").stored()))
    #expect(token.refreshFrom == api.token("abc").refreshFrom)
  }

  @Test func `replaces the token that was cached before`() {
    store("old")
    #expect(store("new") == .done)
    #expect(find() == "new")
  }

  @Test func `changes no key in place, which would clear its timeout for a moment`() {
    // The kernel may list a key for a moment after it is removed.
    func serials() -> Set<Int32> { Set(KernelKey.listed("\(api.account().description):")) }
    store("old")
    // The search links the old key where the new one is made.
    #expect(find() == "old")
    let old = serials()
    store("new")
    #expect(!old.isEmpty && !serials().subtracting(old).isEmpty)
  }

  @Test func `keeps accounts apart, byte for byte`() {
    let names = ["a@b.c", "A@b.c", "e\u{301}@b.c", "\u{E9}@b.c"]
    for (index, name) in names.enumerated() { store("token-\(index)", name) }
    #expect(names.map { find($0) } == ["token-0", "token-1", "token-2", "token-3"])
  }

  @Test func `keeps the tokens of an OAuth client apart by their suffix`() {
    let client = KernelCache(isEnabled: true, suffix: "0123456789abcdef")
    store("plain")
    #expect(find(in: client, api.account()) == nil)
    #expect(client.store(api.token("client"), of: api.account(), at: noon) == .done)
    #expect(find(in: client, api.account()) == "client")
    #expect(find() == "plain")
    #expect(cache.removeAll(at: api.url) == .done)
    #expect(find(in: client, api.account()) == nil)
  }

  @Test func `does not have a token that was removed`() {
    store("a", "a")
    store("b", "b")
    #expect(cache.remove(api.account("a")) == .done)
    #expect(find("a") == nil && find("b") == "b")
    #expect(cache.remove(api.account("a")) == .nothing)
  }

  @Test func `removes all tokens of one API and none of another`() throws {
    let other = PrivateAPI()
    let longer = try APIURL(api.url.text + "/v1")
    defer { _ = cache.removeAll(at: longer) }
    let names = ["a@b.c", "jürgen@b.c", "\u{301}combining", "a#b", "a;b"]
    for name in names { store("x", name) }
    _ = cache.store(other.token("other"), of: other.account(), at: noon)
    let account = try Account(name: "a@b.c", api: longer)
    _ = cache.store(api.token("longer"), of: account, at: noon)
    #expect(cache.removeAll(at: api.url) == .done)
    for name in names { #expect(find(name) == nil, "\(name)") }
    #expect(find(in: cache, other.account()) == "other")
    #expect(find(in: cache, account) == "longer")
    #expect(cache.removeAll(at: api.url) == .nothing)
  }

  @Test func `that is turned off finds and stores nothing, and still removes`() {
    let off = KernelCache(isEnabled: false)
    #expect(off.store(api.token("off"), of: api.account(), at: noon) == .nothing)
    #expect(find() == nil)
    store("abc")
    #expect(find(in: off, api.account()) == nil)
    #expect(off.remove(api.account()) == .done)
    #expect(find() == nil)
  }

  @Test(.enabled(if: geteuid() == 0, "the quota of ordinary users is little more"))
  func `takes the longest token for the longest name`() {
    let long = String(repeating: "x", count: Token.longest)
    let name = String(repeating: "n", count: 254)
    #expect(store(long, name) == .done)
    #expect(find(name) == long)
  }

  @Test func `removes the old token if there is no room for the new one`() {
    store("old")
    // The kernel takes no payload of more than 32,767 bytes.
    #expect(store(String(repeating: "x", count: 40_000)) == .nothing)
    #expect(find() == nil)
  }

  @Test func `removes the old token if the new one has no time left`() {
    store("old")
    let result = cache.store(api.token("new"), of: api.account(), at: noon.later(3_600_000))
    #expect(result == .nothing)
    #expect(find() == nil)
  }

  @Test func `does not return a token outside its life`() {
    store("abc")
    #expect(find(at: noon.later(3_599_999)) == "abc")
    #expect(find(at: noon.later(3_600_000)) == nil)
    #expect(find(at: noon.later(-1)) == nil)
  }

  @Test func `goes by the boot clock whatever the wall clock shows`() {
    store("abc")
    var stepped = noon.later(1000)
    stepped.wall += 5 * 3_600_000
    #expect(find(at: stepped) == "abc")
  }

  @Test(
    arguments: [(7200, ["2h", "119m", "1h"]), (30, ["30s", "29s", "28s"])]
      as [(Int64, [String])])
  func `gives the key the token's time`(_ lifetime: Int64, _ timeouts: [String]) throws {
    store("abc", lifetime: lifetime)
    let timeout = try #require(api.timeouts.first)
    #expect(timeouts.contains(timeout), "\(timeout)")
  }

  @Test func `has no key that stays for ever`() {
    store("old")
    store("new")
    store("short", "b", lifetime: 1)
    #expect(!api.timeouts.contains("perm"))
  }

  @Test func `lets the kernel destroy the key`() {
    store("abc", lifetime: 1)
    #expect(find() == "abc")
    var waited = 0
    while find() != nil, waited < 50 {
      usleep(100_000)
      waited += 1
    }
    #expect(find() == nil)
  }

  @Test(arguments: [
    Sample("x"), Sample("\n"), Sample("1 2 3\nabc\n"),
    Sample("too long", String(repeating: "x", count: geteuid() == 0 ? 30_000 : 3_000)),
  ])
  func `does not return what is malformed`(_ payload: Sample) throws {
    try KernelKey.put(api.account().description, Secret(copying: payload.text), seconds: 60)
    #expect(find() == nil)
  }

  @Test func `sees in proc what it cannot remove`() {
    store("abc")
    #expect(KernelKey.listed("\(api.account().description):").count == 1)
    #expect(KernelKey.listed("\(api.account("a").description):").isEmpty)
    #expect(KernelKey.listed("meti-token:\(api.url.text)#").count == 1)
    _ = cache.remove(api.account())
  }

  @Test func `is found to work by a probe that leaves nothing`() throws {
    try KernelCache.probe()
    #expect(throws: SystemError.self) {
      _ = try KernelKey.read("meti-token-doctor:\(getpid())", room: 64)
    }
  }
}
