// swift-tools-version: 6.0
// `cargo xtask test "Swift"` builds and runs it in a copy that has the generated parts of the package as well.

import PackageDescription

let package = Package(
  name: "Phone",
  platforms: [.macOS(.v13)],
  dependencies: [.package(path: "../../Ampoule")],
  targets: [.executableTarget(name: "Phone", dependencies: ["Ampoule"])],
  swiftLanguageModes: [.v6]
)
