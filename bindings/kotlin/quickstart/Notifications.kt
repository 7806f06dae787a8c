// What stands around the two blocks on notifications in docs/START-MOBILE.md, so that they are run as they stand there.

import ampoule.*
import java.nio.file.Files
import java.nio.file.Path
import java.util.concurrent.ConcurrentHashMap
import javax.crypto.KeyGenerator
import javax.crypto.SecretKey
import kotlinx.coroutines.runBlocking

/** In the place of Android's keystore, which is on Android only. */
object AndroidKeystore {
    private val keys = ConcurrentHashMap<String, SecretKey>()

    fun deviceKey(alias: String) = CipherDeviceKey(keys.getOrPut(alias) { KeyGenerator.getInstance("AES").generateKey() })
}

fun notify(title: String, text: String) = println("$title: $text")

suspend fun app(vault: Vault, thread: MessageThread, noBackup: Path) {
    // BLOCK
}

suspend fun service(notice: ByteArray, noBackup: Path) {
    // BLOCK
}

fun main(args: Array<String>) = runBlocking {
    val folder = Path.of(args[0])
    val way = Unlock.deviceKey(ByteArray(32) { 1 })
    Vault.create(Store.memory(), "Dr. Lee", way, SecondWay.NoneDataWillBeLost).vault.use { vault ->
        val thread = vault.createChart().startThread("Knee pain")
        app(vault, thread, folder)
        val notice = thread.notice(thread.send("It is not broken."))
        vault.lock()
        service(notice, folder)
    }
}
