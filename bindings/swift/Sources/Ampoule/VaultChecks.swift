import Foundation

extension Vault {
  /// How far it is known that the store shows the newest state.
  public var freshness: Freshness {
    get async throws { try await blocking { try self.ffi.freshness() } }
  }

  /// Takes on a store that was restored from a backup, or copied: after `RestoredCopy`.
  public func adoptRestored(reason: String) async throws {
    try await lasting { try self.ffi.adoptRestored(reason: reason) }
  }

  /// The signed head of this device's log, for a witness.
  public var checkpoint: Data {
    get async throws { try await blocking { try self.ffi.checkpoint() } }
  }

  /// The number of the format that this vault writes.
  public var format: UInt32 {
    get async throws { try await blocking { try self.ffi.format() } }
  }

  /// The devices in use that have not announced that they read a format.
  public func leftBehind(_ format: UInt32) async throws -> [DeviceInfo] {
    try await blocking { try self.ffi.leftBehind(format: format) }
  }

  /// Has all devices write a higher format from now on. There is no way back.
  public func raiseFormat(_ format: UInt32) async throws {
    try await lasting { try self.ffi.raiseFormat(format: format) }
  }

  /// Opens and verifies every version of every chart, and the content of every file that is here.
  public func verify() async throws -> Report {
    try await following { try self.ffi.verify(listener: nil, cancel: $0) }
  }

  /// As ``verify()``, telling how many versions were checked.
  public var verifying: Work<Report> {
    Work { try self.ffi.verify(listener: $0, cancel: $1) }
  }

  /// What is due now.
  public var maintenance: [Due] {
    get async throws { try await blocking { try self.ffi.maintenance() } }
  }

  /// Does what is due. Safe to stop and to repeat.
  @discardableResult
  public func runMaintenance() async throws -> [Due] {
    try await lasting { try self.ffi.runMaintenance() }
  }

  /// The events of all devices that the vault ever had, device by device and oldest first.
  public var audit: [Event] {
    get async throws { try await lasting { try self.ffi.audit() } }
  }

  /// The events that tell of an incident: the number that `Unopenable` shows.
  public func explain(_ incident: UInt64) async throws -> [Event] {
    try await lasting { try self.ffi.explain(incident: incident) }
  }

  /// Writes the events as lines of JSON to a new file. Returns how many.
  @discardableResult
  public func exportAudit(to file: URL) async throws -> UInt64 {
    let path = try path(file)
    return try await lasting { try self.ffi.exportAudit(path: path) }
  }

  /// The events of a chart for a verified contact: a file for any courier, that opens nothing else.
  public func exportAudit(of chart: ChartId, to contact: Contact) async throws -> Data {
    try await lasting { try self.ffi.exportAuditTo(contact: contact.ffi, chart: chart) }
  }

  /// Opens what ``exportAudit(of:to:)`` of a verified contact's vault made for this one.
  public func readAudit(_ file: Data) async throws -> AuditReport {
    try await lasting { AuditReport(try self.ffi.readAudit(file: file)) }
  }
}

/// The events of a chart, as its vault showed them to an auditor.
public final class AuditReport: Sendable {
  private let ffi: AuditReportHandle

  init(_ ffi: AuditReportHandle) {
    self.ffi = ffi
  }

  /// The chart.
  public var chart: ChartId { ffi.chart() }

  /// When it was made, in milliseconds since 1970, by the vault's clock.
  public var timeMs: Int64 { ffi.timeMs() }

  /// The logs of the vault's devices. In a later report none of them is missing, and none is shorter.
  public var logs: [AuditedLog] { ffi.logs() }

  /// The events: lines of JSON.
  public var lines: String { ffi.lines() }

  /// Whose vault it is: a verified contact, who signed the events.
  public var from: Contact { Contact(ffi.from()) }

  /// Whether nothing is missing here that an earlier report of the same chart by the same vault told.
  public func follows(_ earlier: AuditReport) -> Bool {
    ffi.follows(earlier: earlier.ffi)
  }
}
