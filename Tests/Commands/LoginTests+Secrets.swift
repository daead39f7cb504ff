import Testing

extension LoginTests {
  @Test func `no process shows the password in its arguments or environment`() throws {
    place.meti.defaultAnswer = .held(then: .issue)
    let child = try place.start(
      "login", "--email", email, "--password-stdin", input: .text(password))
    #expect(place.isAsked(by: child))
    let processes = ProcessTable.descendants(of: child.pid)
    #expect(processes.map(\.pid) == [child.pid])
    #expect(processes.allSatisfy { !$0.commandLine.contains(password) })
    #expect(processes.allSatisfy { !$0.environment.contains(password) })
    place.meti.release()
    #expect(child.wait().told == loggedIn)
  }

  @Test func `no file under the home or the runtime directory has a secret in it`() throws {
    try place.logIn()
    #expect(try place.run("-f").status == .exit(0))
    for secret in [password, place.lastToken] {
      let grep = try Program("grep").run(
        ["-rlF", "--binary-files=text", "-e", secret, place.desktop.directory.path])
      #expect(grep.out == "")
    }
  }

  @Test func `verbose output has no secret`() throws {
    let outcome = try logIn(.text(password), "--verbose")
    #expect(outcome.status == .exit(0))
    #expect(outcome.err.contains("POST \(place.url)/token"))
    #expect(!outcome.err.contains(password))
    #expect(!outcome.err.contains(place.lastToken))
  }
}
