import Diagnosis
import FileLock
import Glibc
import KernelCache
import MetiToken
import Posix

/// What the machine itself allows: keys in the kernel, locks, memory that stays out of swap.
enum MachineExam {
  static func checks(_ doctor: Doctor) -> [Check] {
    [kernel(doctor), locks(doctor.lock), memory()]
  }

  // MARK: The kernel's keyring

  private static func kernel(_ doctor: Doctor) -> Check {
    let held = self.held(doctor)
    guard doctor.usesKernelTier else {
      let off = "switched off by METI_TOKEN_CACHE"
      guard let held else { return Check(.kernel, .ok, off) }
      return Check(
        .kernel, .warning(hint: "remove it with: meti-token logout --token-only"),
        "\(off), yet \(held)")
    }
    switch KernelTrial.run() {
    case .works: return Check(.kernel, .ok, "works; \(held ?? "no token is in it")")
    case .garbled:
      return Check(
        .kernel, .warning(hint: "set METI_TOKEN_CACHE=keyring"),
        "gives back other bytes than it took")
    case .refused(let call, let number): return refused(call, number)
    }
  }

  private static func held(_ doctor: Doctor) -> String? {
    let now = doctor.clock.now()
    guard let token = doctor.kernel.find(doctor.selector, at: now) else { return nil }
    let seconds = token.expiry.remaining(at: now) / 1000
    return "a token of \(token.account) is in it, valid for \(Spoken.duration(seconds))"
  }

  /// Calls work without it, but each one takes the long way.
  private static func refused(_ call: String, _ number: Int32) -> Check {
    let reason = unsafe String(cString: strerror(number))
    let hint: String
    var detail = "\(call) is refused: \(reason)"
    switch number {
    case EPERM, ENOSYS:
      hint =
        "allow add_key and keyctl in the container's seccomp profile; else call once and pass "
        + "the token on"
    case EDQUOT:
      if let text = File.text("/proc/key-users", limit: 65536),
        let quota = KeyQuota(text, user: getuid())
      {
        detail += " (\(quota.text) are used)"
      }
      hint =
        "look for what fills it with: keyctl show @u; or raise kernel.keys.maxkeys and maxbytes"
    case EACCES: hint = "check the SELinux or AppArmor policy"
    default: hint = "set METI_TOKEN_CACHE=keyring if it stays so"
    }
    return Check(.kernel, .warning(hint: hint), detail)
  }

  // MARK: Locks

  private static func locks(_ lock: FileLock) -> Check {
    let hint =
      "have XDG_RUNTIME_DIR name a directory of your own, and its meti-token closed to others"
    guard let directory = lock.place() else {
      return Check(
        .locks, .warning(hint: hint),
        "no directory can be used for locks: each call may ask METI for a token of its own")
    }
    if let runtime = Process.variable("XDG_RUNTIME_DIR"), !runtime.isEmpty,
      directory != "\(runtime)/meti-token"
    {
      return Check(.locks, .warning(hint: hint), "in \(directory), as \(runtime) cannot be used")
    }
    return Check(.locks, .ok, "in \(directory)")
  }

  // MARK: Memory

  /// Room for a handful of secrets, in bytes, each with pages of its own.
  private static let locked = 16 * 4096

  private static func memory() -> Check {
    guard Process.canLockMemory(locked) else {
      return Check(
        .memory, .warning(hint: "raise the limit that this shows: ulimit -l"),
        "secrets may get into swap: no memory can be locked")
    }
    return Check(.memory, .ok, "secrets are kept out of swap")
  }
}
