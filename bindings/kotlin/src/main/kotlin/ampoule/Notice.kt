package ampoule

/**
 * Opens a message that a push brought, with keys that [Vault.previewKeys] made and the device key under which they are sealed.
 * Needs no vault and no store, and less than 12 MiB of memory.
 *
 * Who wrote it was verified, and **nothing else was**: show it in a notification, and decide nothing by it.
 * [VaultException.OutdatedPreview] says that the keys are to be made anew, [VaultException.OutsidePreview] that the message is to be
 * read in the vault, and [VaultException.WayFailed] that keys and device key do not fit.
 */
suspend fun openPreview(notice: ByteArray, previewKeys: ByteArray, deviceKey: Unlock): UnverifiedMessage = io {
    direct(notice) { sealed -> direct(previewKeys) { keys -> openPreview(sealed, keys, deviceKey.ffi) } }
}
