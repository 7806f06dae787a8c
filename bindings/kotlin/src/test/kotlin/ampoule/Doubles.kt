package ampoule

import javax.crypto.KeyGenerator
import kotlinx.coroutines.runBlocking

/** A keystore in memory, with a key that dies with it. */
class DoubleKeystore : DeviceKey {
    private val key = CipherDeviceKey(KeyGenerator.getInstance("AES").apply { init(256) }.generateKey())

    /** What it throws from now on instead of working. */
    var failure: Throwable? = null

    override fun wrap(key: ByteArray): ByteArray {
        failure?.let { throw it }
        return this.key.wrap(key)
    }

    override fun unwrap(wrapped: ByteArray): ByteArray {
        failure?.let { throw it }
        return key.unwrap(wrapped)
    }
}

/** A keeper of checkpoints in memory. */
class DoubleKeeper : CheckpointKeeper {
    @Volatile
    private var kept: ByteArray? = null

    /** What it throws from now on instead of working. */
    @Volatile
    var failure: Throwable? = null

    override fun load(): ByteArray? {
        failure?.let { throw it }
        return kept
    }

    override fun save(checkpoint: ByteArray) {
        failure?.let { throw it }
        kept = checkpoint
    }
}

/** A device key of 32 equal bytes. */
fun key(byte: Int): Unlock = Unlock.deviceKey(ByteArray(32) { byte.toByte() })

/** A vault in memory. */
suspend fun vault(name: String = "Ana", byte: Int = 1): Vault =
    Vault.create(Store.memory(), name, key(byte), SecondWay.NoneDataWillBeLost).vault

/** A note that is found by its words. */
fun note(text: String, label: Label? = null): NewRecord =
    NewRecord("text/plain", text.encodeToByteArray(), label, null, RecordTerms(kind = "Note", text = text))

/** Two vaults whose owners have compared their fingerprints: each as the contact of the other. */
class Pair(val clinic: Vault, val ana: Vault, val toAna: Contact, val toClinic: Contact)

/** Makes such a pair. */
suspend fun pair(): Pair {
    val (clinic, ana) = vault("Riverside Clinic", 1) to vault("Ana", 2)
    val (toAna, toClinic) = clinic.addContact(ana.card()) to ana.addContact(clinic.card())
    toAna.verify(ana.fingerprint().digits)
    toClinic.verify(clinic.fingerprint().words)
    return Pair(clinic, ana, toAna, toClinic)
}

/** Runs a test that suspends. */
fun test(body: suspend kotlinx.coroutines.CoroutineScope.() -> Unit) = runBlocking { body() }
