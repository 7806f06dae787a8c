// swift-tools-version: 6.0
// `cargo xtask bench bindings` builds and runs it in a copy that has the generated parts of the package as well.

import PackageDescription

let package = Package(
  name: "Worker",
  platforms: [.macOS(.v13)],
  dependencies: [.package(path: "../../Ampoule")],
  targets: [.executableTarget(name: "Worker", dependencies: ["Ampoule"], path: "Sources")],
  swiftLanguageModes: [.v6]
)
