import Glibc
import StandInMETI

do {
  let options = try Options(CommandLine.arguments.dropFirst())
  if options.wantsHelp {
    say(Options.help)
    exit(0)
  }
  let server = try StandInMETI(options.configuration)
  say("ready \(server.url)")
  while let line = readLine() {
    let answer = Command(line).map { $0.perform(on: server) }
    guard let answer else {
      say("error: unknown command: \(line)")
      continue
    }
    say(answer)
    if answer == Command.farewell { break }
  }
  server.shutdown()
} catch let error as UsageError {
  complain("\(error.message); see stand-in-meti --help")
  exit(64)
} catch {
  complain("cannot serve: \(error)")
  exit(74)
}

/// Writes a line to stdout, past stdio's buffer, so that a reader at a pipe has it at once.
func say(_ line: String) {
  write(line + "\n", to: STDOUT_FILENO)
}

func complain(_ line: String) {
  write("stand-in-meti: error: \(line)\n", to: STDERR_FILENO)
}

func write(_ text: String, to descriptor: Int32) {
  var rest = Array(text.utf8)[...]
  while !rest.isEmpty {
    let count = unsafe rest.withUnsafeBytes {
      unsafe Glibc.write(descriptor, $0.baseAddress, $0.count)
    }
    guard count > 0 || errno == EINTR else { exit(74) }
    rest = rest.dropFirst(max(count, 0))
  }
}
