package ampoule.android

import ampoule.CipherDeviceKey
import ampoule.DeviceKey
import android.security.keystore.KeyGenParameterSpec
import android.security.keystore.KeyProperties
import android.security.keystore.StrongBoxUnavailableException
import java.security.KeyStore
import javax.crypto.KeyGenerator
import javax.crypto.SecretKey

private const val PROVIDER = "AndroidKeyStore"
private const val KEY_BITS = 256

/**
 * Android's keystore as the keystore of a vault: an AES key that never leaves it, in StrongBox where the phone has one.
 *
 * It loses keys: when the screen lock is removed, with some updates, on every new phone. So it is never the only way in. When
 * `Unlock.keystore` fails with `KeystoreFailed`, ask for the recovery code, and add the keystore as a new way in.
 */
object AndroidKeystore {
    /**
     * The key of this name, made when there is none. It works while the phone is unlocked; with `confirmedWithinSeconds` only
     * for so long after the person has shown a finger, a face or the screen lock.
     */
    fun deviceKey(alias: String = "ampoule", confirmedWithinSeconds: Int? = null): DeviceKey {
        val store = KeyStore.getInstance(PROVIDER).apply { load(null) }
        val key = store.getKey(alias, null) as? SecretKey ?: generate(alias, confirmedWithinSeconds)
        return CipherDeviceKey(key)
    }

    /** Removes the key of this name. What it wrapped is lost. */
    fun remove(alias: String = "ampoule") {
        KeyStore.getInstance(PROVIDER).apply { load(null) }.deleteEntry(alias)
    }

    private fun generate(alias: String, seconds: Int?): SecretKey = try {
        generate(spec(alias, seconds, strongBox = true))
    } catch (_: StrongBoxUnavailableException) {
        generate(spec(alias, seconds, strongBox = false))
    }

    private fun generate(spec: KeyGenParameterSpec): SecretKey =
        KeyGenerator.getInstance(KeyProperties.KEY_ALGORITHM_AES, PROVIDER).apply { init(spec) }.generateKey()

    internal fun spec(alias: String, seconds: Int?, strongBox: Boolean): KeyGenParameterSpec {
        val purposes = KeyProperties.PURPOSE_ENCRYPT or KeyProperties.PURPOSE_DECRYPT
        val builder = KeyGenParameterSpec.Builder(alias, purposes)
            .setBlockModes(KeyProperties.BLOCK_MODE_GCM)
            .setEncryptionPaddings(KeyProperties.ENCRYPTION_PADDING_NONE)
            .setKeySize(KEY_BITS)
            .setUnlockedDeviceRequired(true)
            .setIsStrongBoxBacked(strongBox)
        if (seconds != null) {
            val by = KeyProperties.AUTH_BIOMETRIC_STRONG or KeyProperties.AUTH_DEVICE_CREDENTIAL
            builder.setUserAuthenticationRequired(true).setUserAuthenticationParameters(seconds, by)
        }
        return builder.build()
    }
}
