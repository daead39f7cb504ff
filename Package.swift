// swift-tools-version: 6.2

import PackageDescription

/// The rules every target of this package is compiled under.
let strict: [SwiftSetting] = [
  .strictMemorySafety(),
  .treatAllWarnings(as: .error),
]

/// SwiftPM does the same when it builds for debugging.
let entryPoint = "--defsym=main=meti_token_main"

/// The thin program is static Embedded Swift, without the runtime, whose pages would be most of what
/// it needs. It cannot import modules that are compiled for the runtime, so it is one module: under
/// `shared` are links to the files that it has in common with them.
///
/// With METI_TOKEN_WITH_RUNTIME set it is built like the others: for the sanitizers, which support
/// none of that, and where the toolchain has no Embedded Swift for the machine.
let thin: Target =
  if Context.environment["METI_TOKEN_WITH_RUNTIME"] == nil {
    .executableTarget(
      name: "meti-token", dependencies: ["CLinux"],
      swiftSettings: strict + [
        .enableExperimentalFeature("Embedded"),
        .unsafeFlags(["-wmo", "-parse-as-library", "-Xfrontend", "-function-sections"]),
      ],
      linkerSettings: [
        .unsafeFlags([
          // swiftc asks for -pie besides, which clang says it does not use.
          "-Xclang-linker", "-static", "-Xclang-linker", "-Wno-unused-command-line-argument",
          "-use-ld=lld", "-Xlinker", "--gc-sections", "-Xlinker", entryPoint,
        ])
      ])
  } else {
    .executableTarget(
      name: "meti-token", dependencies: ["KernelCache", "MetiToken", "Posix"],
      exclude: ["shared", "Glibc.swift"],
      swiftSettings: strict + [.unsafeFlags(["-parse-as-library"])],
      linkerSettings: [.unsafeFlags(["-Xlinker", entryPoint])])
  }

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

    // The rules, and the adapters around them, which do not know each other.
    .target(name: "MetiToken", swiftSettings: strict),
    .target(name: "HelperProtocols", swiftSettings: strict),
    .target(name: "Diagnosis", dependencies: ["MetiToken"], swiftSettings: strict),
    .target(name: "Posix", dependencies: ["MetiToken", "CLinux"], swiftSettings: strict),
    .target(name: "FileLock", dependencies: ["MetiToken"], swiftSettings: strict),
    .target(name: "Keyring", dependencies: ["MetiToken", "CLibsecret"], swiftSettings: strict),
    .target(name: "KernelCache", dependencies: ["MetiToken", "CLinux"], swiftSettings: strict),
    .target(
      name: "TokenEndpoint", dependencies: ["MetiToken", "CLibcurl"], swiftSettings: strict),

    // The thin program and the one it becomes for anything but a cached token.
    thin,
    .executableTarget(
      name: "meti-token-cli",
      dependencies: [
        "MetiToken", "HelperProtocols", "Posix", "FileLock", "Keyring", "KernelCache",
        "TokenEndpoint", "Diagnosis", "CLinux",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: strict),

    .testTarget(name: "MetiTokenTests", dependencies: ["MetiToken"], swiftSettings: strict),
    .testTarget(name: "DiagnosisTests", dependencies: ["Diagnosis"], swiftSettings: strict),
    .testTarget(
      name: "HelperProtocolsTests", dependencies: ["HelperProtocols"], swiftSettings: strict),
    .testTarget(
      name: "AdapterTests",
      dependencies: ["MetiToken", "FileLock", "KernelCache", "Keyring", "Posix", "CLinux"],
      swiftSettings: strict),
    .systemLibrary(name: "CTestSupport", path: "Tests/CTestSupport"),
    // Many round trips in one process, to see what they leave behind. Never installed.
    .executableTarget(
      name: "keyring-rounds",
      dependencies: ["MetiToken", "Keyring", "Posix", "CLibsecret", "CTestSupport"],
      path: "Tests/KeyringRounds", swiftSettings: strict),
    .testTarget(
      name: "TokenEndpointTests", dependencies: ["MetiToken", "TokenEndpoint", "CLibcurl"],
      swiftSettings: strict),
    .testTarget(
      name: "SystemTests",
      dependencies: ["MetiToken", "KernelCache", "Keyring", "TokenEndpoint", "CTestSupport"],
      swiftSettings: strict),
  ],
  swiftLanguageModes: [.v6]
)
