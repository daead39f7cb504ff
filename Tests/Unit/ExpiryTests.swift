import Testing

@testable import MetiToken

/// Issued at noon for an hour.
private let expiry = noon.later(3600 * 1000)

@Suite struct `An expiry` {
  @Test func `counts the life from its start on both clocks`() {
    #expect(
      expiry == Moment(wall: noon.wall + hour, boot: noon.boot + hour, bootID: "this boot"))
  }

  @Test(
    arguments: [
      (0, hour), (60 * second, hour - 60 * second), (hour, 0), (hour + 1, -1),
    ] as [(Int64, Int64)])
  func `says what is left`(_ age: Int64, _ remaining: Int64) {
    #expect(expiry.remaining(at: noon.later(age)) == remaining)
  }

  @Test(arguments: [-72, -5, -1, 1, 5, 72, 24 * 365 * 30])
  func `is not moved by a step of the wall clock`(_ hours: Int64) {
    var now = noon.later(10 * 60 * second)
    now.wall += hours * hour
    #expect(expiry.remaining(at: now) == 50 * 60 * second)
  }

  @Test(arguments: [-5, 0, 5])
  func `is over when it is over, wherever the wall clock was put`(_ hours: Int64) {
    var now = noon.later(hour)
    now.wall += hours * hour
    #expect(expiry.remaining(at: now) == 0)
  }

  @Test func `goes on while the machine is suspended`() {
    // CLOCK_BOOTTIME counts a suspension, as the wall clock does.
    #expect(expiry.remaining(at: noon.later(8 * hour)) == -7 * hour)
  }

  @Test(
    arguments: [
      (5 * 60 * second, 55 * 60 * second), (2 * hour, -hour),
    ] as [(Int64, Int64)])
  func `is judged by the wall clock after a restart`(_ age: Int64, _ remaining: Int64) {
    let restarted = Moment(wall: noon.wall + age, boot: 10 * second, bootID: "next boot")
    #expect(expiry.remaining(at: restarted) == remaining)
  }

  @Test func `is judged by the wall clock without a boot id`() {
    let unknown = Moment(wall: noon.wall, boot: noon.boot, bootID: "")
    var later = unknown
    later.wall += 10 * 60 * second
    #expect(unknown.later(3600 * 1000).remaining(at: later) == 50 * 60 * second)
    #expect(!unknown.later(3600 * 1000).isSameBoot(unknown))
  }

  @Test func `is judged by the wall clock where the boot id is no longer known`() {
    var later = noon.later(0)
    later.wall += 10 * 60 * second
    later.bootID = ""
    #expect(expiry.remaining(at: later) == 50 * 60 * second)
  }
}

@Suite struct `A deadline` {
  @Test(
    arguments: [
      (0, 30_000), (10_000, 20_000), (30_000, 0), (90_000, 0),
    ] as [(Int64, Int64)])
  func `comes nearer and then is passed`(_ age: Int64, _ remaining: Int64) {
    #expect(Deadline(30 * second, from: noon).remaining(at: noon.later(age)) == remaining)
  }

  @Test func `does not follow the wall clock`() {
    var now = noon.later(10 * second)
    now.wall -= 5 * hour
    #expect(Deadline(30 * second, from: noon).remaining(at: now) == 20 * second)
  }

  @Test func `below nothing is passed at once`() {
    #expect(Deadline(-1, from: noon).remaining(at: noon) == 0)
  }

  @Test func `is at most a day away`() {
    #expect(Deadline(.max, from: noon).remaining(at: noon) == 24 * hour)
  }

  @Test func `is moved for all who work towards it`() {
    let deadline = Deadline(second, from: noon)
    let shared = deadline
    deadline.extend(by: 9 * second)
    #expect(shared.remaining(at: noon) == 10 * second)
  }

  @Test func `is never moved nearer`() {
    let deadline = Deadline(second, from: noon)
    deadline.extend(by: -second)
    #expect(deadline.remaining(at: noon) == second)
  }
}

@Suite struct `A pause after trouble` {
  private let pause = BackOff(
    since: noon, pause: 8 * second, reason: "METI is in trouble (HTTP 503)")

  @Test(
    arguments: [
      (0, 8_000), (3_000, 5_000), (8_000, 0), (9_000, 0),
    ] as [(Int64, Int64)])
  func `passes`(_ age: Int64, _ remaining: Int64) {
    #expect(pause.remaining(at: noon.later(age)) == remaining)
  }

  @Test(arguments: [-5, 5])
  func `is not moved by a step of the wall clock`(_ hours: Int64) {
    var now = noon.later(3 * second)
    now.wall += hours * hour
    #expect(pause.remaining(at: now) == 5 * second)
  }

  @Test func `ends with a restart of the machine`() {
    let restarted = Moment(wall: noon.wall + 1, boot: noon.boot + 1, bootID: "next boot")
    #expect(pause.remaining(at: restarted) == 0)
  }

  @Test func `that begins in the future is none`() {
    #expect(pause.remaining(at: noon.later(-second)) == 0)
  }

  @Test(
    arguments: [
      (Int64.max, 0), (Int64.max, 3_600_000), (Int64.max / 2, 3_600_000), (0, Int64.min),
      (-1, 3_600_000), (Int64.min, 0),
    ] as [(Int64, Int64)])
  func `of absurd numbers does no harm`(_ milliseconds: Int64, _ boot: Int64) {
    let since = Moment(wall: 0, boot: boot, bootID: "this boot")
    let absurd = BackOff(since: since, pause: milliseconds, reason: "")
    #expect(absurd.remaining(at: noon) == 0)
  }
}
