import Glibc

/// System calls that a container's seccomp profile may refuse (seccomp(2)).
enum RefusedCalls: String {
  /// add_key and keyctl, which Docker's default profile refuses.
  case keys
  /// How glibc starts threads and processes.
  case clone3
}

extension Workplace {
  /// Runs the program with a kernel that refuses these calls.
  func run(
    _ arguments: [String], input: Input = .nothing, refusing calls: RefusedCalls,
    with error: Int32 = EPERM
  ) throws -> Outcome {
    let script = """
      import ctypes, os, platform, struct, sys
      numbers = {
          "keys": {"x86_64": (248, 250), "aarch64": (217, 219)}[platform.machine()],
          "clone3": (435,)}[sys.argv[1]]
      load, jump, ret, allow = 0x20, 0x15, 0x06, 0x7FFF0000
      fail = 0x00050000 | int(sys.argv[2])
      code = [(load, 0, 0, 0)]
      for number in numbers:
          code += [(jump, 0, 1, number), (ret, 0, 0, fail)]
      code.append((ret, 0, 0, allow))
      text = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *c) for c in code))
      program = struct.pack("HxxxxxxP", len(code), ctypes.addressof(text))
      prctl = ctypes.CDLL(None, use_errno=True).prctl
      assert prctl(38, 1, 0, 0, 0) == 0
      assert prctl(22, 2, ctypes.c_char_p(program), 0, 0) == 0
      os.execv(sys.argv[3], sys.argv[3:])
      """
    return try Program("python3").run(
      ["-c", script, calls.rawValue, "\(error)", Program.metiToken.path] + arguments,
      input: input, environment: environment)
  }
}
