package ampoule

import java.nio.file.Path
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.flow

/** One patient's chart. A handle: its calls fail while the vault is locked. */
class Chart internal constructor(internal val ffi: ChartHandle) : AutoCloseable {
    /** Id of the chart. */
    val id: ChartId get() = ffi.id()

    /** Seals a record, signs it, and stores it. On disk when this returns. */
    suspend fun put(record: NewRecord): EntryId = io { ffi.put(record) }

    /** As [put], once for each key: a repeated request gives the entry of the first. */
    suspend fun putOnce(key: String, record: NewRecord): EntryId = io { ffi.putOnce(key, record) }

    /** As [put], many in one transaction: all of them are there when it returns, or none. */
    suspend fun putAll(records: List<NewRecord>): List<EntryId> = io { ffi.putAll(records) }

    /** Adds a version that replaces the current one. */
    suspend fun update(entry: EntryId, record: NewRecord): VersionId = io { ffi.update(entry, record) }

    /** Adds a version that replaces the one that was read. If somebody replaced it meanwhile, both stand as a conflict. */
    suspend fun update(read: Entry, record: NewRecord): VersionId = io { ffi.updateFrom(read.id, read.version, record) }

    /** Ends a conflict: adds a version that replaces all that conflict. */
    suspend fun resolve(entry: EntryId, record: NewRecord): VersionId = io { ffi.resolve(entry, record) }

    /** Deletes an entry. Its history stays. */
    suspend fun delete(entry: EntryId): VersionId = io { ffi.delete(entry) }

    /** The current version of an entry. Decrypted and verified before a byte is released. */
    suspend fun get(entry: EntryId): Entry = io { ffi.get(entry) }

    /** One version of an entry, current or not. */
    suspend fun version(version: VersionId): Entry = io { ffi.version(version) }

    /** All versions of an entry in order of arrival, those that delete it too. */
    suspend fun history(entry: EntryId): List<VersionResult> = io { ffi.history(entry) }

    /** All entries that are not deleted, of one kind or of any. */
    suspend fun list(kind: Kind? = null): Matches = io { if (kind == null) ffi.list() else ffi.listKind(kind) }

    /** The entries that match. */
    suspend fun find(search: Search): Matches = io { ffi.find(search) }

    /** The entries that match, each opened when it is collected. One that does not open ends the flow. */
    fun entries(search: Search = Search()): Flow<Entry> = flow { for (found in find(search).entries) emit(get(found.id)) }

    /** The labels that this vault may use in the chart. */
    suspend fun labels(): List<Label> = io { ffi.labels() }

    /** Says in the vault's directory who the chart is about. */
    suspend fun describe(patient: PatientInfo) = io { ffi.describe(patient) }

    /** Takes the chart out of the vault's directory. */
    suspend fun forgetPatient() = io { ffi.forgetPatient() }

    /** Who the chart is about, as the vault's directory has it. */
    suspend fun patient(): PatientInfo? = io { ffi.patient() }

    /** Shares the chart, or some labels of it, with a verified contact. */
    suspend fun share(with: Contact, grant: GrantOptions): Standing = io { ffi.share(with.ffi, grant) }

    /** Ends every grant of a contact, also to cards that were replaced: fresh keys for all who stay. */
    suspend fun revoke(from: Contact): Standing = io { ffi.revoke(from.ffi) }

    /** With whom the chart is shared, its custodians included. */
    suspend fun shares(): List<Share> = io { ffi.shares() }

    /** A bundle for a contact: what is new since [Applied.next] of his last import, or everything; of these labels, or of all. */
    suspend fun exportBundle(to: Contact, since: ByteArray? = null, labels: List<Label>? = null): ByteArray =
        io { ffi.exportBundle(to.ffi, since, labels) }

    /** The versions that are kept apart, and those that are disputed, in order of arrival. */
    suspend fun quarantined(): List<Quarantined> = io { ffi.quarantined() }

    /** Lets a version in that is kept apart or disputed, for everyone, with a reason that all members can read. */
    suspend fun adopt(version: VersionId, reason: String): Standing = io { ffi.adopt(version, reason) }

    /** The histories of the chart's sharing, where there is more than one and they contradict each other. */
    suspend fun fork(): List<List<Share>>? = io { ffi.fork() }

    /** Ends such a contradiction: with fresh keys for all whom both histories know, but for those who leave. */
    suspend fun resolveFork(leaving: List<Contact> = emptyList()): Standing = io { ffi.resolveFork(leaving.map { it.ffi }) }

