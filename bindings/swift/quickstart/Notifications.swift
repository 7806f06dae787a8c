// What stands around the two blocks on notifications in docs/START-MOBILE.md, so that they are run as they stand there.

import Ampoule
import Foundation

/// In the place of the Secure Enclave, which is on Apple's systems only.
final class SecureEnclaveKey: DeviceKey, Sendable {
  private static let keys = Keys()
  private let tag: String

  init(tag: String) {
    self.tag = tag
  }

  func wrap(key: Data) -> Data {
    Self.keys.keep(key, for: tag)
  }

  func unwrap(wrapped: Data) throws -> Data {
    guard let key = Self.keys.get(wrapped) else { throw HookError.Refused }
    return key
  }
}

/// What the keystore has wrapped.
final class Keys: @unchecked Sendable {
  private let lock = NSLock()
  private var all: [Data: Data] = [:]

  func keep(_ key: Data, for tag: String) -> Data {
    let wrapped = Data("\(tag) \(UUID())".utf8)
    lock.withLock { all[wrapped] = key }
    return wrapped
  }

  func get(_ wrapped: Data) -> Data? {
    lock.withLock { all[wrapped] }
  }
}

/// In the place of what an extension is given to fill in.
final class Content {
  var title = ""
  var body = ""
}

func app(_ vault: Vault, _ thread: MessageThread, _ group: URL) async throws {
  // BLOCK
}

func fill(_ content: Content, _ notice: Data, _ group: URL) async throws {
  // BLOCK
}

@main
struct QuickStart {
  static func main() async throws {
    let folder = URL(fileURLWithPath: CommandLine.arguments[1], isDirectory: true)
    var key = Data(repeating: 1, count: 32)
    let way = try Unlock.deviceKey(&key)
    let vault = try await Vault.create(
      in: .memory(), name: "Dr. Lee", unlock: way, second: .noneDataWillBeLost
    ).vault
    let thread = try await vault.createChart().startThread("Knee pain")
    try await app(vault, thread, folder)
    let notice = try await thread.notice(thread.send("It is not broken."))
    await vault.lock()
    let content = Content()
    try await fill(content, notice, folder)
    print("\(content.title): \(content.body)")
  }
}
