import Diagnosis
import Testing

@Suite struct `A doctor's report` {
  private func report(_ checks: Check...) -> Report {
    Report(version: "1.2.3", apiURL: "https://api.domain.com", checks: checks)
  }

  private let bus = Check(.bus, .failed(status: 69, hint: "log in"), "there is none")
  private let api = Check(.api, .failed(status: 75, hint: "try again"), "no route")
  private let kernel = Check(.kernel, .warning(hint: "allow it"), "refused")

  @Test func `ends with 0 where nothing failed, whatever is warned of`() {
    #expect(report().status == 0)
    #expect(
      report(kernel, Check(.bus, .skipped(hint: "h"), "d"), Check(.api, .ok, "d")).status == 0)
  }

  @Test func `ends with the status of what a call meets first`() {
    #expect(report(api, bus).status == 69)
    #expect(report(kernel, api).status == 75)
    #expect(report(api, bus).failures == [.bus, .api])
  }

  @Test func `is aligned, with what to do below what was found`() {
    let text = report(Check(.account, .ok, "name@domain.com"), bus, kernel).text
    #expect(
      text == """
        meti-token 1.2.3, https://api.domain.com

        ok       account      name@domain.com
        failed   bus          there is none
                              -> log in
        warning  kernel       refused
                              -> allow it

        1 failed, 1 to look at.

        """)
  }

  @Test func `has what was skipped in one line`() {
    let check = Check(.items, .skipped(hint: "see bus"), "not looked at")
    #expect(report(check).text.contains("\nskipped  items        not looked at -> see bus\n"))
  }

  @Test func `is at peace where nothing is wrong`() {
    #expect(report(Check(.api, .ok, "answers")).text.hasSuffix("\n\nAll is well.\n"))
  }

  @Test func `breaks lines between words, at 80 columns`() {
    let words = Array(repeating: "word", count: 12).joined(separator: " ")
    let lines = report(Check(.api, .ok, words)).text.split(separator: "\n")
    #expect(
      lines[1] == "ok       api          word word word word word word word word word word word")
    #expect(lines[1].count <= 80)
    #expect(lines[2] == "                      word")
  }

  @Test func `leaves a word whole that is longer than a line`() {
    let path = "/" + String(repeating: "x", count: 90)
    let indent = String(repeating: " ", count: 22)
    #expect(report(Check(.locks, .ok, "in \(path)")).text.contains("\n\(indent)\(path)\n"))
  }

  @Test(arguments: ["\u{1B}[2J", "a\rb", "a\nb", "\u{202E}moc", "\u{9B}1m", "\u{2028}"])
  func `does not let a name from outside steer the terminal`(name: String) {
    let text = report(Check(.certificate, .ok, name)).text
    let isHarmless = text.unicodeScalars.allSatisfy {
      $0 == "\n" || ![.control, .format, .lineSeparator].contains($0.properties.generalCategory)
    }
    #expect(isHarmless)
    #expect(text.split(separator: "\n").count == 3)
  }

  @Test func `says the same as JSON`() throws {
    #expect(
      try report(kernel, Check(.account, .ok, "a \"b\"\n")).json()
        == #"{"api_url":"https://api.domain.com","checks":["#
        + #"{"detail":"a \"b\"\n","id":"account","state":"ok"},"#
        + #"{"detail":"refused","hint":"allow it","id":"kernel","state":"warning"}],"#
        + #""version":"1.2.3"}"# + "\n")
  }

  @Test func `has a hint for all that is not well`() {
    let states: [Check.State] = [
      .warning(hint: "h"), .failed(status: 1, hint: "h"), .skipped(hint: "h"),
    ]
    #expect(states.map(\.hint) == ["h", "h", "h"])
    #expect(Check.State.ok.hint == nil)
  }
}
