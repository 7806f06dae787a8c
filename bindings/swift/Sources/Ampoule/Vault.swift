import Foundation

/// Where a vault is kept.
public final class Store: Sendable {
  let ffi: StoreHandle

  private init(_ ffi: StoreHandle) {
    self.ffi = ffi
  }

  /// A file, made if there is none, with the content of files in a folder beside it.
  public static func sqlite(_ file: URL) async throws -> Store {
    let path = try path(file)
    return try await blocking { Store(try StoreHandle.sqlite(path: path)) }
  }

  /// Memory, for tests and previews.
  public static func memory() -> Store {
    Store(StoreHandle.memory())
  }
}

/// A new vault, and its recovery code where one was asked for.
public struct NewVault: Sendable {
  /// The vault, open.
  public let vault: Vault
  let code: RecoveryCodeHandle?

  /// The 24 words in ASCII, four in a line, or nothing where no code was asked for. Show them once, have them written down, and
  /// overwrite the bytes: whoever has the words has the vault.
  public func recoveryWords() -> Data? {
    code?.words()
  }
}

/// A member's vault: everything that one person or service keeps, sealed, in one store. Any number of tasks may use it.
///
/// ``lock()`` wipes its keys. Do that when the app goes to the background for long, and when the person signs off;
/// ``withVault(_:unlock:settings:isolation:_:)`` does it by itself. Letting go of the last reference is not enough: charts and
/// files hold the vault, too.
public final class Vault: Sendable {
  let ffi: VaultHandle

  init(_ ffi: VaultHandle) {
    self.ffi = ffi
  }

  /// Creates a vault in an empty store, for a member of this name.
  public static func create(
    in store: Store, name: String, unlock: Unlock, second: SecondWay = .recoveryCode,
    settings: VaultSettings = VaultSettings()
  ) async throws -> NewVault {
    try await lasting {
      let made = try createVault(
        store: store.ffi, name: name, unlock: unlock.ffi, second: second.ffi, settings: settings)
      return NewVault(vault: Vault(made.vault), code: made.recoveryCode)
    }
  }

  /// Opens the vault of a store.
  public static func open(
    _ store: Store, unlock: Unlock, settings: VaultSettings = VaultSettings()
  ) async throws -> Vault {
    try await lasting { Vault(try VaultHandle.open(store: store.ffi, unlock: unlock.ffi, settings: settings)) }
  }

  /// Writes the events that wait, keeps a checkpoint where there is a keeper, and wipes all keys. Waits for calls that are under
  /// way; every later one fails with `Locked`.
  public func lock() async {
    await always { self.ffi.lock() }
  }

  /// Opens the vault again after ``lock()``. Handles of before work again.
  public func unlock(_ unlock: Unlock) async throws {
    try await lasting { try self.ffi.unlock(unlock: unlock.ffi) }
  }

  /// Whether keys are gone: by ``lock()`` or because the vault was idle for too long.
  public var isLocked: Bool {
    get async { await always { self.ffi.isLocked() } }
  }

  /// Id of the vault.
  public var id: VaultId {
    get async throws { try await blocking { try self.ffi.id() } }
  }

  /// A handle for what a service does on behalf of one of its users, as this vault's assertion.
  public func acting(for actor: AssertedActor) -> Vault {
    Vault(ffi.actingFor(actor: actor))
  }

  /// Founds a chart with the standard labels, or with eight of one's own.
  public func createChart(labels: [Label]? = nil) async throws -> Chart {
    try await blocking { Chart(try labels.map(self.ffi.createChartWith) ?? self.ffi.createChart()) }
  }

  /// A chart by its id.
  public func chart(_ id: ChartId) async throws -> Chart {
    try await blocking { Chart(try self.ffi.chart(id: id)) }
  }

  /// Ids of all charts of this vault, in the order in which it came by them.
  public var chartIds: [ChartId] {
    get async throws { try await blocking { try self.ffi.charts() } }
  }

  /// All charts of this vault.
  public var charts: Listing<Chart> {
    Listing { try await Link.each(self.chartIds[...], self.chart) }
  }

  /// The patients that are looked for, with their charts.
  public func findPatient(_ search: PatientSearch) async throws -> [FoundPatient] {
    try await blocking { try self.ffi.findPatient(search: search) }
  }

  /// Takes a bundle in: all of it or nothing. A second time it changes nothing.
  @discardableResult
  public func importBundle(_ bundle: Data) async throws -> Applied {
    try await lasting { try self.ffi.importBundle(bundle: bundle) }
  }
}

/// Opens the vault of a store, lends it, and locks it: whatever happens in between.
public func withVault<Value: Sendable>(
  _ store: Store, unlock: Unlock, settings: VaultSettings = VaultSettings(),
  isolation: isolated (any Actor)? = #isolation, _ body: (Vault) async throws -> Value
) async throws -> Value {
  let vault = try await Vault.open(store, unlock: unlock, settings: settings)
  do {
    let result = try await body(vault)
    await vault.lock()
    return result
  } catch {
    await vault.lock()
    throw error
  }
}
