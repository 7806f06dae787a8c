/// Somebody whose card is held. A handle: its calls fail while the vault is locked.
public final class Contact: Sendable {
  let ffi: ContactHandle

  init(_ ffi: ContactHandle) {
    self.ffi = ffi
  }

  /// Id of the contact in this vault.
  public var id: ContactId { ffi.id() }

  /// Name on the card.
  public var name: String {
    get async throws { try await blocking { try self.ffi.name() } }
  }

  /// Person, service, team or organisation.
  public var kind: MemberKind {
    get async throws { try await blocking { try self.ffi.kind() } }
  }

  /// How far the card can be relied on.
  public var status: ContactStatus {
    get async throws { try await blocking { try self.ffi.status() } }
  }

  /// What two people compare, by telephone or face to face.
  public var fingerprint: Fingerprint {
    get async throws { try await blocking { try self.ffi.fingerprint() } }
  }

  /// Whose name this contact's name looks like. Empty where there is no danger of confusion.
  public var imitates: [Imitated] {
    get async throws { try await blocking { try self.ffi.imitates() } }
  }

  /// Whether charts may be shared with the contact now.
  public var isVerified: Bool {
    get async throws { try await blocking { try self.ffi.isVerified() } }
  }

  /// The organisation that vouches for the contact now, if one does.
  public var verifiedThrough: Contact? {
    get async throws { try await blocking { try self.ffi.verifiedThrough().map(Contact.init) } }
  }

  /// The contact's id in the directory of the organisation that vouches for it now.
  public var directoryId: DirectoryId? {
    get async throws { try await blocking { try self.ffi.directoryId() } }
  }

  /// Compares what the other person read out, digits or words, with the card that is held.
  public func verify(_ fingerprint: String) async throws {
    try await blocking { try self.ffi.verify(fingerprint: fingerprint) }
  }

  /// Takes a comparison back.
  public func distrust() async throws {
    try await blocking { try self.ffi.distrust() }
  }
}
