import Foundation

/// Bytes that are read at once, where all is read.
private let piece: UInt32 = 256 * 1024

/// A file that is being written. Let go of before ``finish()``, nothing is left of it.
public final class FileWriter: Sendable {
  private let ffi: FileWriterHandle

  init(_ ffi: FileWriterHandle) {
    self.ffi = ffi
  }

  /// How many bytes were taken.
  public var length: UInt64 { ffi.length() }

  /// Takes the next bytes, without a copy. Where it fails, the file is given up.
  public func update(_ content: Data) async throws {
    try await blocking { try self.ffi.update(content: content) }
  }

  /// Makes the content durable, then stores the entry of the file.
  public func finish() async throws -> WrittenFile {
    try await lasting { try self.ffi.finish() }
  }

  /// Gives the file up: nothing is left of it.
  public func discard() async {
    await always { self.ffi.discard() }
  }
}

/// A version of a file, to be read at any place. Every byte is verified before it is released.
public final class FileReader: Sendable {
  private let ffi: FileReaderHandle

  init(_ ffi: FileReaderHandle) {
    self.ffi = ffi
  }

  /// The version that is read: name, media type, author and the rest.
  public var entry: Entry { ffi.entry() }

  /// Length of the content, in bytes, as the author signed it.
  public var length: UInt64 { ffi.length() }

  /// The bytes from `offset` on, `length` of them or as many as there are.
  public func read(at offset: UInt64, _ length: UInt32) async throws -> Data {
    try await blocking { try self.ffi.readAt(offset: offset, len: length).taken() }
  }

  /// The whole content in pieces. Large files go faster by ``export(to:)``.
  public var pieces: Listing<Data> {
    Listing { try await self.link(from: 0) }
  }

  private func link(from offset: UInt64) async throws -> Link<Data>? {
    let bytes = try await read(at: offset, piece)
    return bytes.isEmpty ? nil : Link(element: bytes) { try await self.link(from: offset + UInt64(bytes.count)) }
  }

  /// Writes the whole content to a file: there only when its end was verified and it is on disk.
  public func export(to file: URL) async throws {
    let path = try path(file)
    try await following { try self.ffi.exportTo(path: path, listener: nil, cancel: $0) }
  }

  /// As ``export(to:)``, telling how many bytes were written.
  public func exporting(to file: URL) -> Work<Void> {
    Work { try self.ffi.exportTo(path: path(file), listener: $0, cancel: $1) }
  }
}

/// The sealed content of a version of a file. Whoever carries it can neither read nor alter it.
public final class SealedContent: Sendable {
  private let ffi: SealedContentHandle

  init(_ ffi: SealedContentHandle) {
    self.ffi = ffi
  }

  /// How many bytes there are to send.
  public var total: UInt64 { ffi.total() }

  /// The sealed bytes from `offset` on, up to `length` of them; none at the end.
  public func read(at offset: UInt64, _ length: UInt32) async throws -> Data {
    try await blocking { try self.ffi.readAt(offset: offset, len: length).taken() }
  }
}

/// A content that is coming in. Let go of before ``finish()``, what came stays for some days.
public final class ContentReceiver: Sendable {
  private let ffi: ContentReceiverHandle

  init(_ ffi: ContentReceiverHandle) {
    self.ffi = ffi
  }

  /// From which byte of the sealed content the next are wanted.
  public var offset: UInt64 { ffi.offset() }

  /// How many bytes the sealed content has.
  public var total: UInt64 { ffi.total() }

  /// Takes the next bytes. Where they are not those of the author's file it is `DamagedContent`; what came before stays.
  public func update(_ sealed: Data) async throws {
    try await blocking { try self.ffi.update(sealed: sealed) }
  }

  /// Checks that all is there and is the author's. When this returns it is durable, and can be read.
  public func finish() async throws {
    try await lasting { try self.ffi.finish() }
  }

  /// Removes what came.
  public func discard() async throws {
    try await blocking { try self.ffi.discard() }
  }
}
