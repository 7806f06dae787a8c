package ampoule

import java.nio.file.Path
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.flow

/** Where a vault is kept. */
class Store private constructor(internal val ffi: StoreHandle) : AutoCloseable {
    /** Lets go of it. A second time does nothing. */
    override fun close() = ffi.close()

    /** How one is made and opened. */
    companion object {
        /** A file at this path, made if there is none, with the content of files in a folder beside it. */
        suspend fun sqlite(path: Path): Store = io { Store(StoreHandle.sqlite(path.toString())) }

        /** Memory, for tests and previews. */
        fun memory(): Store = Store(StoreHandle.memory())
    }
}

/** A new vault, and its recovery code where one was asked for. */
class NewVault internal constructor(
    /** The vault, open. */
    val vault: Vault,
    private val code: RecoveryCodeHandle?,
) {
    /**
     * The 24 words in ASCII, four in a line, or nothing where no code was asked for. Show them once, have them written down, and
     * overwrite the array: whoever has the words has the vault.
     */
    fun recoveryWords(): ByteArray? = code?.words()
}

/**
 * A member's vault: everything that one person or service keeps, sealed, in one store. Any number of coroutines may use it.
 *
 * [close] locks it. Do that when the app goes to the background for long, and when the person signs off.
 */
class Vault internal constructor(internal val ffi: VaultHandle) : AutoCloseable {
    private val open = Once()

    /** Wipes all keys and lets go of the store. Every handle of this vault fails after that. A second time does nothing. */
    override fun close() = open.end {
        ffi.lock()
        ffi.close()
    }

    /** Writes the events that wait, keeps a checkpoint where there is a keeper, and wipes all keys. */
    suspend fun lock() = io { ffi.lock() }

    /** Opens the vault again after [lock]. Handles of before work again. */
    suspend fun unlock(unlock: Unlock) = io { ffi.unlock(unlock.ffi) }

    /** Whether keys are gone: by [lock] or because the vault was idle for too long. */
    suspend fun isLocked(): Boolean = io { ffi.isLocked() }

    /** Id of the vault. */
    suspend fun id(): VaultId = io { ffi.id() }

    /** The card to hand to others, so that they can share with this vault. */
    suspend fun card(): ByteArray = io { ffi.card() }

    /** What others compare with the card that they got. */
    suspend fun fingerprint(): Fingerprint = io { ffi.fingerprint() }

    /** A handle for what a service does on behalf of one of its users, as this vault's assertion. */
    fun actingFor(actor: AssertedActor): Vault = Vault(ffi.actingFor(actor))

    /** Founds a chart with the standard labels. */
    suspend fun createChart(): Chart = io { Chart(ffi.createChart()) }

    /** Founds a chart with eight labels of one's own. */
    suspend fun createChart(labels: List<Label>): Chart = io { Chart(ffi.createChartWith(labels)) }

    /** A chart by its id. */
    suspend fun chart(id: ChartId): Chart = io { Chart(ffi.chart(id)) }

    /** Ids of all charts of this vault, in the order in which it came by them. */
    suspend fun chartIds(): List<ChartId> = io { ffi.charts() }

    /** All charts of this vault. Close each. */
    fun charts(): Flow<Chart> = flow { for (id in chartIds()) emit(chart(id)) }

    /** The patients that are looked for, with their charts. */
    suspend fun findPatient(search: PatientSearch): List<FoundPatient> = io { ffi.findPatient(search) }

    /** Takes a bundle in: all of it or nothing. A second time it changes nothing. */
    suspend fun importBundle(bundle: ByteArray): Applied = io { direct(bundle) { ffi.importBundle(it) } }

    /** All contacts. Close each. */
    suspend fun contacts(): List<Contact> = io { ffi.contacts().map(::Contact) }

    /** A contact by its id. */
    suspend fun contact(id: ContactId): Contact = io { Contact(ffi.contact(id)) }

    /** Takes somebody's card. Nothing is shared with him before the fingerprint was compared. */
    suspend fun addContact(card: ByteArray): Contact = io { Contact(direct(card) { ffi.addContact(it) }) }

    /** Takes a new card of a known contact. */
    suspend fun replaceContact(contact: Contact, card: ByteArray): Contact =
        io { Contact(direct(card) { ffi.replaceContact(contact.ffi, it) }) }

    /** Takes what an organisation says of a contact's card. */
    suspend fun addCertificate(certificate: ByteArray): Contact = io { Contact(direct(certificate) { ffi.addCertificate(it) }) }

    /** Takes an organisation's list of the certificates that it has taken back. Returns the organisation. */
    suspend fun addWithdrawals(list: ByteArray): Contact = io { Contact(direct(list) { ffi.addWithdrawals(it) }) }

    /** Signs, as an organisation, that a card belongs to a member of it. */
    suspend fun certify(card: ByteArray, id: DirectoryId, notAfterMs: Long? = null): Certificate =
        io { direct(card) { ffi.certify(it, id, notAfterMs) } }

    /** Takes a certificate back. Returns the list for everybody who relies on this organisation. */
    suspend fun withdraw(certificate: ByteArray): ByteArray = io { direct(certificate) { ffi.withdraw(it) } }

    /** The list of all certificates that were taken back. */
    suspend fun withdrawals(): ByteArray = io { ffi.withdrawals() }

