import Glibc

/// A server on 127.0.0.1 that reads each request, sends the next answer byte by byte as it is, and
/// closes the connection with FIN. The last answer is repeated; `nil` is silence.
final class ScriptedServer: @unchecked Sendable {
  // `@unchecked`: the thread alone writes `requests`, and a test reads it after the answer.
  let port: UInt16
  private(set) var requests: [String] = []
  private var answers: [[UInt8]?]
  private let listener: Int32

  init(_ answers: [UInt8]?...) {
    self.answers = answers
    let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    unsafe withUnsafeMutablePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        precondition(unsafe bind(listener, $0, size) == 0 && listen(listener, 16) == 0)
        precondition(unsafe getsockname(listener, $0, &size) == 0)
      }
    }
    self.listener = listener
    port = UInt16(bigEndian: address.sin_port)
    var thread = pthread_t()
    let context = unsafe Unmanaged.passRetained(self).toOpaque()
    let code = unsafe pthread_create(
      &thread, nil,
      { argument in
        let server = unsafe Unmanaged<ScriptedServer>.fromOpaque(argument!).takeRetainedValue()
        server.serve()
        return nil
      }, context)
    precondition(code == 0)
    pthread_detach(thread)
  }

  convenience init(_ answer: String) { self.init(Array(answer.utf8)) }

  /// Ends the thread.
  func stop() { shutdown(listener, Int32(SHUT_RDWR)) }

  private func serve() {
    var silent: [Int32] = []
    while case let connection = accept(listener, nil, nil), connection >= 0 {
      requests.append(Self.request(connection))
      let answer = answers.count > 1 ? answers.removeFirst() : answers[0]
      if let answer {
        _ = unsafe send(connection, answer, answer.count, Int32(MSG_NOSIGNAL))
        close(connection)
      } else {
        silent.append(connection)
      }
    }
    for descriptor in silent + [listener] { close(descriptor) }
  }

  /// The head and the body, as far as Content-Length goes.
  private static func request(_ connection: Int32) -> String {
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    while true {
      let text = String(decoding: bytes, as: UTF8.self)
      if let head = text.firstRange(of: "\r\n\r\n") {
        let field = text.firstMatch(of: /Content-Length: (\d+)/)
        let length = field.flatMap { Int($0.1) } ?? 0
        if text[head.upperBound...].utf8.count >= length { return text }
      }
      let count = unsafe recv(connection, &buffer, buffer.count, 0)
      guard count > 0 else { return text }
      bytes += buffer[..<count]
    }
  }
}
