import Foundation

extension Chart {
  /// Shares the chart, or some labels of it, with a verified contact.
  @discardableResult
  public func share(with contact: Contact, _ grant: GrantOptions) async throws -> Standing {
    try await blocking { try self.ffi.share(with: contact.ffi, grant: grant) }
  }

  /// Ends every grant of a contact, also to cards that were replaced: fresh keys for all who stay.
  @discardableResult
  public func revoke(from contact: Contact) async throws -> Standing {
    try await blocking { try self.ffi.revoke(from: contact.ffi) }
  }

  /// With whom the chart is shared, its custodians included.
  public var shares: [Share] {
    get async throws { try await blocking { try self.ffi.shares() } }
  }

  /// A bundle for a contact: what is new since `next` of what his last import gave, or everything; of these labels, or of all.
  public func exportBundle(to contact: Contact, since: Data? = nil, labels: [Label]? = nil) async throws -> Data {
    try await lasting { try self.ffi.exportBundle(to: contact.ffi, since: since, labels: labels) }
  }

  /// The versions that are kept apart, and those that are disputed, in order of arrival.
  public var quarantined: [Quarantined] {
    get async throws { try await blocking { try self.ffi.quarantined() } }
  }

  /// Lets a version in that is kept apart or disputed, for everyone, with a reason that all members can read.
  @discardableResult
  public func adopt(_ version: VersionId, reason: String) async throws -> Standing {
    try await lasting { try self.ffi.adopt(version: version, reason: reason) }
  }

  /// The histories of the chart's sharing, where there is more than one and they contradict each other.
  public var fork: [[Share]]? {
    get async throws { try await blocking { try self.ffi.fork() } }
  }

  /// Ends such a contradiction: with fresh keys for all whom both histories know, but for those who leave.
  @discardableResult
  public func resolveFork(leaving: [Contact] = []) async throws -> Standing {
    try await lasting { try self.ffi.resolveFork(leaving: leaving.map(\.ffi)) }
  }

  /// Makes this vault the one that administers the chart. Only a custodian's vault can.
  @discardableResult
  public func administerHere() async throws -> Standing {
    try await blocking { try self.ffi.administerHere() }
  }

  /// How many changes of the sharing that were made here wait for the vault that administers the chart.
  public var waiting: UInt64 {
    get async throws { try await blocking { try self.ffi.waiting() } }
  }

  /// Says that somebody looked into what contradicted earlier bundles of this chart, with the outcome.
  public func settleBundles(reason: String) async throws {
    try await lasting { try self.ffi.settleBundles(reason: reason) }
  }
}