    /** Makes this vault the one that administers the chart. Only a custodian's vault can. */
    suspend fun administerHere(): Standing = io { ffi.administerHere() }

    /** How many changes of the sharing that were made here wait for the vault that administers the chart. */
    suspend fun waiting(): Long = io { ffi.waiting().toLong() }

    /** What is not as it should be in this chart, as far as it shows without opening its versions. */
    suspend fun findings(): List<Finding> = io { ffi.findings() }

    /** What of this chart is not in this vault, and need not be. */
    suspend fun notHere(): List<NotHere> = io { ffi.notHere() }

    /** Says that the chart is handed out in the clear, to whom and why, before anything is read for that. */
    suspend fun noteExport(reason: String) = io { ffi.noteExport(reason) }

    /** Says that somebody looked into what contradicted earlier bundles of this chart, with the outcome. */
    suspend fun settleBundles(reason: String) = io { ffi.settleBundles(reason) }

    /** Seals the file at a path, of any length. On disk when this returns; when it fails or is cancelled, nothing is left. */
    suspend fun putFile(file: NewFile, path: Path): EntryId = following { ffi.putFile(file, path.toString(), null, it) }

    /** As [putFile], telling how many bytes were taken. */
    fun puttingFile(file: NewFile, path: Path): Flow<Progress<EntryId>> =
        progressOf { listener -> following { ffi.putFile(file, path.toString(), listener, it) } }

    /** As [putFile], once for each key: a repeated request gives the entry of the first, and reads nothing. */
    suspend fun putFileOnce(key: String, file: NewFile, path: Path): EntryId =
        following { ffi.putFileOnce(key, file, path.toString(), null, it) }

    /** Adds a version of a file, from a path. */
    suspend fun updateFile(entry: EntryId, file: NewFile, path: Path): VersionId =
        following { ffi.updateFile(entry, file, path.toString(), null, it) }

    /** Begins a file whose bytes the caller pushes, or a version of one that is there. */
    suspend fun createFile(file: NewFile, versionOf: EntryId? = null): FileWriter = io {
        FileWriter(if (versionOf == null) ffi.createFile(file) else ffi.createFileVersion(versionOf, file))
    }

    /** The current version of a file, to be read at any place. */
    suspend fun file(entry: EntryId): FileReader = io { FileReader(ffi.file(entry)) }

    /** One version of a file, current or not. */
    suspend fun fileVersion(version: VersionId): FileReader = io { FileReader(ffi.fileVersion(version)) }

    /** The small picture of the current version of a file, if its author gave one. */
    suspend fun preview(entry: EntryId): Preview? = io { ffi.preview(entry) }

    /** The small picture of one version of a file. */
    suspend fun previewVersion(version: VersionId): Preview? = io { ffi.previewVersion(version) }

    /** Versions of files that are described here and whose content is not here. */
    suspend fun missingContent(): List<VersionId> = io { ffi.missingContent() }

    /** Writes the content of a version of a file, as it is sealed, to a new file: for who has the chart by a bundle. */
    suspend fun exportContent(version: VersionId, path: Path) = following { ffi.exportContent(version, path.toString(), null, it) }

    /** Takes in the content of a version of a file from what [exportContent] wrote: all of it, or nothing. */
    suspend fun importContent(version: VersionId, path: Path) = following { ffi.importContent(version, path.toString(), null, it) }

    /** The content of a version of a file as it is sealed, to be sent from any place on. */
    suspend fun sealedContent(version: VersionId): SealedContent = io { SealedContent(ffi.sealedContent(version)) }

    /** Begins to take in the content of a version of a file, or goes on where that ended before. */
    suspend fun receiveContent(version: VersionId): ContentReceiver = io { ContentReceiver(ffi.receiveContent(version)) }

    /** Opens a thread about something, for all who may see the label. */
    suspend fun startThread(subject: String, label: Label = "general"): MessageThread =
        io { MessageThread(ffi.startThread(subject, label)) }

    /** A thread by its id. */
    suspend fun thread(id: EntryId): MessageThread = io { MessageThread(ffi.thread(id)) }

    /** The threads that this vault may see, in the order in which they were opened. */
    suspend fun threads(): List<ThreadResult> = io { ffi.threads() }

    /** A message by its entry, as [find] gives it. */
    suspend fun message(id: EntryId): Posted = io { ffi.message(id) }

    /** Lets go of it. A second time does nothing. */
    override fun close() = ffi.close()
}
