import Ampoule
import Foundation
import XCTest

/// A keystore in memory: what it wrapped opens by a number, and is gone with it.
final class DoubleKeystore: DeviceKey, @unchecked Sendable {
  private let lock = NSLock()
  private var keys: [Data: Data] = [:]
  private var failing: (any Error)?

  /// What it throws from now on instead of working.
  func fail(_ error: (any Error)?) {
    lock.withLock { failing = error }
  }

  func wrap(key: Data) throws -> Data {
    try lock.withLock {
      if let failing { throw failing }
      let wrapped = Data("wrapped-\(UUID())".utf8)
      keys[wrapped] = key
      return wrapped
    }
  }

  func unwrap(wrapped: Data) throws -> Data {
    try lock.withLock {
      if let failing { throw failing }
      guard let key = keys[wrapped] else { throw HookError.Refused }
      return key
    }
  }
}

/// A keeper of checkpoints in memory.
final class DoubleKeeper: CheckpointKeeper, @unchecked Sendable {
  private let lock = NSLock()
  private var kept: Data?
  private var failing: (any Error)?
  private var threads: [Bool] = []

  /// For each checkpoint that was saved, whether that was on the main thread.
  var onMain: [Bool] { lock.withLock { threads } }

  /// What it throws from now on instead of working.
  func fail(_ error: (any Error)?) {
    lock.withLock { failing = error }
  }

  func load() throws -> Data? {
    try lock.withLock {
      if let failing { throw failing }
      return kept
    }
  }

  func save(checkpoint: Data) throws {
    try lock.withLock {
      if let failing { throw failing }
      kept = checkpoint
      threads.append(Thread.isMainThread)
    }
  }
}

/// A keystore that asks a person each time, who takes a while.
final class AskingKeystore: DeviceKey, @unchecked Sendable {
  /// One for each question.
  let asked: AsyncStream<Void>
  private let ask: AsyncStream<Void>.Continuation
  private let answer = DispatchSemaphore(value: 0)

  init() {
    (asked, ask) = AsyncStream.makeStream(of: Void.self)
  }

  /// The person says yes to one question.
  func agree() {
    answer.signal()
  }

  func wrap(key: Data) throws -> Data {
    try wait()
    return key
  }

  func unwrap(wrapped: Data) throws -> Data {
    try wait()
    return wrapped
  }

  private func wait() throws {
    ask.yield()
    // So that the test fails, and does not hang, where nobody can answer.
    guard answer.wait(timeout: .now() + 30) == .success else {
      ask.finish()
      throw HookError.Refused
    }
  }
}

/// An error of the application, with what it must not tell.
struct Secret: Error, CustomStringConvertible {
  let description = "secret"
}

/// A device key of 32 equal bytes.
func key(_ byte: UInt8) throws -> Unlock {
  var bytes = Data(repeating: byte, count: 32)
  return try Unlock.deviceKey(&bytes)
}

func passphrase() throws -> Unlock {
  var bytes = Data("ruby mango 47 tractor".utf8)
  return try Unlock.passphrase(&bytes)
}

/// A vault in memory.
func vault(_ name: String = "Ana", _ byte: UInt8 = 1) async throws -> Vault {
  try await Vault.create(in: .memory(), name: name, unlock: key(byte), second: .noneDataWillBeLost).vault
}

/// A note that is found by its words.
func note(_ text: String, label: Label? = nil) -> NewRecord {
  NewRecord(
    mediaType: "text/plain", content: Data(text.utf8), label: label, terms: RecordTerms(kind: "Note", text: text))
}

/// Bytes that differ from place to place.
func content(_ size: Int) -> Data {
  Data((0..<size).map { UInt8($0 % 251) })
}

let photo = NewFile(
  mediaType: "image/jpeg", name: "knee.jpg", preview: Preview(mediaType: "image/jpeg", content: Data([1, 2])))

/// Two vaults whose owners have compared their fingerprints: each as the contact of the other.
struct Pair {
  let clinic: Vault
  let ana: Vault
  let toAna: Contact
  let toClinic: Contact

  init() async throws {
    clinic = try await vault("Riverside Clinic", 1)
    ana = try await vault("Ana", 2)
    toAna = try await clinic.addContact(ana.card)
    toClinic = try await ana.addContact(clinic.card)
    try await toAna.verify(ana.fingerprint.digits)
    try await toClinic.verify(clinic.fingerprint.words)
  }
}

/// A test with a folder of its own.
class FolderTest: XCTestCase {
  private(set) var folder = URL(fileURLWithPath: "/")

  override func setUpWithError() throws {
    folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
  }

  override func tearDownWithError() throws {
    // A store that is closing just now takes files away meanwhile, which is an error to who removes a folder of them.
    for _ in 0..<1000 where FileManager.default.fileExists(atPath: folder.path) {
      try? FileManager.default.removeItem(at: folder)
    }
    XCTAssertFalse(FileManager.default.fileExists(atPath: folder.path))
  }

  func file(_ name: String) -> URL {
    folder.appendingPathComponent(name)
  }
}

/// Requires that a call fails with the error of this number, and returns it.
@discardableResult
func fails<Value>(
  _ code: UInt32, line: UInt = #line, file: StaticString = #filePath, _ call: () async throws -> Value
) async -> VaultError? {
  do {
    _ = try await call()
    XCTFail("it succeeded", file: file, line: line)
  } catch let error as VaultError {
    XCTAssertEqual(error.code(), code, error.reason, file: file, line: line)
    return error
  } catch {
    XCTFail("\(error)", file: file, line: line)
  }
  return nil
}

extension AsyncSequence {
  /// All of it.
  func all() async throws -> [Element] {
    try await reduce(into: []) { $0.append($1) }
  }
}
