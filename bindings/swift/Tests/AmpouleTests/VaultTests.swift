import Ampoule
import Foundation
import XCTest

final class VaultTests: FolderTest {
  func testAVaultOpensByTheKeystoreThePassphraseAndTheCodeOnPaper() async throws {
    let (keystore, wrapped) = (DoubleKeystore(), file("device-key"))
    let store = try await Store.sqlite(file("vault.db"))
    let made = try await Vault.create(
      in: store, name: "Ana", unlock: .keystore(keystore, file: wrapped))
    var words = try XCTUnwrap(made.recoveryWords())
    let id = try await made.vault.createChart().put(note("Blood pressure 120/80"))
    try await made.vault.addWay(passphrase())
    await made.vault.lock()

    let ways = [try await Unlock.keystore(keystore, file: wrapped), try passphrase(), try Unlock.recoveryWords(&words)]
    for way in ways {
      let text = try await withVault(store, unlock: way) { vault in
        let chart = try await vault.charts.all()[0]
        return try await chart.get(id).content
      }
      XCTAssertEqual(text, Data("Blood pressure 120/80".utf8))
    }
    await fails(Code.wayFailed) { try await Vault.open(store, unlock: key(9)) }
  }

  func testWithVaultLocksWhateverHappens() async throws {
    let store = Store.memory()
    let made = try await Vault.create(in: store, name: "Ana", unlock: key(1), second: .noneDataWillBeLost)
    await made.vault.lock()
    let kept = try await withVault(store, unlock: key(1)) { $0 }
    let isLocked = await kept.isLocked
    XCTAssertTrue(isLocked)
    var lent: Vault?
    do {
      try await withVault(store, unlock: key(1)) { vault in
        lent = vault
        throw Secret()
      }
      XCTFail("what is thrown goes through")
    } catch is Secret {
      await fails(Code.locked) { try await XCTUnwrap(lent).createChart() }
    }
  }

  func testAKeystoreThatFailsIsATypedErrorAndWhatItThrewStaysWhereItWas() async throws {
    let keystore = DoubleKeystore()
    _ = try await Unlock.keystore(keystore, file: file("key"))
    for failure: any Error in [HookError.Refused, Secret()] {
      keystore.fail(failure)
      let error = await fails(83) { try await Unlock.keystore(keystore, file: self.file("key")) }
      XCTAssertFalse("\(String(describing: error))".contains("secret"))
      await fails(83) { try await Unlock.keystore(keystore, file: self.file("other")) }
      XCTAssertFalse(FileManager.default.fileExists(atPath: file("other").path))
    }
    keystore.fail(nil)
    for bad in [Data(), Data("wrapped-another".utf8)] {
      try bad.write(to: file("key"))
      await fails(83) { try await Unlock.keystore(keystore, file: self.file("key")) }
    }
    await fails(Code.cannotWrite) { try await Unlock.keystore(keystore, file: self.file("absent/key")) }
  }

  func testSecretsAreWipedWhereTheyLie() throws {
    var (bytes, words) = (Data(repeating: 7, count: 32), Data("ruby mango 47 tractor".utf8))
    _ = try Unlock.deviceKey(&bytes)
    _ = try Unlock.passphrase(&words)
    XCTAssertEqual(bytes, Data(count: 32))
    XCTAssertEqual(words, Data(count: 21))
    // A part of a larger array is taken and wiped from where it begins; what is not taken is wiped, too.
    var part = Data(repeating: 7, count: 64)[16..<47]
    XCTAssertThrowsError(try Unlock.deviceKey(&part)) { XCTAssertEqual(($0 as? VaultError)?.code(), 81) }
    XCTAssertEqual(Data(part), Data(count: 31))
  }

  func testBothFactorsAreNeededWhereBothWereAskedFor() async throws {
    let store = Store.memory()
    let both = try key(1).and(passphrase())
    let made = try await Vault.create(in: store, name: "Ana", unlock: both, second: .also(key(2)))
    await made.vault.lock()
    await fails(Code.wayFailed) { try await Vault.open(store, unlock: key(1)) }
    await fails(Code.wayFailed) { try await Vault.open(store, unlock: passphrase()) }
    try await withVault(store, unlock: passphrase().and(key(1))) { _ in }
    try await withVault(store, unlock: key(2)) { _ in }
    let wiped = try key(2)
    wiped.wipe()
    await fails(82) { try await Vault.open(store, unlock: wiped) }
  }

