import Foundation

extension Chart {
  /// Seals a file of any length. On disk when this returns; when it fails or is cancelled, nothing is left.
  @discardableResult
  public func putFile(_ file: NewFile, from source: URL) async throws -> EntryId {
    let path = try path(source)
    return try await following { try self.ffi.putFile(file: file, path: path, listener: nil, cancel: $0) }
  }

  /// As ``putFile(_:from:)``, telling how many bytes were taken.
  public func puttingFile(_ file: NewFile, from source: URL) -> Work<EntryId> {
    Work { try self.ffi.putFile(file: file, path: path(source), listener: $0, cancel: $1) }
  }

  /// As ``putFile(_:from:)``, once for each key: a repeated request gives the entry of the first, and reads nothing.
  public func putFileOnce(key: String, _ file: NewFile, from source: URL) async throws -> EntryId {
    let path = try path(source)
    return try await following { try self.ffi.putFileOnce(key: key, file: file, path: path, listener: nil, cancel: $0) }
  }

  /// Adds a version of a file.
  @discardableResult
  public func updateFile(_ entry: EntryId, _ file: NewFile, from source: URL) async throws -> VersionId {
    let path = try path(source)
    return try await following {
      try self.ffi.updateFile(entry: entry, file: file, path: path, listener: nil, cancel: $0)
    }
  }

  /// Begins a file whose bytes the caller pushes, or a version of one that is there.
  public func createFile(_ file: NewFile, versionOf entry: EntryId? = nil) async throws -> FileWriter {
    try await blocking {
      guard let entry else { return FileWriter(try self.ffi.createFile(file: file)) }
      return FileWriter(try self.ffi.createFileVersion(entry: entry, file: file))
    }
  }

  /// The current version of a file, to be read at any place.
  public func file(_ entry: EntryId) async throws -> FileReader {
    try await blocking { FileReader(try self.ffi.file(entry: entry)) }
  }

  /// One version of a file, current or not.
  public func fileVersion(_ version: VersionId) async throws -> FileReader {
    try await blocking { FileReader(try self.ffi.fileVersion(version: version)) }
  }

  /// The small picture of the current version of a file, if its author gave one.
  public func preview(_ entry: EntryId) async throws -> Preview? {
    try await blocking { try self.ffi.preview(entry: entry) }
  }

  /// The small picture of one version of a file.
  public func previewVersion(_ version: VersionId) async throws -> Preview? {
    try await blocking { try self.ffi.previewVersion(version: version) }
  }

  /// Versions of files that are described here and whose content is not here.
  public var missingContent: [VersionId] {
    get async throws { try await lasting { try self.ffi.missingContent() } }
  }

  /// Writes the content of a version of a file, as it is sealed, to a new file: for who has the chart by a bundle.
  public func exportContent(_ version: VersionId, to file: URL) async throws {
    let path = try path(file)
    try await following { try self.ffi.exportContent(version: version, path: path, listener: nil, cancel: $0) }
  }

  /// Takes in the content of a version of a file from what ``exportContent(_:to:)`` wrote: all of it, or nothing.
  public func importContent(_ version: VersionId, from file: URL) async throws {
    let path = try path(file)
    try await following { try self.ffi.importContent(version: version, path: path, listener: nil, cancel: $0) }
  }

  /// The content of a version of a file as it is sealed, to be sent from any place on.
  public func sealedContent(_ version: VersionId) async throws -> SealedContent {
    try await blocking { SealedContent(try self.ffi.sealedContent(version: version)) }
  }

  /// Begins to take in the content of a version of a file, or goes on where that ended before.
  public func receiveContent(_ version: VersionId) async throws -> ContentReceiver {
    try await blocking { ContentReceiver(try self.ffi.receiveContent(version: version)) }
  }
}
