import Foundation

extension VaultError {
  /// What happened, and what to do. It holds nothing of a patient, no name and no key.
  public var reason: String { text() }
}

/// The path of a file's address. Another address has one, too, that leads to some other file.
func path(_ file: URL) throws -> String {
  guard file.isFileURL else {
    throw VaultError.NotAFile(reason: "the address is not that of a file; give one that begins with file:")
  }
  return file.path
}
