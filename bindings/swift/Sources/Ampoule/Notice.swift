import Foundation

/// Opens a message that a push brought, with keys that ``Vault/previewKeys(of:deviceKey:)`` made and the device key under which they
/// are sealed. Needs no vault and no store, and less than 12 MiB of memory.
///
/// Who wrote it was verified, and **nothing else was**: show it in a notification, and decide nothing by it.
/// `VaultError.OutdatedPreview` says that the keys are to be made anew, `VaultError.OutsidePreview` that the message is to be read in
/// the vault, and `VaultError.WayFailed` that keys and device key do not fit.
public func openPreview(_ notice: Data, previewKeys: Data, deviceKey: Unlock) async throws -> UnverifiedMessage {
  try await lasting {
    try AmpouleFFI.openPreview(notice: notice, previewKeys: previewKeys, deviceKey: deviceKey.ffi)
  }
}
