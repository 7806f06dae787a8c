// Swift in the round robin of the languages: see xtask/src/robin.rs, and robin.c for its arguments.

import Ampoule
import Foundation

@main
struct Robin {
  static func main() async throws {
    let args = Array(CommandLine.arguments.dropFirst())
    let (what, folder, name) = (args[0], URL(fileURLWithPath: args[1], isDirectory: true), args[2])
    let file = { (name: String) in folder.appendingPathComponent(name) }
    var key = Data(repeating: UInt8(args[3])!, count: 32)
    let (store, unlock) = (try await Store.sqlite(file("\(name).db")), try Unlock.deviceKey(&key))
    if what == "make" {
      let made = try await Vault.create(in: store, name: name, unlock: unlock, second: .noneDataWillBeLost)
      try await made.vault.card.write(to: file("\(name).card"))
      return await made.vault.lock()
    }
    let vault = try await Vault.open(store, unlock: unlock)
    let names = args.dropFirst(5)
    let from = names.prefix { $0 != "to" }
    var contacts: [String: Contact] = [:]
    if what == "add" {
      // The cards of all others, each by its fingerprint.
      for card in try FileManager.default.contentsOfDirectory(atPath: folder.path) where card.hasSuffix(".card") {
        let other = String(card.dropLast(5))
        if other == name { continue }
        let contact = try await vault.addContact(Data(contentsOf: file(card)))
        try await contact.verify(String(contentsOf: file("\(other).digits"), encoding: .utf8))
        contacts[other] = contact
      }
    }
    var last: ChartId?
    for sender in from {
      last = try await vault.importBundle(Data(contentsOf: file("\(sender)-\(name).bundle"))).chart
    }
    let chart = try await vault.chart(last!)
    var authors: [String] = []
    for try await entry in chart.entries() {
      precondition(String(decoding: entry.content, as: UTF8.self) == "\(entry.author) wrote this")
      authors.append(entry.author)
    }
    print("\(name) reads \(authors.joined(separator: ","))")
    precondition(authors.joined(separator: ",") == args[4])
    let report = try await vault.verify()
    precondition(report.findings.isEmpty)
    if what == "add" {
      try await chart.put(NewRecord(mediaType: "text/plain", content: Data("\(name) wrote this".utf8)))
    }
    for next in names.drop(while: { $0 != "to" }).dropFirst() {
      try await chart.exportBundle(to: contacts[next]!).write(to: file("\(name)-\(next).bundle"))
    }
    await vault.lock()
  }
}
