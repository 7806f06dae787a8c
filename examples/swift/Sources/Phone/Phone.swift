// The phone of a patient: it opens its vault, takes in a chart that the clinic sends, adds how she feels and a photo, and sends
// that back. The clinic is a vault in a folder of its own; between the two there are only files that a courier could carry.

import Ampoule
import Foundation

@main
struct Main {
  static func main() async {
    guard CommandLine.arguments.count == 2 else {
      complain("usage: Phone FOLDER\nThe folder is made if it is missing, and should be empty.")
      exit(2)
    }
    do {
      try await run(in: URL(fileURLWithPath: CommandLine.arguments[1], isDirectory: true))
    } catch let error as VaultError {
      complain("error \(error.code()): \(error.reason)")
      exit(1)
    } catch {
      complain(error.localizedDescription)
      exit(1)
    }
  }
}

private func complain(_ text: String) {
  FileHandle.standardError.write(Data((text + "\n").utf8))
}

private func run(in folder: URL) async throws {
  let couriers = folder.appendingPathComponent("couriers")
  try FileManager.default.createDirectory(at: couriers, withIntermediateDirectories: true)
  let clinicVault = try await Clinic.makeVault(in: folder)
  let phoneVault = try await Phone.makeVault(in: folder)

  // Once, face to face: both take the other's card, and read the fingerprint from the other's screen.
  let clinic = Clinic(
    vault: clinicVault.vault, chart: clinicVault.chart,
    patient: try await meet(clinicVault.vault, phoneVault))
  let phone = Phone(vault: phoneVault, clinic: try await meet(phoneVault, clinicVault.vault))
  print("phone: \(try await phone.clinic.name) is who they say, the fingerprint is right")

  try await clinic.send(by: couriers)
  let chart = try await phone.receive(from: couriers)
  try await phone.addSymptomAndPhoto(to: chart, folder)
  try await phone.send(chart, by: couriers)
  try await clinic.receive(from: couriers)

  await clinic.vault.lock()
  await phone.vault.lock()
}

/// Takes the other's card, and compares its fingerprint with what the other's screen shows.
private func meet(_ vault: Vault, _ other: Vault) async throws -> Contact {
  let contact = try await vault.addContact(other.card)
  try await contact.verify(other.fingerprint.digits)
  return contact
}

/// What the patient has.
private struct Phone {
  let vault: Vault
  let clinic: Contact

  static func makeVault(in folder: URL) async throws -> Vault {
    // On an iPhone `SecureEnclaveKey`: its key never leaves the phone. Here it ends with the program.
    let keystore = Keystore()
    let made = try await Vault.create(
      in: .sqlite(folder.appendingPathComponent("phone.db")), name: "Ana Sousa",
      unlock: .keystore(keystore, file: folder.appendingPathComponent("phone.key")),
      second: .recoveryCode,
      settings: VaultSettings(
        checkpointPath: folder.appendingPathComponent("phone.checkpoint").path))
    var words = made.recoveryWords() ?? Data()
    let count = words.split { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\n") }.count
    words.resetBytes(in: 0..<words.count)
    print("phone: a vault is made, with \(count) words to be written down")
    return made.vault
  }

  func receive(from couriers: URL) async throws -> Chart {
    let bundle = try Data(contentsOf: couriers.appendingPathComponent("to-patient.bundle"))
    let chart = try await vault.chart(vault.importBundle(bundle).chart)
    for try await entry in chart.entries() {
      print("phone: \(String(decoding: entry.content, as: UTF8.self)), signed by \(entry.author)")
    }
    return chart
  }

  func addSymptomAndPhoto(to chart: Chart, _ folder: URL) async throws {
    let text = "Itching since Tuesday, worse at night"
    let terms = RecordTerms(kind: "Observation", text: text)
    try await chart.put(
      NewRecord(mediaType: "text/plain", content: Data(text.utf8), name: "Symptom", terms: terms))
    // The camera's file. What is sealed is read from here; delete it when it is.
    let photo = folder.appendingPathComponent("camera.jpg")
    try Data(count: 300_000).write(to: photo)
    for try await step in chart.puttingFile(
      NewFile(mediaType: "image/jpeg", name: "rash.jpg"), from: photo)
    {
      if case .done = step { print("phone: the photo is sealed") }
    }
    try FileManager.default.removeItem(at: photo)
  }

  func send(_ chart: Chart, by couriers: URL) async throws {
    try await chart.exportBundle(to: clinic).write(
      to: couriers.appendingPathComponent("to-clinic.bundle"))
    // A bundle says what a file is; the content follows by itself, sealed.
    for file in try await chart.list(.file).entries {
      try await chart.exportContent(
        file.version, to: couriers.appendingPathComponent("\(file.version).sealed"))
    }
  }
}

/// What the clinic has, as far as the example needs it.
private struct Clinic {
  let vault: Vault
  let chart: Chart
  let patient: Contact

  static func makeVault(in folder: URL) async throws -> (vault: Vault, chart: Chart) {
    var key = Data(repeating: 1, count: 32)
    let made = try await Vault.create(
      in: .sqlite(folder.appendingPathComponent("clinic.db")), name: "Riverside Clinic",
      unlock: .deviceKey(&key),
      second: .noneDataWillBeLost)
    let chart = try await made.vault.createChart()
    let text = "Blood pressure 120/80"
    let terms = RecordTerms(kind: "Observation", text: text)
    try await chart.put(NewRecord(mediaType: "text/plain", content: Data(text.utf8), terms: terms))
    return (made.vault, chart)
  }

  func send(by couriers: URL) async throws {
    try await chart.share(with: patient, GrantOptions(rights: .write, purpose: .patientRequest))
    try await chart.exportBundle(to: patient).write(
      to: couriers.appendingPathComponent("to-patient.bundle"))
  }

  func receive(from couriers: URL) async throws {
    let bundle = try Data(contentsOf: couriers.appendingPathComponent("to-clinic.bundle"))
    let applied = try await vault.importBundle(bundle)
    print("clinic: \(applied.added) new entries")
    for version in applied.missingBlobs {
      try await chart.importContent(
        version, from: couriers.appendingPathComponent("\(version).sealed"))
    }
    for try await entry in chart.entries(Search(words: "itching")) {
      let text = String(decoding: entry.content, as: UTF8.self)
      print("clinic: \(entry.name ?? ""): \(text), signed by \(entry.author)")
    }
    for found in try await chart.list(.file).entries {
      let file = try await chart.file(found.id)
      print("clinic: \(file.entry.name ?? ""), \(file.length) bytes")
    }
    guard try await vault.verify().findings.isEmpty else { throw CocoaError(.fileReadCorruptFile) }
    print("clinic: all of it verifies")
  }
}

/// Stands for the phone's keystore: keeps what it wrapped, and gives a number for it.
private final class Keystore: DeviceKey, @unchecked Sendable {
  private let lock = NSLock()
  private var keys: [Data: Data] = [:]

  func wrap(key: Data) -> Data {
    let wrapped = Data(UUID().uuidString.utf8)
    lock.withLock { keys[wrapped] = key }
    return wrapped
  }

  func unwrap(wrapped: Data) throws -> Data {
    guard let key = lock.withLock({ keys[wrapped] }) else { throw HookError.Refused }
    return key
  }
}
