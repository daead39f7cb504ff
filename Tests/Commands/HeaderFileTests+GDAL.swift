import Foundation
import Testing

extension HeaderFileTests {
  @Test func `GDAL's name for a path is printed without a token`() throws {
    let outcome = try Program.metiToken.run(
      ["header-file", "--vsicurl", "/sources?a=b&c=%20", "--api-url", "https://meti.example/v1"],
      environment: ["XDG_RUNTIME_DIR": runtime.path])
    #expect(
      outcome.out == """
        /vsicurl?header_file=\(path)\
        &url=https://meti.example/v1/sources%3Fa%3Db%26c%3D%2520

        """)
    #expect(outcome.err == "")
    #expect(outcome.status == .exit(0))
    #expect(contents() == nil)
  }

  @Test(arguments: [
    "//evil.example/sources", "https://evil.example/sources", "https://meti.example.evil.example/",
    "https://meti.example@evil.example/", "@evil.example/", "sources", "/a b", "--watch",
  ])
  func `GDAL's name is printed for the API alone`(path: String) throws {
    let outcome = try Program.metiToken.run(
      ["header-file", "--vsicurl=\(path)", "--api-url", "https://meti.example"],
      environment: ["XDG_RUNTIME_DIR": runtime.path])
    #expect(outcome.status == .exit(64))
    #expect(outcome.out == "")
    #expect(outcome.err.contains("a token must not be sent elsewhere"))
  }

  @Test(arguments: ["--watch", "--path"])
  func `GDAL's name goes with no other question`(option: String) throws {
    let outcome = try Program.metiToken.run(
      ["header-file", "--vsicurl", "/sources", option],
      environment: ["XDG_RUNTIME_DIR": runtime.path])
    #expect(outcome.status == .exit(64))
    #expect(outcome.out == "")
  }
}
