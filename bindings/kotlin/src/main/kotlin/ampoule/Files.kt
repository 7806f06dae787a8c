package ampoule

import java.nio.ByteBuffer
import java.nio.file.Path
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.flow

/** Bytes that are read at once, where all is read. */
private const val PIECE = 256 * 1024

/** A file that is being written. Closed before [finish], nothing is left of it. */
class FileWriter internal constructor(private val ffi: FileWriterHandle) : AutoCloseable {
    private val open = Once()

    /** How many bytes were taken. */
    val length: Long get() = ffi.length().toLong()

    /** Takes the bytes from a buffer's position to its limit. Without a copy where it is direct. Where it fails, the file is given up. */
    suspend fun update(content: ByteBuffer) = io { direct(content) { ffi.update(it) } }

    /** Takes all of an array. */
    suspend fun update(content: ByteArray) = update(ByteBuffer.wrap(content))

    /** Makes the content durable, then stores the entry of the file. */
    suspend fun finish(): WrittenFile = io { ffi.finish() }

    /** Gives the file up where it was not finished. */
    override fun close() = open.end {
        ffi.discard()
        ffi.close()
    }
}

/** A version of a file, to be read at any place. Every byte is verified before it is released. */
class FileReader internal constructor(private val ffi: FileReaderHandle) : AutoCloseable {
    /** The version that is read: name, media type, author and the rest. */
    val entry: Entry get() = ffi.entry()

    /** Length of the content, in bytes, as the author signed it. */
    val length: Long get() = ffi.length().toLong()

    /** The bytes from `offset` on, `len` of them or as many as there are. */
    suspend fun readAt(offset: Long, len: Int): ByteArray {
        require(offset >= 0 && len >= 0) { "offset and length are not negative" }
        return io { ffi.readAt(offset.toULong(), len.toUInt()).taken() }
    }

    /** The whole content in pieces. Large files go faster by [exportTo]. */
    fun pieces(): Flow<ByteArray> = flow {
        val length = length
        var offset = 0L
        while (offset < length) {
            val piece = readAt(offset, PIECE)
            offset += piece.size
            emit(piece)
        }
    }

    /** Writes the whole content to a path: there only when its end was verified and it is on disk. */
    suspend fun exportTo(path: Path) = following { ffi.exportTo(path.toString(), null, it) }

    /** As [exportTo], telling how many bytes were written. */
    fun exportingTo(path: Path): Flow<Progress<Unit>> = progressOf { listener -> following { ffi.exportTo(path.toString(), listener, it) } }

    /** Lets go of it. A second time does nothing. */
    override fun close() = ffi.close()
}

/** The sealed content of a version of a file. Whoever carries it can neither read nor alter it. */
class SealedContent internal constructor(private val ffi: SealedContentHandle) : AutoCloseable {
    /** How many bytes there are to send. */
    val total: Long get() = ffi.total().toLong()

    /** The sealed bytes from `offset` on, up to `len` of them; none at the end. */
    suspend fun readAt(offset: Long, len: Int): ByteArray {
        require(offset >= 0 && len >= 0) { "offset and length are not negative" }
        return io { ffi.readAt(offset.toULong(), len.toUInt()).taken() }
    }

    /** Lets go of it. A second time does nothing. */
    override fun close() = ffi.close()
}

/** A content that is coming in. Closed before [finish], what came stays for some days. */
class ContentReceiver internal constructor(private val ffi: ContentReceiverHandle) : AutoCloseable {
    /** From which byte of the sealed content the next are wanted. */
    val offset: Long get() = ffi.offset().toLong()

    /** How many bytes the sealed content has. */
    val total: Long get() = ffi.total().toLong()

    /** Takes the bytes from a buffer's position to its limit. */
    suspend fun update(sealed: ByteBuffer) = io { direct(sealed) { ffi.update(it) } }

    /** Takes all of an array. */
    suspend fun update(sealed: ByteArray) = update(ByteBuffer.wrap(sealed))

    /** Checks that all is there and is the author's. When this returns it is durable, and can be read. */
    suspend fun finish() = io { ffi.finish() }

    /** Removes what came. */
    suspend fun discard() = io { ffi.discard() }

    /** Lets go of it. A second time does nothing. */
    override fun close() = ffi.close()
}
