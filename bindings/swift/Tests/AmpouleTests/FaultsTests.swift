import Ampoule
import Foundation
import XCTest

/// Bad input and faults: nothing crosses as a crash. The numbers are those of docs/ATTACKS.md.
final class FaultsTests: FolderTest {
  func testG49FailuresLookAlikeInSwift() async throws {
    let store = Store.memory()
    let made = try await Vault.create(in: store, name: "Ana", unlock: key(1).and(passphrase()), second: .also(key(2)))
    await made.vault.lock()
    var seen = Set<String>()
    for wrong in [try key(9), try key(1), try passphrase(), try key(9).and(passphrase()), try key(2).and(passphrase())]
    {
      let error = await fails(Code.wayFailed) { try await Vault.open(store, unlock: wrong) }
      seen.insert("\(String(describing: error)) \(error?.localizedDescription ?? "")")
    }
    XCTAssertEqual(seen.count, 1)
  }

  func testG50NothingOfAPatientInWhatIsPrinted() async throws {
    let pair = try await Pair()
    let chart = try await pair.clinic.createChart()
    let secret = "Kaposi"
    let terms = RecordTerms(kind: secret, codes: [RecordCode(system: secret, value: secret)], text: secret)
    let record = NewRecord(mediaType: "text/plain", content: Data(secret.utf8), name: secret, terms: terms)
    let id = try await chart.put(record)
    try await chart.describe(
      PatientInfo(names: [secret], identifiers: [PatientIdentifier(system: secret, value: secret)]))
    let thread = try await chart.startThread(secret)
    let message = try await thread.send(secret)
    let entry = try await chart.get(id)
    XCTAssertEqual(entry.content, Data(secret.utf8))
    let (patients, history) = (
      try await pair.clinic.findPatient(.name(text: secret, birthDate: nil)), try await chart.history(id)
    )
    let (posted, messages, threads) = (
      try await chart.message(message), try await thread.last(9), try await chart.threads
    )
    let (events, patient) = (try await pair.clinic.audit, try await chart.patient)
    let file = NewFile(
      mediaType: secret, name: secret, terms: terms, preview: Preview(mediaType: secret, content: Data(secret.utf8)))
    let actor = AssertedActor(issuer: secret, subject: secret, session: secret, purpose: secret)
    let certificate = Certificate(
      bytes: Data(secret.utf8), id: DirectoryId(issuer: secret, subject: secret), notAfterMs: nil)
    let values: [Any] = [
      record, terms, entry, patients, history, posted, messages, threads, events, patient as Any, file, actor,
      certificate,
      NewMessage(text: secret), Search(kind: secret, words: secret),
      PatientSearch.name(text: secret, birthDate: secret),
      pair.clinic, chart, thread, try key(75), pair.toAna,
    ]
    for value in values {
      var dumped = ""
      dump(value, to: &dumped)
      for printed in ["\(value)", String(reflecting: value), dumped] {
        XCTAssertFalse(printed.contains(secret), printed)
        XCTAssertFalse(printed.contains("75, 75"), printed)
      }
    }
    XCTAssertEqual("\(entry)", "Entry(..)")
  }

  func testG50NoErrorTellsWhatItWasGiven() async throws {
    let vault = try await vault()
    let chart = try await vault.createChart()
    let secret = "Kaposi"
    let errors = [
      await fails(Code.invalidId) { try await chart.get(secret) },
      await fails(Code.invalidLabel) { try await chart.put(note("x", label: "\(secret) \(secret)")) },
      await fails(Code.cannotRead) { try await chart.putFile(photo, from: self.file(secret)) },
      await fails(Code.cannotWrite) { try await vault.exportAudit(to: self.file("\(secret)/\(secret)")) },
      await fails(Code.invalidCard) { try await vault.addContact(Data(secret.utf8)) },
    ]
    for error in errors {
      let error = try XCTUnwrap(error)
      for text in [error.reason, "\(error)", error.localizedDescription] { XCTAssertFalse(text.contains(secret), text) }
      XCTAssertFalse(error.reason.isEmpty)
    }
  }

  func testH56WhatIsNoIdLabelCardCursorOrBundleIsATypedError() async throws {
    let vault = try await vault()
    let chart = try await vault.createChart()
    for bad in [
      "", "00", String(repeating: "g", count: 32), String(repeating: "é", count: 16),
      String(repeating: "\0", count: 32),
    ] {
      await fails(Code.invalidId) { try await chart.get(bad) }
      await fails(Code.invalidId) { try await vault.chart(bad) }
      await fails(Code.invalidId) { try await vault.contact(bad) }
    }
    for bad in ["", String(repeating: "x", count: 25), "é", "a b"] {
      await fails(Code.invalidLabel) { try await chart.put(note("x", label: bad)) }
    }
    for bad in [Data(), Data(count: 1), Data(repeating: 255, count: 70_000)] {
      await fails(Code.invalidCard) { try await vault.addContact(bad) }
      await fails(Code.damagedBundle) { try await vault.importBundle(bad) }
      await fails(Code.invalidAudit) { try await vault.readAudit(bad) }
    }
    let pair = try await Pair()
    let shared = try await pair.clinic.createChart()
    try await shared.share(with: pair.toAna, GrantOptions(rights: .read))
    await fails(Code.invalidCursor) { try await shared.exportBundle(to: pair.toAna, since: Data(count: 3)) }
    await fails(Code.invalidDates) { try await chart.find(Search(dates: RecordDates(start: 2, end: 1))) }
    await fails(Code.unknownLabel) { try await vault.createChart(labels: ["general"]) }
    var (text, words) = (Data([255, 254]), Data())
    await fails(80) { try Unlock.passphrase(&text) }
    await fails(Code.recoveryWordCount) { try Unlock.recoveryWords(&words) }
  }