  func testACheckpointInAFileAnchorsTheVaultAndAStoreThatWasPutBackShows() async throws {
    let settings = VaultSettings(checkpointPath: file("checkpoint").path)
    let store = try await Store.sqlite(file("vault.db"))
    let made = try await Vault.create(
      in: store, name: "Ana", unlock: key(1), second: .noneDataWillBeLost, settings: settings)
    await made.vault.lock()
    // The journal first, if there is one: where it goes meanwhile, all that it held is in the file.
    try? FileManager.default.copyItem(at: file("vault.db-wal"), to: file("old.db-wal"))
    try FileManager.default.copyItem(at: file("vault.db"), to: file("old.db"))
    try await withVault(store, unlock: key(1), settings: settings) { vault in
      let freshness = try await vault.freshness
      XCTAssertEqual(freshness, .anchored)
      _ = try await vault.createChart()
    }
    let copy = try await Vault.open(.sqlite(file("old.db")), unlock: key(1), settings: settings)
    await fails(Code.restoredCopy) { try await copy.createChart() }
    try await copy.adoptRestored(reason: "restored from the backup of Friday")
    _ = try await copy.createChart()
  }

  func testRecordsAreKeptFoundChangedAndDeleted() async throws {
    let chart = try await vault().createChart()
    let ids = try await chart.putAll([note("Blood pressure 120/80"), note("Dizzy in the morning")])
    let once = try await chart.putOnce(key: "import-1", note("Allergic to penicillin"))
    let again = try await chart.putOnce(key: "import-1", note("Allergic to penicillin"))
    XCTAssertEqual(once, again)
    let found = try await chart.find(Search(words: "dizzy"))
    XCTAssertEqual(found.entries.map(\.id), [ids[1]])
    XCTAssertTrue(found.complete)
    let read = try await chart.get(ids[0])
    try await chart.update(from: read, note("Blood pressure 130/85"))
    let texts = try await chart.entries(Search(kind: "Note")).all().map { String(decoding: $0.content, as: UTF8.self) }
    XCTAssertEqual(Set(texts), ["Blood pressure 130/85", "Dizzy in the morning", "Allergic to penicillin"])
    try await chart.delete(ids[1])
    let (history, left) = (try await chart.history(ids[1]), try await chart.list(.record))
    XCTAssertEqual([history.count, left.entries.count], [2, 2])
    await fails(Code.unknownEntry) { try await chart.get(String(repeating: "0", count: 32)) }
  }

