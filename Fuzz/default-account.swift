// fuzz-target: MetiToken System

// Any bytes as the file of the default accounts. Compiled together with what reads it.

import Glibc

/// In scripts/fuzz's folder, which it leaves as it is.
private let directory = "/proc/self/cwd/.build-fuzz/default-account"
private nonisolated(unsafe) let file = DefaultAccountFile {
  $0 == "XDG_CONFIG_HOME" ? directory : nil
}
private let other = try? APIURL("https://h:8443/v1")

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzDefaultAccount(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let input = Array(UnsafeBufferPointer(start: start, count: count))
  guard let path = file.path, let other else { preconditionFailure("no file") }
  mkdir(directory + "/meti-token", 0o700)
  let output = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
  precondition(write(output, input, count) == count && close(output) == 0)
  guard let name = try? file.name(at: .standard) else { return 0 }
  precondition(String(validating: input, as: UTF8.self) != nil)
  let line = Array("\(APIURL.standard.text) \(name)".utf8)
  precondition(input.split(separator: 10).contains { Array($0) == line })

  // Sometimes, because this waits for the disk: a change is about one API alone.
  guard input.last == UInt8(ascii: "!"), let account = try? Account(name: "me", api: .standard)
  else { return 0 }
  let before = try? file.name(at: other)
  guard (try? file.set(account)) != nil else { preconditionFailure("cannot set") }
  precondition(try! file.name(at: .standard) == "me" && (try? file.name(at: other)) == before)
  guard (try? file.remove(at: .standard)) != nil else { preconditionFailure("cannot remove") }
  precondition(try! file.name(at: .standard) == nil && (try? file.name(at: other)) == before)
  return 0
}
