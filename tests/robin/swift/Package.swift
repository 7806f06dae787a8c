// swift-tools-version: 6.0
// The round robin of the languages: `cargo xtask test "round robin"` builds it beside the package.

import PackageDescription

let package = Package(
  name: "Robin",
  platforms: [.macOS(.v13)],
  dependencies: [.package(path: "../../Ampoule")],
  targets: [.executableTarget(name: "Robin", dependencies: ["Ampoule"])],
  swiftLanguageModes: [.v6]
)
