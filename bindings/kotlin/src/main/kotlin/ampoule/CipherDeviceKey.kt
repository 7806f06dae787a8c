package ampoule

import java.security.GeneralSecurityException
import javax.crypto.Cipher
import javax.crypto.SecretKey
import javax.crypto.spec.GCMParameterSpec

private const val TRANSFORMATION = "AES/GCM/NoPadding"
private const val NONCE_LEN = 12
private const val TAG_BITS = 128

/**
 * A [DeviceKey] by an AES key of the platform: of Android's keystore, of a `java.security.KeyStore`, of a token. The key never
 * has to leave it. What is wrapped is the nonce that the platform drew, and the ciphertext with its tag.
 */
class CipherDeviceKey(private val key: SecretKey) : DeviceKey {
    /** Encrypts 32 bytes, authenticated. */
    override fun wrap(key: ByteArray): ByteArray = using {
        // The keystore of Android draws the nonce itself, and refuses one that it is given.
        it.init(Cipher.ENCRYPT_MODE, this.key)
        check(it.iv.size == NONCE_LEN)
        it.iv + it.doFinal(key)
    }

    /** Gives back what was wrapped. */
    override fun unwrap(wrapped: ByteArray): ByteArray = using {
        if (wrapped.size <= NONCE_LEN) throw HookException.Refused()
        it.init(Cipher.DECRYPT_MODE, key, GCMParameterSpec(TAG_BITS, wrapped, 0, NONCE_LEN))
        it.doFinal(wrapped, NONCE_LEN, wrapped.size - NONCE_LEN)
    }

    private fun using(work: (Cipher) -> ByteArray): ByteArray = try {
        work(Cipher.getInstance(TRANSFORMATION))
    } catch (_: GeneralSecurityException) {
        // The key was removed, the person was not there, or the bytes are others: the application cannot mend any of it.
        throw HookException.Refused()
    }
}