  func testH56HandlesOutliveTheirVaultAndFailAsItDoes() async throws {
    let chart: Chart
    let file: FileWriter
    let id: EntryId
    do {
      let vault = try await vault()
      chart = try await vault.createChart()
      id = try await chart.put(note("a note"))
      file = try await chart.createFile(NewFile(mediaType: "a/b"))
      await vault.lock()
      await vault.lock()
    }
    let error = await fails(101) { try await chart.get(id) }
    XCTAssertTrue(error?.reason.contains("open it again") == true)
    await fails(101) { try await file.update(Data(count: 1)) }
    await fails(101) { try await chart.entries().all() }
  }

  func testH56LockedWhile64TasksReadAndWriteEachGetsTheTruthOrATypedError() async throws {
    let store = try await Store.sqlite(file("vault.db"))
    let vault = try await Vault.create(in: store, name: "Ana", unlock: key(1), second: .noneDataWillBeLost).vault
    let chart = try await vault.createChart()
    let id = try await chart.put(note("the truth"))
    let (right, refused) = try await withThrowingTaskGroup(of: (Int, Int).self) { group in
      for number in 0..<64 {
        group.addTask {
          var (right, refused) = (0, 0)
          for _ in 0..<20 {
            do {
              if number % 16 == 0 {
                try await chart.put(note("n\(number)"))
              } else {
                let text = try await chart.get(id).content
                XCTAssertEqual(text, Data("the truth".utf8))
              }
              right += 1
            } catch let error as VaultError where [Code.locked, Code.storeBusy].contains(error.code()) {
              refused += 1
            }
          }
          return (right, refused)
        }
      }
      group.addTask {
        for _ in 0..<10 {
          await vault.lock()
          try await vault.unlock(key(1))
        }
        return (0, 0)
      }
      return try await group.reduce((0, 0)) { ($0.0 + $1.0, $0.1 + $1.1) }
    }
    XCTAssertEqual(right + refused, 64 * 20)
    XCTAssertNotEqual(right, 0)
    let text = try await chart.get(id).content
    XCTAssertEqual(text, Data("the truth".utf8))
    let findings = try await vault.verify().findings
    XCTAssertTrue(findings.isEmpty)
  }

  func testH56AVaultIsOpenedTwiceAtOnce() async throws {
    let path = file("vault.db")
    let one = try await Vault.create(in: .sqlite(path), name: "Ana", unlock: key(1), second: .noneDataWillBeLost).vault
    let two = try await Vault.open(.sqlite(path), unlock: key(1))
    let id = try await one.createChart().put(note("by one"))
    let chart = try await two.charts.all()[0]
    let text = try await chart.get(id).content
    XCTAssertEqual(text, Data("by one".utf8))
    async let left = chart.put(note("by two"))
    async let right = chart.put(note("by two"))
    let written = try await Set([left, right])
    XCTAssertEqual(written.count, 2)
    let all = try await one.chart(chart.id).list().entries.count
    XCTAssertEqual(all, 3)
    await fails(Code.vaultExists) { try await Vault.create(in: .sqlite(path), name: "Ana", unlock: key(1)) }
  }

  func testQuestionsThatWaitForAPersonHoldUpNoTask() async throws {
    let keystore = AskingKeystore()
    // More than there may ever be threads for tasks.
    let count = 2 * ProcessInfo.processInfo.activeProcessorCount + 1
    try await withThrowingTaskGroup(of: Void.self) { group in
      for number in 0..<count {
        let file = file("key-\(number)")
        group.addTask { _ = try await Unlock.keystore(keystore, file: file) }
      }
      // All of them wait now, and this task goes on: a key is made by two questions, to wrap it and to unwrap it.
      var asked = 0
      for await _ in keystore.asked {
        asked += 1
        if asked == 2 * count { break }
        guard asked == count else { continue }
        for _ in 0..<2 * count { keystore.agree() }
      }
      try await group.waitForAll()
    }
  }

  @MainActor
  func testNothingThatTheMainActorAsksForIsDoneOnItsThread() async throws {
    let keeper = DoubleKeeper()
    let vault = try await Vault.create(
      in: .memory(), name: "Ana", unlock: key(1), second: .noneDataWillBeLost, settings: VaultSettings(keeper: keeper)
    ).vault
    let chart = try await vault.createChart()
    let before = keeper.onMain.count
    // The keeper is called by one of so many.
    for number in 0..<65 { try await chart.put(note("note \(number)")) }
    XCTAssertGreaterThan(keeper.onMain.count, before)
    await vault.lock()
    XCTAssertFalse(keeper.onMain.contains(true))
    XCTAssertTrue(Thread.isMainThread)
  }

  func testH56AKeeperThatThrowsIsATypedErrorThatTellsNothing() async throws {
    let keeper = DoubleKeeper()
    let made = try await Vault.create(
      in: .memory(), name: "Ana", unlock: key(1), second: .noneDataWillBeLost, settings: VaultSettings(keeper: keeper))
    let freshness = try await made.vault.freshness
    XCTAssertEqual(freshness, .anchored)
    for failure: any Error in [HookError.Unavailable, Secret()] {
      keeper.fail(failure)
      await made.vault.lock()
      let error = await fails(Code.keeperUnavailable) { try await made.vault.unlock(key(1)) }
      XCTAssertFalse("\(String(describing: error))".contains("secret"))
    }
    keeper.fail(nil)
    try await made.vault.unlock(key(1))
  }
}
