import MetiToken
import Testing

/// Two users, a keyring that fails at random, a METI that fails at random, and what is true.
private final class Story {
  let world = World()
  var dice: Dice
  let users = [Account.anna, .ben]
  /// The passwords that METI takes, by account.
  var passwords = ["anna@domain.com": "secret", "ben@domain.com": "secret"]
  /// Whose each token is and when it ends, in milliseconds of a clock that nobody sets.
  var truth: [String: (owner: String, end: Int64)] = [:]
  var flaws: [String] = []

  init(seed: UInt64) {
    dice = Dice(state: seed)
    world.store.trouble = { [unowned self] _ in
      guard dice.chance(8) else { return nil }
      return KeyringError(dice.chance(50) ? .damaged : .notAnswering)
    }
    world.issuer.answer = { [unowned self] sent in answer(sent) }
  }

  private func answer(_ sent: String) -> FakeIssuer.Answer {
    if dice.chance(10) { return .failure(.trouble(isTransient: dice.chance(80))) }
    if dice.chance(5) { return .failure(.unusable(reason: "no token")) }
    let name = sent.split(separator: " ")[0]
    guard passwords[String(name)].map({ sent == "\(name) \($0)" }) ?? false else {
      return .failure(.rejection)
    }
    let lifetime = ([1, 2, 30, 90, 3600] as [Int64]).randomElement(using: &dice)!
    truth["issued-\(world.issuer.asked.count)"] = (String(name), now + lifetime * second)
    return .token(lifetime: lifetime)
  }

  var now: Int64 { world.clock.elapsed }

  // MARK: What happens

  func step(canRestart: Bool) {
    world.cache.isFull = dice.chance(10)
    world.defaults.trouble = dice.chance(8) ? .noDirectory : nil
    world.issuer.delay = Int64.random(in: 0...3, using: &dice) * second
    let user = users.randomElement(using: &dice)!
    switch Int.random(in: 0..<100, using: &dice) {
    case 0..<60: call(dice.chance(50) ? nil : user)
    case 60..<68: reject(user)
    case 68..<76: login(user)
    case 76..<80: logout(user)
    case 80..<83: passwords[user.name] = dice.chance(70) ? "secret" : "changed"
    case 83..<87 where canRestart: restart()
    case 83..<87: world.clock.moment.wall += Int64.random(in: -72...72, using: &dice) * hour
    default: world.clock.pass(Int64.random(in: 0...1200, using: &dice) * second)
    }
  }

  private func restart() {
    world.clock.pass(60 * second)
    world.clock.moment.boot = second
    world.clock.moment.bootID += "'"
    world.cache.bodies = [:]
  }

  private func call(_ user: Account?) {
    let before = credentials
    let wasDefault = world.defaults.name
    let asked = world.issuer.asked.count
    let isRejected = user.map { before[$0.name]?.contains("rejected_on") ?? false } ?? false
    let outcome = world.token(
      of: user, atLeast: dice.chance(70) ? nil : Int64.random(in: 0...4000, using: &dice),
      mustBeNew: dice.chance(10))
    if case .success(let token) = outcome {
      guard let fact = truth[token] else { return blame("\(token) was never issued") }
      if fact.end <= now { blame("\(token) is dead") }
      let named = user?.name ?? (world.defaults.trouble == nil ? wasDefault : nil)
      let meant = named ?? onlyOne(before)
      if fact.owner != meant { blame("\(token) is \(fact.owner)'s, not \(meant ?? "nobody")'s") }
    }
    if isRejected, world.issuer.asked.count != asked { blame("a rejected password was sent again") }
    if passwordsOnly(credentials) != passwordsOnly(before) { blame("a call changed a credential") }
    if world.defaults.name != wasDefault { blame("a call changed the default") }
  }

  private func onlyOne(_ credentials: [String: String]) -> String? {
    credentials.count == 1 ? credentials.first?.key : nil
  }

  private func reject(_ user: Account) {
    let before = credentials
    _ = world.reject(
      user, dice.chance(50) ? nil : "issued-\(world.issuer.asked.count)")
    if credentials != before { blame("a rejection changed a credential") }
  }

  private func login(_ user: Account) {
    var expected = passwordsOnly(credentials)
    let old = expected[user.name]
    let password = dice.chance(70) ? passwords[user.name]! : "wrong"
    let isVerified = dice.chance(80)
    let isStored: Bool
    if isVerified {
      isStored = (try? world.login(user, password).get()) != nil
    } else {
      isStored = world.storeUnverified(user, password) == nil
    }
    let new = passwordsOnly(credentials)[user.name]
    if new != old, new != password { blame("a login made up a password") }
    if isStored, new != password { blame("a login did not store the password") }
    if isVerified, password != passwords[user.name], new != old {
      blame("a login stored a wrong password")
    }
    expected[user.name] = new
    if passwordsOnly(credentials) != expected { blame("a login changed another's credential") }
  }

  private func logout(_ user: Account) {
    var expected = credentials
    let outcome = world.logout(user, tokenOnly: dice.chance(50))
    if case .success = outcome {
      if world.keyring("token \(user.name)") != nil { blame("a logout left the token") }
      let kept = world.cache.find(user, at: world.clock.now())
      if kept != nil { blame("a logout left the token in the kernel") }
    }
    expected[user.name] = credentials[user.name]
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
  @Test(arguments: Array(UInt64(1)...10))
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
