import Foundation

extension Vault {
  /// The card to hand to others, so that they can share with this vault.
  public var card: Data {
    get async throws { try await blocking { try self.ffi.card() } }
  }

  /// What others compare with the card that they got.
  public var fingerprint: Fingerprint {
    get async throws { try await blocking { try self.ffi.fingerprint() } }
  }

  /// All contacts.
  public var contacts: [Contact] {
    get async throws { try await blocking { try self.ffi.contacts().map(Contact.init) } }
  }

  /// A contact by its id.
  public func contact(_ id: ContactId) async throws -> Contact {
    try await blocking { Contact(try self.ffi.contact(id: id)) }
  }

  /// Takes somebody's card. Nothing is shared with him before the fingerprint was compared.
  public func addContact(_ card: Data) async throws -> Contact {
    try await blocking { Contact(try self.ffi.addContact(card: card)) }
  }

  /// Takes a new card of a known contact.
  public func replaceContact(_ contact: Contact, _ card: Data) async throws -> Contact {
    try await blocking { Contact(try self.ffi.replaceContact(contact: contact.ffi, card: card)) }
  }

  /// Takes what an organisation says of a contact's card.
  @discardableResult
  public func addCertificate(_ certificate: Data) async throws -> Contact {
    try await blocking { Contact(try self.ffi.addCertificate(certificate: certificate)) }
  }

  /// Takes an organisation's list of the certificates that it has taken back. Returns the organisation.
  @discardableResult
  public func addWithdrawals(_ list: Data) async throws -> Contact {
    try await blocking { Contact(try self.ffi.addWithdrawals(list: list)) }
  }

  /// Signs, as an organisation, that a card belongs to a member of it.
  public func certify(_ card: Data, _ id: DirectoryId, notAfterMs: Int64? = nil) async throws -> Certificate {
    try await blocking { try self.ffi.certify(card: card, id: id, notAfterMs: notAfterMs) }
  }

  /// Takes a certificate back. Returns the list for everybody who relies on this organisation.
  public func withdraw(_ certificate: Data) async throws -> Data {
    try await blocking { try self.ffi.withdraw(certificate: certificate) }
  }

  /// The list of all certificates that were taken back.
  public var withdrawals: Data {
    get async throws { try await blocking { try self.ffi.withdrawals() } }
  }

  /// Keys for previews of what is said in these threads from now on, sealed under a device key, for
  /// ``openPreview(_:previewKeys:deviceKey:)`` in the extension that shows notifications. Keep them beside the vault.
  ///
  /// **They go on working while the vault is locked**: whoever has them and the device key reads the messages of these threads and
  /// of others of the same label, until the chart's keys move on. Give them a device key of their own, and make them anew after
  /// every ``importBundle(_:)``.
  public func previewKeys(of threads: [MessageThread], deviceKey: Unlock) async throws -> Data {
    try await lasting { try self.ffi.previewKeys(threads: threads.map(\.ffi), deviceKey: deviceKey.ffi) }
  }

  /// The ways in, in the order in which they were added.
  public var ways: [WayInfo] {
    get async throws { try await blocking { try self.ffi.ways() } }
  }

  /// Adds a way in.
  @discardableResult
  public func addWay(_ unlock: Unlock) async throws -> WayId {
    try await lasting { try self.ffi.addWay(unlock: unlock.ffi) }
  }

  /// Removes a way in, not the last one of a device. The vault's key turns.
  public func removeWay(_ way: WayId) async throws {
    try await lasting { try self.ffi.removeWay(way: way) }
  }

  /// The devices in use.
  public var devices: [DeviceInfo] {
    get async throws { try await blocking { try self.ffi.devices() } }
  }

  /// The devices that are in use no more.
  public var retiredDevices: [DeviceInfo] {
    get async throws { try await blocking { try self.ffi.retiredDevices() } }
  }

  /// Adds a device, with a way in and keys of its own.
  @discardableResult
  public func addDevice(_ unlock: Unlock) async throws -> DeviceId {
    try await lasting { try self.ffi.addDevice(unlock: unlock.ffi) }
  }

  /// Retires a device that is lost. What it wrote still verifies.
  public func retireDevice(_ device: DeviceId, reason: String) async throws {
    try await lasting { try self.ffi.retireDevice(device: device, reason: reason) }
  }

  /// Gives the device in use fresh keys and a log of its own.
  @discardableResult
  public func renewDevice(reason: String) async throws -> DeviceId {
    try await lasting { try self.ffi.renewDevice(reason: reason) }
  }
}
