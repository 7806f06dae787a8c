package ampoule

import com.sun.jna.Pointer
import java.nio.ByteBuffer
import java.util.concurrent.CancellationException
import java.util.concurrent.atomic.AtomicBoolean
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.channels.ProducerScope
import kotlinx.coroutines.ensureActive
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.buffer
import kotlinx.coroutines.flow.channelFlow
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext

/** Runs a call of the library where blocking is allowed. It cannot be ended in between, and is short. */
internal suspend fun <T> io(call: () -> T): T = withContext(Dispatchers.IO) { call() }

/**
 * Runs a long call. When the coroutine is cancelled, the call ends at its next step, and this returns only then: nothing goes
 * on behind the caller's back.
 */
internal suspend fun <T> following(call: (CancelToken) -> T): T = withContext(Dispatchers.IO) {
    CancelToken().use { token ->
        val watcher = launch(start = CoroutineStart.UNDISPATCHED) {
            try {
                awaitCancellation()
            } finally {
                token.cancel()
            }
        }
        try {
            call(token)
        } catch (ended: VaultException.Cancelled) {
            ensureActive()
            throw ended
        } finally {
            withContext(NonCancellable) { watcher.cancelAndJoin() }
        }
    }
}

/** What ends once, however often it is asked to. */
internal class Once {
    private val ended = AtomicBoolean()

    fun end(work: () -> Unit) {
        if (ended.compareAndSet(false, true)) work()
    }
}

/** How far a long call is, and what it gave. */
sealed class Progress<out T> {
    /** So many bytes, or versions where versions are checked, are done. */
    data class Moved(
        /** How many. */
        val done: Long,
    ) : Progress<Nothing>()

    /** It is done. */
    class Done<T>(
        /** What it gave. */
        val value: T,
    ) : Progress<T>()
}

/** A long call as a flow: its steps, and what it gave as the last. When nobody collects any more, the call ends. */
internal fun <T> progressOf(call: suspend (ProgressListener) -> T): Flow<Progress<T>> = channelFlow {
    val result = call(Steps(this))
    send(Progress.Done(result))
}.buffer(Channel.UNLIMITED)

private class Steps(private val scope: ProducerScope<Progress<Nothing>>) : ProgressListener {
    override fun onProgress(done: ULong) {
        if (scope.trySend(Progress.Moved(done.toLong())).isClosed) throw CancellationException()
    }
}

/**
 * Hands bytes to the library without a copy that stays. UniFFI takes a direct buffer from its beginning, wherever its position
 * is: so it gets a slice, which begins there.
 */
internal fun <T> direct(bytes: ByteBuffer, call: (ByteBuffer) -> T): T {
    if (bytes.isDirect) return call(bytes.slice())
    val copy = ByteBuffer.allocateDirect(bytes.remaining())
    copy.put(bytes.duplicate()).flip()
    try {
        return call(copy)
    } finally {
        copy.wipe()
    }
}

/** As above, of all of an array. */
internal fun <T> direct(bytes: ByteArray, call: (ByteBuffer) -> T): T = direct(ByteBuffer.wrap(bytes), call)

/** The bytes of a piece, which is let go of. */
internal fun PieceHandle.taken(): ByteArray = use { Pointer(it.address().toLong()).getByteArray(0, it.length().toInt()) }

/** Overwrites all of a buffer. */
internal fun ByteBuffer.wipe() {
    clear()
    while (hasRemaining()) put(0)
    clear()
}
