/// A token as a kernel key holds it, made for a program of one file: the first line has three decimal
/// numbers, `issued`, `refresh-from` and `expires`, in milliseconds of CLOCK_BOOTTIME; the second line is
/// the token. The thin program uses it while issued <= now < refresh-from. A token of an earlier boot was
/// issued before 0.
///
/// The kernel's memory does not outlive a boot, so there is no boot id and no wall clock in it.
public enum CachedForm {
  /// - Returns: `nil` if nothing is left to hand out.
  public static func pack(_ token: borrowing Token, at now: Moment) -> Secret? {
    let left = token.expiry.remaining(at: now)
    let expires = now.boot + left
    let handOutUntil = expires - token.handOutMargin
    // If a token has more time left than its whole life, the clock is wrong.
    guard now.boot < handOutUntil, left <= token.lifetime * 1000 else { return nil }
    let refreshFrom = now.boot + token.untilRefresh(at: now)
    var body = Secret(capacity: token.secret.count + 64)
    body.append(
      "\(expires - token.lifetime * 1000) \(max(min(refreshFrom, handOutUntil), 0)) \(expires)\n")
    token.secret.withBytes { body.append($0) }
    body.append(UInt8(ascii: "\n"))
    return body
  }

  /// Reads it; `nil` if it is malformed, or outside its life at `now`.
  public static func token(
    _ body: borrowing Secret, of account: Account, at now: Moment
  ) -> Token? {
    body.withBytes { bytes in
      let end = bytes.firstIndex(of: UInt8(ascii: "\n")) ?? bytes.byteCount
      let words =
        bytes.extracting(0..<end).text?
        .split(separator: " ", omittingEmptySubsequences: false) ?? []
      // So short that no difference overflows.
      let numbers = words.compactMap { $0.utf8.count <= 18 && $0.first != "+" ? Int64($0) : nil }
      guard words.count == 3, numbers.count == 3, end + 1 < bytes.byteCount - 1,
        bytes.byte(at: bytes.byteCount - 1) == UInt8(ascii: "\n")
      else { return nil }
      let secret = Secret(copying: bytes.extracting((end + 1)..<(bytes.byteCount - 1)))
      let (issued, refreshFrom, expires) = (numbers[0], numbers[1], numbers[2])
      guard issued <= now.boot, now.boot < expires, refreshFrom >= 0, refreshFrom <= expires,
        (expires - issued) % 1000 == 0, Lifetime.allowed.contains((expires - issued) / 1000),
        secret.withBytes({ Token.isLegal($0) })
      else { return nil }
      return Token(
        secret: secret, account: account.name,
        expiry: Moment(
          wall: now.wall + expires - now.boot, boot: expires, bootID: now.bootID),
        lifetime: (expires - issued) / 1000, refreshFrom: refreshFrom)
    }
  }
}