  func testAValueIsARecordAsJson() async throws {
    struct Pulse: Codable, Equatable {
      let rate: Int
      let place: String
    }
    let chart = try await vault().createChart()
    let pulse = Pulse(rate: 72, place: "wrist/left")
    let entry = try await chart.get(chart.put(NewRecord(json: pulse, name: "Pulse")))
    XCTAssertEqual(String(decoding: entry.content, as: UTF8.self), #"{"place":"wrist/left","rate":72}"#)
    XCTAssertEqual(try entry.decoded(as: Pulse.self), pulse)
  }

  func testPatientsAreFound() async throws {
    let vault = try await vault()
    let chart = try await vault.createChart()
    let identifier = PatientIdentifier(system: "urn:mrn", value: "17")
    try await chart.describe(PatientInfo(names: ["Ana Müller"], identifiers: [identifier], birthDate: "1970-05-03"))
    let found = try await vault.findPatient(.name(text: "mull", birthDate: "1970"))
    XCTAssertEqual(found.map(\.chart), [chart.id])
    let other = try await vault.findPatient(.identifier(system: "urn:other", value: "17", birthDate: nil))
    XCTAssertTrue(other.isEmpty)
    try await chart.forgetPatient()
    let patient = try await chart.patient
    XCTAssertNil(patient)
  }

  func testAChartIsSharedByBundlesAndTheShareIsTakenBack() async throws {
    let pair = try await Pair()
    let chart = try await pair.clinic.createChart()
    let id = try await chart.put(note("Blood pressure 120/80"))
    let hiv = try await chart.put(note("Negative", label: "hiv"))
    let standing = try await chart.share(
      with: pair.toAna, GrantOptions(rights: .write, labels: ["general"], purpose: .treat))
    XCTAssertEqual(standing, .committed)
    let applied = try await pair.ana.importBundle(chart.exportBundle(to: pair.toAna))
    XCTAssertEqual([applied.added, applied.rejected], [1, 0])
    let copy = try await pair.ana.chart(applied.chart)
    let author = try await copy.get(id).author
    XCTAssertEqual(author, "Riverside Clinic")
    await fails(Code.unknownEntry) { try await copy.get(hiv) }
    let symptom = try await copy.put(note("Dizzy in the morning"))
    let back = try await pair.clinic.importBundle(copy.exportBundle(to: pair.toClinic))
    XCTAssertEqual(back.added, 1)
    let from = try await chart.get(symptom).author
    XCTAssertEqual(from, "Ana")
    try await chart.revoke(from: pair.toAna)
    try await pair.ana.importBundle(chart.exportBundle(to: pair.toAna, since: applied.next))
    await fails(Code.grantEnded) { try await copy.get(id) }
  }

  func testAThreadIsOneConversationForBoth() async throws {
    let pair = try await Pair()
    let chart = try await pair.clinic.createChart()
    try await chart.share(with: pair.toAna, GrantOptions(rights: .write))
    let thread = try await chart.startThread("Knee pain")
    let question = try await thread.send("Does it hurt at night?")
    let copy = try await pair.ana.chart(pair.ana.importBundle(chart.exportBundle(to: pair.toAna)).chart)
    let theirs = try await copy.thread(thread.id)
    let answer = try await theirs.send(NewMessage(text: "Yes", replyTo: question))
    try await theirs.react(to: question, "👍")
    try await theirs.acknowledge(upTo: question, .read)
    try await pair.clinic.importBundle(copy.exportBundle(to: pair.toClinic))
    let messages = try await thread.newestFirst.all().compactMap { result -> Posted? in
      if case .opened(let message) = result { message } else { nil }
    }
    XCTAssertEqual(messages.map(\.id), [answer, question])
    XCTAssertEqual(messages.map(\.text), ["Yes", "Does it hurt at night?"])
    XCTAssertEqual(messages[0].author.known, .verified)
    XCTAssertEqual(messages[1].reactions.map(\.symbol), ["👍"])
    XCTAssertEqual(messages[1].receipts.map(\.receipt), [.read])
    for number in 0..<60 { try await thread.send("m\(number)") }
    let count = try await thread.newestFirst.all().count
    XCTAssertEqual(count, 62)
  }

  func testWhatWasDoneCanBeReadByTheOwnerAndByAnAuditor() async throws {
    let pair = try await Pair()
    let chart = try await pair.clinic.createChart()
    _ = try await chart.get(chart.put(note("a note")))
    let events = try await pair.clinic.audit
    XCTAssertTrue(Set(events.map(\.kind)).isSuperset(of: [.create, .found, .write, .read]))
    let lines = try await pair.clinic.exportAudit(to: file("audit.jsonl"))
    XCTAssertGreaterThanOrEqual(Int(lines), events.count)
    await fails(Code.cannotWrite) { try await pair.clinic.exportAudit(to: self.file("audit.jsonl")) }
    let report = try await pair.ana.readAudit(pair.clinic.exportAudit(of: chart.id, to: pair.toAna))
    let name = try await report.from.name
    XCTAssertEqual([report.chart, name], [chart.id, "Riverside Clinic"])
    let later = try await pair.ana.readAudit(pair.clinic.exportAudit(of: chart.id, to: pair.toAna))
    XCTAssertTrue(later.follows(report) && !report.follows(later))
    guard case .done(let checked) = try await pair.clinic.verifying.all().last else { return XCTFail("it ends") }
    XCTAssertEqual(checked.versions, 1)
    XCTAssertTrue(checked.findings.isEmpty)
  }
}
