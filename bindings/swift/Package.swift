// swift-tools-version: 6.0
// Built by `cargo xtask test` in a copy that has the generated parts as well: see xtask/src/swift.rs.

import PackageDescription

// Elsewhere the library is linked as it was built; on Apple's systems it comes in a framework for each of them.
#if canImport(Darwin)
  let library: Target = .binaryTarget(name: "ampoule_uniffiFFI", path: "ampoule_uniffiFFI.xcframework")
#else
  let library: Target = .systemLibrary(name: "ampoule_uniffiFFI")
#endif

let package = Package(
  name: "Ampoule",
  platforms: [.iOS(.v16), .macOS(.v13)],
  products: [.library(name: "Ampoule", targets: ["Ampoule"])],
  targets: [
    library,
    .target(
      name: "AmpouleFFI", dependencies: ["ampoule_uniffiFFI"],
      linkerSettings: [.linkedLibrary("ampoule_uniffi", .when(platforms: [.linux]))]),
    .target(name: "Ampoule", dependencies: ["AmpouleFFI"]),
    .testTarget(name: "AmpouleTests", dependencies: ["Ampoule"]),
  ],
  swiftLanguageModes: [.v6]
)
