import Ampoule
import Foundation
import XCTest

/// The cases of `tests/conformance`, which every language has to answer alike.
final class ConformanceTests: XCTestCase {
  func testEveryCaseComesToWhatItShould() async throws {
    var folder = URL(fileURLWithPath: #filePath)
    // Beside the package.
    for _ in 0..<4 { folder.deleteLastPathComponent() }
    folder.appendPathComponent("conformance")
    var count = 0
    for file in try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil) {
      for one in try JSONDecoder().decode([Case].self, from: Data(contentsOf: file)) {
        var world = World()
        for step in one.steps {
          let outcome = try await world.outcome(step)
          XCTAssertEqual(outcome, step.expect ?? Outcome(), "\(file.lastPathComponent): \(one.case): \(step)")
        }
        count += 1
      }
    }
    XCTAssertGreaterThan(count, 10)
  }
}

private struct Case: Decodable {
  let `case`: String
  let steps: [Call]
}

/// A call, and what it comes to.
private struct Call: Decodable {
  let call: String
  let name, key, passphrase, text, entry, label, kind, words, prefix, hex: String?
  let `as`: String?
  let codes: [[String]]?
  let dates: [Int64]?
  let expect: Outcome?
}

/// Empty where it worked and there is nothing to say.
private struct Outcome: Codable, Equatable {
  var content: String?
  var count: Int?
  var found: [String]?
  var error: UInt32?
  var name: String?

  init(content: String? = nil, count: Int? = nil, found: [String]? = nil) {
    (self.content, self.count, self.found) = (content, count, found)
  }

  init(_ error: VaultError) {
    self.error = error.code()
    name = Mirror(reflecting: error).children.first?.label
  }

  init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    content = try values.decodeIfPresent(String.self, forKey: .content)
    count = try values.decodeIfPresent(Int.self, forKey: .count)
    found = try values.decodeIfPresent([String].self, forKey: .found)
    error = try values.decodeIfPresent(UInt32.self, forKey: .error)
    name = try values.decodeIfPresent(String.self, forKey: .name)
    // What this does not know would not be looked at.
    XCTAssertEqual(try decoder.container(keyedBy: AnyKey.self).allKeys.count, values.allKeys.count)
  }
}

private struct AnyKey: CodingKey {
  let stringValue: String
  let intValue: Int? = nil

  init?(stringValue: String) {
    self.stringValue = stringValue
  }

  init?(intValue: Int) {
    return nil
  }
}

/// What a case works on.
private struct World {
  private let store = Store.memory()
  private var vault: Vault?
  private var chart: Chart?
  private var entries: [String: EntryId] = [:]

  mutating func outcome(_ step: Call) async throws -> Outcome {
    do {
      return try await call(step)
    } catch let error as VaultError {
      return Outcome(error)
    }
  }

  private mutating func call(_ step: Call) async throws -> Outcome {
    switch step.call {
    case "create":
      let made = try await Vault.create(
        in: store, name: XCTUnwrap(step.name), unlock: way(step), second: .noneDataWillBeLost)
      vault = made.vault
    case "open": vault = try await Vault.open(store, unlock: way(step))
    case "unlock": try await XCTUnwrap(vault).unlock(way(step))
    case "lock": try await XCTUnwrap(vault).lock()
    case "chart": chart = try await XCTUnwrap(vault).createChart()
    case "put": entries[try XCTUnwrap(step.as)] = try await XCTUnwrap(chart).put(record(step))
    case "update": try await XCTUnwrap(chart).update(entry(step), record(step))
    case "delete": try await XCTUnwrap(chart).delete(entry(step))
    case "get":
      let read = try await XCTUnwrap(chart).get(entry(step))
      return Outcome(content: String(decoding: read.content, as: UTF8.self))
    case "history": return Outcome(count: try await XCTUnwrap(chart).history(entry(step)).count)
    case "find":
      let found = try await XCTUnwrap(chart).find(search(step)).entries
      return Outcome(found: found.map { found in entries.first { $0.value == found.id }?.key ?? "unknown" })
    case "recovery_words":
      var words = Data(try XCTUnwrap(step.words).utf8)
      _ = try Unlock.recoveryWords(&words)
    case "add_card": _ = try await XCTUnwrap(vault).addContact(bytes(XCTUnwrap(step.hex)))
    case "import": try await XCTUnwrap(vault).importBundle(bytes(XCTUnwrap(step.hex)))
    default: XCTFail("there is no call \(step.call)")
    }
    return Outcome()
  }

  private func entry(_ step: Call) -> EntryId {
    step.entry.flatMap { entries[$0] } ?? String(repeating: "0", count: 32)
  }

  private func way(_ step: Call) throws -> Unlock {
    if let passphrase = step.passphrase {
      var bytes = Data(passphrase.utf8)
      return try Unlock.passphrase(&bytes)
    }
    var key = try bytes(XCTUnwrap(step.key))
    return try Unlock.deviceKey(&key)
  }

  private func record(_ step: Call) throws -> NewRecord {
    let terms = RecordTerms(
      kind: step.kind ?? "", codes: codes(step), dates: dates(step).map { [$0] } ?? [], text: step.words ?? "")
    let content = Data(try XCTUnwrap(step.text).utf8)
    return NewRecord(mediaType: "text/plain", content: content, label: step.label, terms: terms)
  }

  private func search(_ step: Call) -> Search {
    Search(kind: step.kind, codes: codes(step), dates: dates(step), words: step.words, wordPrefix: step.prefix)
  }

  private func codes(_ step: Call) -> [RecordCode] {
    (step.codes ?? []).map { RecordCode(system: $0[0], value: $0[1]) }
  }

  private func dates(_ step: Call) -> RecordDates? {
    step.dates.map { RecordDates(start: $0[0], end: $0[1]) }
  }

  private func bytes(_ hex: String) throws -> Data {
    let digits = Array(hex)
    return Data(
      try stride(from: 0, to: digits.count, by: 2).map { try XCTUnwrap(UInt8(String(digits[$0...$0 + 1]), radix: 16)) })
  }
}
