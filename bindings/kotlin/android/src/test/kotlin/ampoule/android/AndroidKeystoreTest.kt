package ampoule.android

import ampoule.HookException
import ampoule.SecondWay
import ampoule.Store
import ampoule.Unlock
import ampoule.Vault
import ampoule.VaultException
import android.security.keystore.KeyProperties
import java.nio.file.Files
import java.security.Security
import kotlin.test.assertContentEquals
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith
import kotlin.test.assertFalse
import kotlin.test.assertTrue
import kotlinx.coroutines.runBlocking
import org.junit.After
import org.junit.Before
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.annotation.Config

@RunWith(RobolectricTestRunner::class)
@Config(sdk = [34], manifest = Config.NONE)
class AndroidKeystoreTest {
    @Before
    fun register() {
        Security.addProvider(DoubleProvider())
        DoubleProvider.keys.clear()
        DoubleProvider.asked.clear()
        DoubleProvider.hasStrongBox = true
    }

    @After
    fun remove() = Security.removeProvider("AndroidKeyStore")

    @Test
    fun `the key is for sealing only, works while the phone is unlocked, and is made once`() {
        val bytes = ByteArray(32) { it.toByte() }
        val wrapped = AndroidKeystore.deviceKey().wrap(bytes)
        assertContentEquals(bytes, AndroidKeystore.deviceKey().unwrap(wrapped))
        val spec = DoubleProvider.asked.single()
        assertEquals("ampoule" to 256, spec.keystoreAlias to spec.keySize)
        assertEquals(KeyProperties.PURPOSE_ENCRYPT or KeyProperties.PURPOSE_DECRYPT, spec.purposes)
        assertContentEquals(arrayOf(KeyProperties.BLOCK_MODE_GCM), spec.blockModes)
        assertContentEquals(arrayOf(KeyProperties.ENCRYPTION_PADDING_NONE), spec.encryptionPaddings)
        assertTrue(spec.isStrongBoxBacked && spec.isUnlockedDeviceRequired && spec.isRandomizedEncryptionRequired)
        assertFalse(spec.isUserAuthenticationRequired)
    }

    @Test
    fun `without a StrongBox the key is in the phone's keystore, and nothing else is weaker`() {
        DoubleProvider.hasStrongBox = false
        AndroidKeystore.deviceKey("other", confirmedWithinSeconds = 30)
        val (first, second) = DoubleProvider.asked
        assertEquals(true to false, first.isStrongBoxBacked to second.isStrongBoxBacked)
        assertTrue(second.isUserAuthenticationRequired && second.isUnlockedDeviceRequired)
        assertEquals(30, second.userAuthenticationValidityDurationSeconds)
    }

    @Test
    fun `a vault outlives the loss of the keystore's key`() = runBlocking {
        val folder = Files.createTempDirectory("vault")
        val store = Store.sqlite(folder.resolve("vault.db"))
        val made = Vault.create(store, "Ana", Unlock.keystore(AndroidKeystore.deviceKey(), folder.resolve("key")))
        val words = made.recoveryWords()!!
        made.vault.close()
        AndroidKeystore.remove()
        assertFailsWith<VaultException.KeystoreFailed> {
            Unlock.keystore(AndroidKeystore.deviceKey(), folder.resolve("key"))
        }
        assertFailsWith<HookException.Refused> { AndroidKeystore.deviceKey().unwrap(Files.readAllBytes(folder.resolve("key"))) }
        Vault.open(store, Unlock.recoveryWords(words)).use { vault ->
            Files.delete(folder.resolve("key"))
            vault.addWay(Unlock.keystore(AndroidKeystore.deviceKey(), folder.resolve("key")))
        }
        Vault.open(store, Unlock.keystore(AndroidKeystore.deviceKey(), folder.resolve("key"))).close()
        assertEquals(true, folder.toFile().deleteRecursively())
    }

    @Test
    fun `the second way is no option that one forgets`() = runBlocking {
        val folder = Files.createTempDirectory("vault")
        val unlock = Unlock.keystore(AndroidKeystore.deviceKey(), folder.resolve("key"))
        assertTrue(Vault.create(Store.memory(), "Ana", unlock).recoveryWords()!!.size > 100)
        val same = SecondWay.Also(Unlock.keystore(AndroidKeystore.deviceKey(), folder.resolve("key")))
        assertFailsWith<VaultException.SecondWayMissing> { Vault.create(Store.memory(), "Ana", unlock, same) }
        assertEquals(true, folder.toFile().deleteRecursively())
    }
}
