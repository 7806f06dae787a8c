/// One patient's chart. A handle: its calls fail while the vault is locked.
public final class Chart: Sendable {
  let ffi: ChartHandle

  init(_ ffi: ChartHandle) {
    self.ffi = ffi
  }

  /// Id of the chart.
  public var id: ChartId { ffi.id() }

  /// Seals a record, signs it, and stores it. On disk when this returns.
  @discardableResult
  public func put(_ record: NewRecord) async throws -> EntryId {
    try await blocking { try self.ffi.put(record: record) }
  }

  /// As ``put(_:)``, once for each key: a repeated request gives the entry of the first.
  public func putOnce(key: String, _ record: NewRecord) async throws -> EntryId {
    try await blocking { try self.ffi.putOnce(key: key, record: record) }
  }

  /// As ``put(_:)``, many in one transaction: all of them are there when it returns, or none.
  @discardableResult
  public func putAll(_ records: [NewRecord]) async throws -> [EntryId] {
    try await lasting { try self.ffi.putAll(records: records) }
  }

  /// Adds a version that replaces the current one.
  @discardableResult
  public func update(_ entry: EntryId, _ record: NewRecord) async throws -> VersionId {
    try await blocking { try self.ffi.update(entry: entry, record: record) }
  }

  /// Adds a version that replaces the one that was read. If somebody replaced it meanwhile, both stand as a conflict.
  @discardableResult
  public func update(from read: Entry, _ record: NewRecord) async throws -> VersionId {
    try await blocking { try self.ffi.updateFrom(entry: read.id, read: read.version, record: record) }
  }

  /// Ends a conflict: adds a version that replaces all that conflict.
  @discardableResult
  public func resolve(_ entry: EntryId, _ record: NewRecord) async throws -> VersionId {
    try await blocking { try self.ffi.resolve(entry: entry, record: record) }
  }

  /// Deletes an entry. Its history stays.
  @discardableResult
  public func delete(_ entry: EntryId) async throws -> VersionId {
    try await blocking { try self.ffi.delete(entry: entry) }
  }

  /// The current version of an entry. Decrypted and verified before a byte is released.
  public func get(_ entry: EntryId) async throws -> Entry {
    try await blocking { try self.ffi.get(entry: entry) }
  }

  /// One version of an entry, current or not.
  public func version(_ version: VersionId) async throws -> Entry {
    try await blocking { try self.ffi.version(version: version) }
  }

  /// All versions of an entry in order of arrival, those that delete it too.
  public func history(_ entry: EntryId) async throws -> [VersionResult] {
    try await blocking { try self.ffi.history(entry: entry) }
  }

  /// All entries that are not deleted, of one kind or of any.
  public func list(_ kind: Kind? = nil) async throws -> Matches {
    try await blocking { try kind.map(self.ffi.listKind) ?? self.ffi.list() }
  }

  /// The entries that match.
  public func find(_ search: Search) async throws -> Matches {
    try await blocking { try self.ffi.find(search: search) }
  }

  /// The entries that match, each opened when it is asked for. One that does not open ends the list with its error.
  public func entries(_ search: Search = Search()) -> Listing<Entry> {
    Listing { try await Link.each(self.find(search).entries[...]) { try await self.get($0.id) } }
  }

  /// The labels that this vault may use in the chart.
  public var labels: [Label] {
    get async throws { try await blocking { try self.ffi.labels() } }
  }

  /// Says in the vault's directory who the chart is about.
  public func describe(_ patient: PatientInfo) async throws {
    try await blocking { try self.ffi.describe(patient: patient) }
  }

  /// Takes the chart out of the vault's directory.
  public func forgetPatient() async throws {
    try await blocking { try self.ffi.forgetPatient() }
  }

  /// Who the chart is about, as the vault's directory has it.
  public var patient: PatientInfo? {
    get async throws { try await blocking { try self.ffi.patient() } }
  }

  /// What is not as it should be in this chart, as far as it shows without opening its versions.
  public var findings: [Finding] {
    get async throws { try await blocking { try self.ffi.findings() } }
  }

  /// What of this chart is not in this vault, and need not be.
  public var notHere: [NotHere] {
    get async throws { try await blocking { try self.ffi.notHere() } }
  }

  /// Says that the chart is handed out in the clear, to whom and why, before anything is read for that.
  public func noteExport(reason: String) async throws {
    try await blocking { try self.ffi.noteExport(reason: reason) }
  }

  /// Opens a thread about something, for all who may see the label.
  public func startThread(_ subject: String, label: Label = "general") async throws -> MessageThread {
    try await blocking { MessageThread(try self.ffi.startThread(subject: subject, label: label)) }
  }

  /// A thread by its id.
  public func thread(_ id: EntryId) async throws -> MessageThread {
    try await blocking { MessageThread(try self.ffi.thread(id: id)) }
  }

  /// The threads that this vault may see, in the order in which they were opened.
  public var threads: [ThreadResult] {
    get async throws { try await blocking { try self.ffi.threads() } }
  }

  /// A message by its entry, as ``find(_:)`` gives it.
  public func message(_ id: EntryId) async throws -> Posted {
    try await blocking { try self.ffi.message(id: id) }
  }
}
