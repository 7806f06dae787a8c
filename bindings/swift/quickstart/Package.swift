// swift-tools-version: 6.0
// What a program of the documents needs. Its source is taken from there.

import PackageDescription

let package = Package(
  name: "QuickStart",
  platforms: [.macOS(.v13)],
  dependencies: [.package(path: "../../Ampoule")],
  targets: [.executableTarget(name: "QuickStart", dependencies: ["Ampoule"], path: "Sources")],
  swiftLanguageModes: [.v6]
)
