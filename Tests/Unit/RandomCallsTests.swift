import MetiToken
import Testing

/// SplitMix64: the same numbers for the same seed, everywhere.
private struct Dice: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }

  mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &self) < percent }
}

/// Two people, a keyring that fails at random, a METI that fails at random, and what is true.
private final class Story {
  let world = World()
  var dice: Dice
  let people = [Account.anna, .ben]
  /// The passwords that METI takes, by account.
  var passwords = ["anna@domain.com": "secret", "ben@domain.com": "secret"]
  /// Whose each token is and when it ends, in milliseconds of a clock that nobody sets.
  var truth: [String: (owner: String, end: Int64)] = [:]
  /// Milliseconds since the story began.
  var time: Int64 = 0
  var flaws: [String] = []
  /// Whether the item that names the default was there and could not be read.
  var isDefaultUnread = false

  init(seed: UInt64) {
    dice = Dice(state: seed)
    world.store.trouble = { [unowned self] call in
      guard dice.chance(8) else { return nil }
      let isDamaged = !dice.chance(50)
      if isDamaged, call == "find default" { isDefaultUnread = true }
      return KeyringError(isDamaged ? .damaged : .notAnswering)
    }
    world.issuer.answer = { [unowned self] sent in answer(sent) }
  }

  private func answer(_ sent: String) -> FakeIssuer.Answer {
    pass(Int64.random(in: 0...3, using: &dice) * second)
    if dice.chance(10) { return .failure(.trouble(isTransient: dice.chance(80))) }
    if dice.chance(5) { return .failure(.unusable(reason: "no token")) }
    let name = sent.split(separator: " ")[0]
    guard passwords[String(name)].map({ sent == "\(name) \($0)" }) ?? false else {
      return .failure(.refusal)
    }
    let lifetime = ([1, 2, 30, 90, 3600] as [Int64]).randomElement(using: &dice)!
    truth["issued-\(world.issuer.asked.count)"] = (String(name), now + lifetime * second)
    return .token(lifetime: lifetime)
  }

  /// Time also passes while a call pauses.
  var now: Int64 { time + world.clock.pauses.reduce(0, +) }

  func pass(_ milliseconds: Int64) {
    time += milliseconds
    world.clock.moment = world.clock.moment.later(milliseconds)
  }

  // MARK: What happens

  func step(canRestart: Bool) {
    world.cache.isFull = dice.chance(10)
    let person = people.randomElement(using: &dice)!
    switch Int.random(in: 0..<100, using: &dice) {
    case 0..<60: call(dice.chance(50) ? nil : person)
    case 60..<68: reject(person)
    case 68..<76: login(person)
    case 76..<80: logout(person)
    case 80..<83: passwords[person.name] = dice.chance(70) ? "secret" : "changed"
    case 83..<87 where canRestart: restart()
    case 83..<87: world.clock.moment.wall += Int64.random(in: -72...72, using: &dice) * hour
    default: pass(Int64.random(in: 0...1200, using: &dice) * second)
    }
  }

  private func restart() {
    pass(60 * second)
    world.clock.moment.boot = second
    world.clock.moment.bootID += "'"
    world.cache.bodies = [:]
  }

  private func call(_ person: Account?) {
    let before = credentials
    let wasDefault = world.store.bodies["default"]
    let asked = world.issuer.asked.count
    let isRefused = person.map { before[$0.name]?.contains("refused_on") ?? false } ?? false
    isDefaultUnread = false
    let outcome = world.token(
      of: person, atLeast: dice.chance(70) ? nil : Int64.random(in: 0...4000, using: &dice),
      mustBeNew: dice.chance(10))
    if case .success(let token) = outcome {
      guard let fact = truth[token] else { return blame("\(token) was never issued") }
      if fact.end <= now { blame("\(token) is dead") }
      let meant = person?.name ?? (isDefaultUnread ? nil : wasDefault) ?? onlyOne(before)
      if fact.owner != meant { blame("\(token) is \(fact.owner)'s, not \(meant ?? "nobody")'s") }
    }
    if isRefused, world.issuer.asked.count != asked { blame("a refused password was sent again") }
    if passwordsOnly(credentials) != passwordsOnly(before) { blame("a call changed a credential") }
    if world.store.bodies["default"] != wasDefault { blame("a call changed the default") }
  }

  private func onlyOne(_ credentials: [String: String]) -> String? {
    credentials.count == 1 ? credentials.first?.key : nil
  }

  private func reject(_ person: Account) {
    let before = credentials
    _ = world.reject(
      person, dice.chance(50) ? nil : "issued-\(world.issuer.asked.count)")
    if credentials != before { blame("a rejection changed a credential") }
  }

  private func login(_ person: Account) {
    var expected = passwordsOnly(credentials)
    let old = expected[person.name]
    let password = dice.chance(70) ? passwords[person.name]! : "wrong"
    let isVerified = dice.chance(80)
    let outcome = world.login(person, password, isVerified: isVerified)
    let new = passwordsOnly(credentials)[person.name]
    if new != old, new != password { blame("a login made up a password") }
    if case .success = outcome, new != password { blame("a login did not store the password") }
    if isVerified, password != passwords[person.name], new != old {
      blame("a login stored a wrong password")
    }
    expected[person.name] = new
    if passwordsOnly(credentials) != expected { blame("a login changed another's credential") }
  }

  private func logout(_ person: Account) {
    var expected = credentials
    let outcome = world.logout(person, tokenOnly: dice.chance(50))
    if case .success = outcome {
      if world.keyring("token \(person.name)") != nil { blame("a logout left the token") }
      let kept = world.cache.find(AccountSelector(person), at: world.clock.now())
      if kept != nil { blame("a logout left the token in the kernel") }
    }
    expected[person.name] = credentials[person.name]
    if credentials != expected { blame("a logout changed another's credential") }
  }

  // MARK: What is seen

  private var credentials: [String: String] {
    var found: [String: String] = [:]
    for (item, body) in world.store.bodies where item.hasPrefix("credential ") {
      found[String(item.dropFirst(11))] = body
    }
    return found
  }

  private func passwordsOnly(_ credentials: [String: String]) -> [String: String] {
    credentials.mapValues { String($0.prefix { !$0.isNewline }) }
  }

  private func blame(_ flaw: String) { flaws.append(flaw) }
}

@Suite struct `Random operations` {
  @Test(arguments: Array(UInt64(1)...20))
  func `hand out no dead or foreign token and lose no account`(_ seed: UInt64) {
    let story = Story(seed: seed)
    for step in 1...1000 {
      // A step of the wall clock and a restart together would leave no clock to go by.
      story.step(canRestart: seed.isMultiple(of: 2))
      guard story.flaws.isEmpty else {
        Issue.record("seed \(seed), step \(step): \(story.flaws)")
        return
      }
    }
    #expect(story.world.issuer.asked.count > 20)
  }
}