    /**
     * Keys for previews of what is said in these threads from now on, sealed under a device key, for [openPreview] in the service
     * that shows notifications. Keep them beside the vault.
     *
     * **They go on working while the vault is locked**: whoever has them and the device key reads the messages of these threads and
     * of others of the same label, until the chart's keys move on. Give them a device key of their own, and make them anew after
     * every [importBundle].
     */
    suspend fun previewKeys(threads: List<MessageThread>, deviceKey: Unlock): ByteArray =
        io { ffi.previewKeys(threads.map { it.ffi }, deviceKey.ffi) }

    /** The ways in, in the order in which they were added. */
    suspend fun ways(): List<WayInfo> = io { ffi.ways() }

    /** Adds a way in. */
    suspend fun addWay(unlock: Unlock): WayId = io { ffi.addWay(unlock.ffi) }

    /** Removes a way in, not the last one of a device. The vault's key turns. */
    suspend fun removeWay(way: WayId) = io { ffi.removeWay(way) }

    /** The devices in use. */
    suspend fun devices(): List<DeviceInfo> = io { ffi.devices() }

    /** The devices that are in use no more. */
    suspend fun retiredDevices(): List<DeviceInfo> = io { ffi.retiredDevices() }

    /** Adds a device, with a way in and keys of its own. */
    suspend fun addDevice(unlock: Unlock): DeviceId = io { ffi.addDevice(unlock.ffi) }

    /** Retires a device that is lost. What it wrote still verifies. */
    suspend fun retireDevice(device: DeviceId, reason: String) = io { ffi.retireDevice(device, reason) }

    /** Gives the device in use fresh keys and a log of its own. */
    suspend fun renewDevice(reason: String): DeviceId = io { ffi.renewDevice(reason) }

    /** How far it is known that the store shows the newest state. */
    suspend fun freshness(): Freshness = io { ffi.freshness() }

    /** Takes on a store that was restored from a backup, or copied: after [VaultException.RestoredCopy]. */
    suspend fun adoptRestored(reason: String) = io { ffi.adoptRestored(reason) }

    /** The signed head of this device's log, for a witness. */
    suspend fun checkpoint(): ByteArray = io { ffi.checkpoint() }

    /** The number of the format that this vault writes. */
    suspend fun format(): UInt = io { ffi.format() }

    /** The devices in use that have not announced that they read a format. */
    suspend fun leftBehind(format: UInt): List<DeviceInfo> = io { ffi.leftBehind(format) }

    /** Has all devices write a higher format from now on. There is no way back. */
    suspend fun raiseFormat(format: UInt) = io { ffi.raiseFormat(format) }

    /** Opens and verifies every version of every chart, and the content of every file that is here. */
    suspend fun verify(): Report = following { ffi.verify(null, it) }

    /** As [verify], telling how many versions were checked. */
    fun verifying(): Flow<Progress<Report>> = progressOf { listener -> following { ffi.verify(listener, it) } }

    /** What is due now. */
    suspend fun maintenance(): List<Due> = io { ffi.maintenance() }

    /** Does what is due. Safe to stop and to repeat. */
    suspend fun runMaintenance(): List<Due> = io { ffi.runMaintenance() }

    /** The events of all devices that the vault ever had, device by device and oldest first. */
    suspend fun audit(): List<Event> = io { ffi.audit() }

    /** The events that tell of an incident: the number that [VaultException.Unopenable] shows. */
    suspend fun explain(incident: ULong): List<Event> = io { ffi.explain(incident) }

    /** Writes the events as lines of JSON to a new file. Returns how many. */
    suspend fun exportAudit(path: Path): Long = io { ffi.exportAudit(path.toString()).toLong() }

    /** The events of a chart for a verified contact: a file for any courier, that opens nothing else. */
    suspend fun exportAuditTo(contact: Contact, chart: ChartId): ByteArray = io { ffi.exportAuditTo(contact.ffi, chart) }

    /** Opens what [exportAuditTo] of a verified contact's vault made for this one. */
    suspend fun readAudit(file: ByteArray): AuditReport = io { AuditReport(direct(file) { ffi.readAudit(it) }) }

    /** How one is made and opened. */
    companion object {
        /** Creates a vault in an empty store, for a member of this name. */
        suspend fun create(
            store: Store,
            name: String,
            unlock: Unlock,
            second: SecondWay = SecondWay.RecoveryCode,
            settings: VaultSettings = VaultSettings(),
        ): NewVault = io {
            val created = createVault(store.ffi, name, unlock.ffi, second.ffi(), settings)
            NewVault(Vault(created.vault), created.recoveryCode)
        }

        /** Opens the vault of a store. */
        suspend fun open(store: Store, unlock: Unlock, settings: VaultSettings = VaultSettings()): Vault =
            io { Vault(VaultHandle.open(store.ffi, unlock.ffi, settings)) }
    }
}

/** The events of a chart, as its vault showed them to an auditor. */
class AuditReport internal constructor(private val ffi: AuditReportHandle) : AutoCloseable {
    /** The chart. */
    val chart: ChartId get() = ffi.chart()

    /** When it was made, in milliseconds since 1970, by the vault's clock. */
    val timeMs: Long get() = ffi.timeMs()

    /** The logs of the vault's devices. In a later report none of them is missing, and none is shorter. */
    val logs: List<AuditedLog> get() = ffi.logs()

    /** The events: lines of JSON. */
    val lines: String get() = ffi.lines()

    /** Whose vault it is: a verified contact, who signed the events. */
    fun from(): Contact = Contact(ffi.from())

    /** Whether nothing is missing here that an earlier report of the same chart by the same vault told. */
    fun follows(earlier: AuditReport): Boolean = ffi.follows(earlier.ffi)

    /** Lets go of it. A second time does nothing. */
    override fun close() = ffi.close()
}
