import Foundation

/// A way into a vault: one factor, or several that are required together. What it holds is in the library's memory, and wiped
/// with it; a vault that is open stays open.
public final class Unlock: Sendable {
  let ffi: UnlockHandle

  private init(_ ffi: UnlockHandle) {
    self.ffi = ffi
  }

  /// 32 random bytes that the platform's keystore has wrapped, in a file that is made when it is missing. The file is of no use
  /// without the keystore. Keystores lose keys: never let this be the only way in.
  public static func keystore(_ keystore: any DeviceKey, file: URL) async throws -> Unlock {
    let path = try path(file)
    return try await lasting {
      if !FileManager.default.fileExists(atPath: path) {
        try keep(try newWrappedKey(keystore: keystore), at: path)
      }
      guard let wrapped = FileManager.default.contents(atPath: path) else {
        throw VaultError.CannotRead(reason: "the file of the wrapped key cannot be read; use another way in")
      }
      return Unlock(try UnlockHandle.keystore(keystore: keystore, wrapped: wrapped))
    }
  }

  /// 32 random bytes. They are wiped.
  public static func deviceKey(_ key: inout Data) throws -> Unlock {
    try of(&key, UnlockHandle.deviceKey)
  }

  /// A passphrase, in UTF-8, which is wiped. A weak one is refused when a vault is created or the way is added.
  public static func passphrase(_ passphrase: inout Data) throws -> Unlock {
    try of(&passphrase, UnlockHandle.passphrase)
  }

  /// The 24 words of a recovery code, in UTF-8, as they were typed. They are wiped.
  public static func recoveryWords(_ words: inout Data) throws -> Unlock {
    try of(&words, UnlockHandle.recoveryWords)
  }

  /// Requires both: neither opens the vault alone.
  public func and(_ other: Unlock) -> Unlock {
    Unlock(ffi.and(other: other.ffi))
  }

  /// Wipes what it holds, before the last reference to it goes.
  public func wipe() {
    ffi.wipe()
  }

  private static func of(_ secret: inout Data, _ make: (Data) throws -> UnlockHandle) throws -> Unlock {
    defer { secret.resetBytes(in: secret.startIndex..<secret.endIndex) }
    return Unlock(try make(secret))
  }
}

/// Writes a file whole: it is there, on disk, or not at all.
private func keep(_ bytes: Data, at path: String) throws {
  let new = path + ".new"
  do {
    guard FileManager.default.createFile(atPath: new, contents: nil) else { throw CocoaError(.fileWriteUnknown) }
    let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: new))
    try handle.write(contentsOf: bytes)
    try handle.synchronize()
    try handle.close()
    try FileManager.default.moveItem(atPath: new, toPath: path)
    #if canImport(Darwin)
      // On another phone its keystore would not open it.
      var file = URL(fileURLWithPath: path)
      var values = URLResourceValues()
      values.isExcludedFromBackup = true
      try file.setResourceValues(values)
    #endif
  } catch {
    throw VaultError.CannotWrite(
      reason: "the file of the wrapped key cannot be written; look at its folder and the space on disk")
  }
}

/// The second way into a new vault: so nobody locks himself out by accident.
public enum SecondWay: Sendable {
  /// A recovery code is drawn and returned once, to be printed.
  case recoveryCode
  /// Another way in, which works without the first.
  case also(Unlock)
  /// No second way. When the only way in is lost, all data is.
  case noneDataWillBeLost

  var ffi: SecondWayHandle {
    switch self {
    case .recoveryCode: .recoveryCode
    case .also(let unlock): .also(unlock: unlock.ffi)
    case .noneDataWillBeLost: .noneDataWillBeLost
    }
  }
}
