// swift-tools-version: 6.2

import PackageDescription

/// The rules every target of this package is compiled under.
let strict: [SwiftSetting] = [.strictMemorySafety(), .treatAllWarnings(as: .error)]

/// Not `enableExperimentalFeature(_:_:)`, which reaches the link for debugging, too, and breaks it.
let embedded = ["-enable-experimental-feature", "Embedded", "-no-static-stdlib"]

let package = Package(
  name: "meti-token",
  products: [
    .executable(name: "meti-token", targets: ["meti-token"]),
    .executable(name: "meti-token-cli", targets: ["meti-token-cli"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2")
  ],
  targets: [
    // Shims: only what Swift cannot say.
    .systemLibrary(
      name: "CLibsecret", pkgConfig: "libsecret-1", providers: [.apt(["libsecret-1-dev"])]),
    // No pkgConfig: that would link libcurl, which is loaded on first use instead.
    .systemLibrary(name: "CLibcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
    .systemLibrary(name: "CLinux"),

    // The rules, without I/O, and the adapters around them.
    .target(name: "MetiToken", swiftSettings: strict),
    .target(name: "System", dependencies: ["MetiToken", "CLinux"], swiftSettings: strict),
    .target(name: "Keyring", dependencies: ["MetiToken", "CLibsecret"], swiftSettings: strict),
    .target(
      name: "TokenEndpoint", dependencies: ["MetiToken", "CLibcurl"], swiftSettings: strict),

    // The thin program, and the one it becomes for anything but a cached token.
    // For release it is static Embedded Swift: most of what it needs would be the runtime's pages.
    .executableTarget(
      name: "meti-token", dependencies: ["CLinux"],
      swiftSettings: strict + [
        .unsafeFlags(["-parse-as-library"]),
        .unsafeFlags(embedded + ["-wmo"], .when(configuration: .release)),
      ],
      linkerSettings: [
        .unsafeFlags(embedded + ["-static-executable"], .when(configuration: .release))
      ]),
    .executableTarget(
      name: "meti-token-cli",
      dependencies: [
        "MetiToken", "System", "Keyring", "TokenEndpoint", "CLinux",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: strict),

    .testTarget(name: "Unit", dependencies: ["MetiToken"], swiftSettings: strict),
    .testTarget(
      name: "Adapters",
      dependencies: [
        "MetiToken", "System", "Keyring", "TokenEndpoint", "CLibcurl", "CTestSupport",
      ],
      swiftSettings: strict),
    .testTarget(
      name: "Commands",
      dependencies: ["MetiToken", "System", "Keyring", "TokenEndpoint", "CTestSupport"],
      swiftSettings: strict),
    .systemLibrary(name: "CTestSupport", path: "Tests/CTestSupport"),
  ],
  swiftLanguageModes: [.v6]
)
