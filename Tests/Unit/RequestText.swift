import MetiToken

/// A git request as the tests compare it, its bytes as text.
struct RequestText: Equatable {
  var `protocol`: String?
  var host: String?
  var path: String?
  var username: String?
  var authtype: String?
  var password: String?
  var credential: String?
  var hasAuthtypeCapability = false
}

extension RequestText {
  init(_ bytes: [UInt8]) throws(MalformedRequest) {
    let request = try GitCredentialRequest(bytes: bytes)
    func value(_ key: GitCredentialRequest.Key) -> String? {
      request[key].map { String(decoding: $0, as: UTF8.self) }
    }
    `protocol` = value(.protocol)
    host = value(.host)
    path = value(.path)
    username = value(.username)
    authtype = value(.authtype)
    password = Self.text(of: request.password)
    credential = Self.text(of: request.credential)
    hasAuthtypeCapability = request.hasAuthtypeCapability
  }

  init(_ text: String) throws(MalformedRequest) { try self.init(Array(text.utf8)) }

  private static func text(of secret: borrowing Secret?) -> String? {
    switch secret {
    case .some(let secret): secret.withBytes { $0.text }
    case nil: nil
    }
  }
}

extension GitCredentialRequest {
  init(bytes: [UInt8]) throws(MalformedRequest) {
    self = try Secret(bytes: bytes).withBytes { bytes throws(MalformedRequest) in
      try GitCredentialRequest(bytes)
    }
  }

  init(_ text: String) throws(MalformedRequest) { try self.init(bytes: Array(text.utf8)) }
}

extension Secret {
  init(bytes: [UInt8]) {
    self.init(capacity: bytes.count)
    for byte in bytes { append(byte) }
  }
}
