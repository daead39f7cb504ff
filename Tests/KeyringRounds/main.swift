import CLibsecret
import CTestSupport
import Glibc
import Keyring
import MetiToken
import Posix

// usage: keyring-rounds NUMBER WARM-UP
//
// Makes so many round trips to the keyring of the session in one process, each with a connection
// of its own: open, search, store, load, clear. First those that read no secret, then those that
// do. Prints what each round has left behind on average since the warm-up, a line for either kind:
//
//   KIND BYTES-PER-ROUND DESCRIPTORS THREADS
//
// Bytes are what malloc(3) has handed out and not got back; the others are how many there are more.

/// What a process holds.
struct Holdings {
  var bytes = Int(mallinfo2().uordblks)
  var descriptors = Holdings.count("/proc/self/fd")
  var threads = Holdings.count("/proc/self/task")

  private static func count(_ path: String) -> Int {
    guard let directory = unsafe opendir(path) else { return -1 }
    defer { unsafe closedir(directory) }
    var count = 0
    while unsafe readdir(directory) != nil { count += 1 }
    return count
  }
}

struct Rounds {
  let clock = SystemClock()
  let account: Account

  func run(_ name: String, _ number: Int, warmUp: Int, _ round: (KeyringStore) throws -> Void) {
    var start = Holdings()
    for index in 0..<(warmUp + number) {
      if index == warmUp { start = Holdings() }
      let store = KeyringStore(
        busAddress: BusAddress.find(Process.variable)?.address, clock: clock,
        call: Deadline(60_000, from: clock.now()), person: .absent, handshake: { _ in nil },
        verbose: nil)
      do { try round(store) } catch { end("round \(index): \(error)", status: 1) }
    }
    let now = Holdings()
    print(
      name, (now.bytes - start.bytes) / number, now.descriptors - start.descriptors,
      now.threads - start.threads)
  }

  var token: Token {
    Token(
      secret: Secret(copying: String(repeating: "t", count: 300)), account: account.name,
      expiry: Expiry(lifetime: 3600, from: clock.now()), lifetime: 3600)
  }
}

func end(_ message: String, status: Int32) -> Never {
  _ = Process.write("keyring-rounds: \(message)\n", to: STDERR_FILENO)
  exit(status)
}

guard CommandLine.arguments.count == 3, let number = Int(CommandLine.arguments[1]), number > 0,
  let warmUp = Int(CommandLine.arguments[2]), warmUp >= 0
else { end("usage: keyring-rounds NUMBER WARM-UP", status: 64) }

let rounds = Rounds(
  account: try Account(name: "rounds@domain.com", api: APIURL("https://rounds.invalid")))

rounds.run("writing", number, warmUp: warmUp) { store in
  try store.store(rounds.token, of: rounds.account)
  _ = try store.accounts(at: rounds.account.api)
  guard try store.removeToken(of: rounds.account) else { end("it was not stored", status: 1) }
}
rounds.run("reading", number, warmUp: warmUp) { store in
  try store.store(rounds.token, of: rounds.account)
  guard let token = try store.token(of: rounds.account),
    token.secret.withBytes({ $0.byteCount }) == 300
  else {
    end("it was not read", status: 1)
  }
  _ = try store.removeToken(of: rounds.account)
}
