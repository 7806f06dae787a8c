package ampoule

import java.nio.ByteBuffer
import java.nio.CharBuffer
import java.nio.file.Files
import java.nio.file.Path
import java.nio.file.StandardCopyOption.ATOMIC_MOVE
import java.nio.file.StandardOpenOption.CREATE_NEW
import java.nio.file.StandardOpenOption.DSYNC
import java.nio.file.StandardOpenOption.WRITE

/**
 * A way into a vault: one factor, or several that are required together. What it holds is in the library's memory, and wiped
 * when it is closed; a vault that is open stays open.
 */
class Unlock internal constructor(internal val ffi: UnlockHandle) : AutoCloseable {
    /** Requires both: neither opens the vault alone. */
    fun and(other: Unlock): Unlock = Unlock(ffi.and(other.ffi))

    private val open = Once()

    /** Wipes what it holds. */
    override fun close() = open.end {
        ffi.wipe()
        ffi.close()
    }

    /** Ways in. */
    companion object {
        /**
         * 32 random bytes that the platform's keystore has wrapped, in a file that is made when it is missing. The file is of no
         * use without the keystore. Keystores lose keys: never let this be the only way in.
         */
        suspend fun keystore(keystore: DeviceKey, file: Path): Unlock = io {
            if (Files.notExists(file)) {
                val new = file.resolveSibling("${file.fileName}.new")
                Files.deleteIfExists(new)
                Files.write(new, newWrappedKey(keystore), CREATE_NEW, WRITE, DSYNC)
                Files.move(new, file, ATOMIC_MOVE)
            }
            Unlock(UnlockHandle.keystore(keystore, Files.readAllBytes(file)))
        }

        /** 32 random bytes. The array is wiped. */
        fun deviceKey(key: ByteArray): Unlock = of(key) { UnlockHandle.deviceKey(it) }

        /** A passphrase, in UTF-8. The array is wiped. A weak one is refused when a vault is created or the way is added. */
        fun passphrase(passphrase: ByteArray): Unlock = of(passphrase) { UnlockHandle.passphrase(it) }

        /** A passphrase as a text field gives it. The array is wiped; what the field keeps is not in reach of this. */
        fun passphrase(passphrase: CharArray): Unlock {
            val utf8 = Charsets.UTF_8.encode(CharBuffer.wrap(passphrase))
            val bytes = ByteArray(utf8.remaining())
            utf8.duplicate().get(bytes)
            utf8.wipe()
            passphrase.fill('\u0000')
            return passphrase(bytes)
        }

        /** The 24 words of a recovery code, in UTF-8, as they were typed. The array is wiped. */
        fun recoveryWords(words: ByteArray): Unlock = of(words) { UnlockHandle.recoveryWords(it) }

        private fun of(secret: ByteArray, make: (ByteBuffer) -> UnlockHandle): Unlock = try {
            Unlock(direct(secret, make))
        } finally {
            secret.fill(0)
        }
    }
}

/** The second way into a new vault: so nobody locks himself out by accident. */
sealed class SecondWay {
    /** A recovery code is drawn and returned once, to be printed. */
    data object RecoveryCode : SecondWay()

    /** Another way in, which works without the first. */
    class Also(
        /** The way. */
        val unlock: Unlock,
    ) : SecondWay()

    /** No second way. When the only way in is lost, all data is. */
    data object NoneDataWillBeLost : SecondWay()

    internal fun ffi(): SecondWayHandle = when (this) {
        RecoveryCode -> SecondWayHandle.RecoveryCode
        is Also -> SecondWayHandle.Also(unlock.ffi)
        NoneDataWillBeLost -> SecondWayHandle.NoneDataWillBeLost
    }
}
