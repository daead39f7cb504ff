// The thin program: answers `meti-token` and `meti-token --header` from the kernel tier, with
// nothing loaded and nobody asked. For anything else it becomes meti-token-cli.

#if hasFeature(Embedded)
  import CLinux
#else
  import Glibc
  import KernelCache
  import MetiToken
  import Posix
#endif

/// main as C knows it, for Embedded Swift has no `CommandLine`. It gets that name where it is linked
/// (Package.swift).
@c(meti_token_main)
public func main(
  _ count: Int32, _ values: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
) -> Int32 {
  let arguments = unsafe Arguments(count, values)
  Process.harden()
  guard let answer = cachedAnswer(to: arguments) else { become(theOtherWith: arguments) }
  // A reader that goes away must show as an error of write(2), with its own exit status. Not set
  // before it is needed: what meti-token-cli becomes or starts would inherit it.
  _ = signal(SIGPIPE, SIG_IGN)
  let isWritten = answer.withBytes { Process.write($0, to: STDOUT_FILENO) }
  if !isWritten { fail("cannot write to standard output: \(errnoText())", status: 74) }
  return 0
}

/// What to print, where the kernel tier alone can say.
func cachedAnswer(to arguments: Arguments) -> Secret? {
  let isHeader = arguments.areOnly("--header")
  guard arguments.areNone || isHeader else { return nil }
  // By this name it is a helper of git's, which prints nothing that was not asked for.
  guard !arguments.name(endsWith: "git-credential-meti") else { return nil }
  // meti-token-cli says which one it is, and nothing is done under another name.
  for name in ["METI_API_URL", "METI_ACCOUNT", "METI_EMAIL", "METI_CLIENT_ID"]
  where !Process.isLegible(name) { return nil }
  let environment = CallEnvironment(Process.variable)
  guard environment.usesKernelTier else { return nil }
  let selector: AccountSelector
  do { selector = try environment.selector() } catch { return nil }
  let now = Moment.now(bootID: Moment.presentBoot)
  let cache = KernelCache(environment.variant(of: selector))
  guard let token = cache.find(selector, at: now), token.satisfies(.standard, at: now)
  else { return nil }
  return token.line(asHeader: isHeader)
}

/// meti-token-cli stands beside this program, or under libexec of the same prefix; never elsewhere,
/// for whoever could put it elsewhere would be given the password.
func become(theOtherWith arguments: Arguments) -> Never {
  guard let executable = Process.executable,
    let slash = executable.utf8.lastIndex(of: UInt8(ascii: "/"))
  else {
    fail("cannot tell where it is installed: /proc is not mounted", status: 70)
  }
  let folder = executable[..<slash]
  let beside = "\(folder)/meti-token-cli"
  let libexec = "\(folder)/../libexec/meti-token/meti-token-cli"
  for path in [beside, libexec] {
    let error = Process.become(path, arguments)
    if error != ENOENT && error != ENOTDIR {
      errno = error
      fail("cannot run \(path): \(errnoText())", status: 70)
    }
  }
  fail(
    "meti-token-cli is missing: it is neither at \(beside) nor at \(libexec)",
    hint: "install meti-token again", status: 70)
}

func fail(_ message: String, hint: String? = nil, status: Int32) -> Never {
  _ = Process.write("meti-token: error: \(message)\n", to: STDERR_FILENO)
  if let hint { _ = Process.write("meti-token: hint: \(hint)\n", to: STDERR_FILENO) }
  _exit(status)
}

func errnoText() -> String { unsafe String(cString: strerror(errno)) }
