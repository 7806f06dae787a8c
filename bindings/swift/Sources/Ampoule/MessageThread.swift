import Foundation

/// Messages that are read at once.
private let page: UInt32 = 50

/// A conversation in a chart. A handle: its calls fail while the vault is locked.
public final class MessageThread: Sendable {
  let ffi: ThreadHandle

  init(_ ffi: ThreadHandle) {
    self.ffi = ffi
  }

  /// The entry that opens the thread.
  public var id: EntryId { ffi.id() }

  /// Sends a message: seals it, signs it, and stores it. Others get it by the next bundle.
  @discardableResult
  public func send(_ message: NewMessage) async throws -> EntryId {
    try await blocking { try self.ffi.send(message: message) }
  }

  /// Sends a text.
  @discardableResult
  public func send(_ text: String) async throws -> EntryId {
    try await send(NewMessage(text: text))
  }

  /// As `send(_:)`, once for each key: a repeated request gives the message of the first.
  public func sendOnce(key: String, _ message: NewMessage) async throws -> EntryId {
    try await blocking { try self.ffi.sendOnce(key: key, message: message) }
  }

  /// Changes a message of one's own: text and attachments, not what it answers.
  @discardableResult
  public func edit(_ id: EntryId, _ message: NewMessage) async throws -> VersionId {
    try await blocking { try self.ffi.edit(id: id, message: message) }
  }

  /// Deletes a message of one's own.
  @discardableResult
  public func delete(_ id: EntryId) async throws -> VersionId {
    try await blocking { try self.ffi.delete(id: id) }
  }

  /// Reacts to a message, with an emoji or a short text of up to 64 bytes.
  public func react(to id: EntryId, _ symbol: String) async throws {
    try await blocking { try self.ffi.react(id: id, symbol: symbol) }
  }

  /// Takes a reaction back.
  public func takeBack(_ symbol: String, from id: EntryId) async throws {
    try await blocking { try self.ffi.takeBack(id: id, symbol: symbol) }
  }

  /// Tells the others that all up to this message has come, or was read. Says whether it was told.
  @discardableResult
  public func acknowledge(upTo message: EntryId, _ receipt: Receipt) async throws -> Bool {
    try await blocking { try self.ffi.acknowledge(upTo: message, receipt: receipt) }
  }

  /// A message as it is sealed, for a push: about 1.3 kB for a short one. It is for ``openPreview(_:previewKeys:deviceKey:)``; the
  /// message itself comes to the others by the next bundle.
  public func notice(_ message: EntryId) async throws -> Data {
    try await blocking { try self.ffi.notice(message: message) }
  }

  /// The last messages, up to so many and to 1000, in order.
  public func last(_ most: UInt32) async throws -> [MessageResult] {
    try await blocking { try self.ffi.last(most: most) }
  }

  /// The messages before one of this thread, likewise.
  public func before(_ message: EntryId, _ most: UInt32) async throws -> [MessageResult] {
    try await blocking { try self.ffi.before(message: message, most: most) }
  }

  /// All messages, the newest first, a page at a time. A page that has none which opens is the last.
  public var newestFirst: Listing<MessageResult> {
    Listing { try await self.links(self.last(page)) }
  }

  private func links(_ messages: [MessageResult]) async throws -> Link<MessageResult>? {
    let oldest = messages.lazy.compactMap { result -> EntryId? in
      if case .opened(let message) = result { message.id } else { nil }
    }.first
    let earlier: @Sendable () async throws -> Link<MessageResult>? = {
      guard let oldest else { return nil }
      return try await self.links(self.before(oldest, page))
    }
    return try await Link.each(messages.reversed()[...], { $0 }, then: earlier)
  }
}
