package ampoule

import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.flow

/** Messages that are read at once. */
private const val PAGE = 50u

/** A conversation in a chart. A handle: its calls fail while the vault is locked. */
class MessageThread internal constructor(internal val ffi: ThreadHandle) : AutoCloseable {
    /** The entry that opens the thread. */
    val id: EntryId get() = ffi.id()

    /** Sends a message: seals it, signs it, and stores it. Others get it by the next bundle. */
    suspend fun send(message: NewMessage): EntryId = io { ffi.send(message) }

    /** Sends a text. */
    suspend fun send(text: String): EntryId = send(NewMessage(text))

    /** As [send], once for each key: a repeated request gives the message of the first. */
    suspend fun sendOnce(key: String, message: NewMessage): EntryId = io { ffi.sendOnce(key, message) }

    /** Changes a message of one's own: text and attachments, not what it answers. */
    suspend fun edit(id: EntryId, message: NewMessage): VersionId = io { ffi.edit(id, message) }

    /** Deletes a message of one's own. */
    suspend fun delete(id: EntryId): VersionId = io { ffi.delete(id) }

    /** Reacts to a message, with an emoji or a short text of up to 64 bytes. */
    suspend fun react(id: EntryId, symbol: String) = io { ffi.react(id, symbol) }

    /** Takes a reaction back. */
    suspend fun takeBack(id: EntryId, symbol: String) = io { ffi.takeBack(id, symbol) }

    /** Tells the others that all up to this message has come, or was read. Says whether it was told. */
    suspend fun acknowledge(upTo: EntryId, receipt: Receipt): Boolean = io { ffi.acknowledge(upTo, receipt) }

    /**
     * A message as it is sealed, for a push: about 1.3 kB for a short one. It is for [openPreview]; the message itself comes to
     * the others by the next bundle.
     */
    suspend fun notice(message: EntryId): ByteArray = io { ffi.notice(message) }

    /** The last messages, up to so many and to 1000, in order. */
    suspend fun last(most: Int): List<MessageResult> = io { ffi.last(most.coerceAtLeast(0).toUInt()) }

    /** The messages before one of this thread, likewise. */
    suspend fun before(message: EntryId, most: Int): List<MessageResult> = io { ffi.before(message, most.coerceAtLeast(0).toUInt()) }

    /** All messages, the newest first, a page at a time. A page that has none which opens is the last. */
    fun newestFirst(): Flow<MessageResult> = flow {
        var page = io { ffi.last(PAGE) }
        while (page.isNotEmpty()) {
            page.asReversed().forEach { emit(it) }
            val oldest = page.firstNotNullOfOrNull { (it as? MessageResult.Opened)?.message?.id } ?: return@flow
            page = io { ffi.before(oldest, PAGE) }
        }
    }

    /** Lets go of it. A second time does nothing. */
    override fun close() = ffi.close()
}
