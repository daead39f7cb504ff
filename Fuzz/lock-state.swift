// fuzz-target: MetiToken

// Any text as the state in a lock file. Compiled together with what reads it.

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzLockState(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let input = UnsafeBufferPointer(start: start, count: count)
  guard let text = String(validating: input, as: UTF8.self) else { return 0 }
  let now = Moment(wall: 1_767_268_800_000, boot: 3_600_000, bootID: "b")
  let state = LockState(text: text)
  for rejected in state.rejections {
    _ = rejected.rejection.mayRetry(at: now)
    _ = state.rejection(of: rejected.fingerprint, at: now)
  }
  let current = state.current(at: now)
  // No pause is longer than an hour, whatever a file says.
  if let backOff = current.backOff {
    precondition((1...BackOff.longest).contains(backOff.remaining(at: now)))
  }
  if let claim = current.refreshClaim { precondition(claim.remaining(at: now) > 0) }
  precondition(LockState(text: current.text) == current, "not read again")
  return 0
}
