package ampoule

import com.sun.management.HotSpotDiagnosticMXBean
import java.io.RandomAccessFile
import java.lang.management.ManagementFactory
import java.nio.file.Files
import java.nio.file.Path
import kotlin.experimental.xor
import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertTrue
import org.junit.jupiter.api.io.TempDir

/** What is left in memory: the whole process's, the library's part as well as Java's, and a dump of Java's heap. */
class MemoryTest {
    private val mask = 0x5a.toByte()

    /** A secret that stands nowhere in memory as it is. */
    private class Masked(val name: String, val bytes: ByteArray)

    private fun masked(name: String, secret: ByteArray) =
        Masked(name, ByteArray(secret.size) { secret[it] xor mask }).also { secret.fill(0) }

    /** A text that stands nowhere in the program as it is. */
    private fun backwards(text: String) = text.encodeToByteArray().also { it.reverse() }

    private fun Masked.open() = ByteArray(bytes.size) { bytes[it] xor mask }

    private fun countIn(secret: Masked, memory: ByteArray, len: Int): Int {
        var (count, at) = 0 to 0
        val first = secret.bytes[0] xor mask
        while (at <= len - secret.bytes.size) {
            if (memory[at] == first && secret.bytes.indices.all { memory[at + it] == secret.bytes[it] xor mask }) count++
            at++
        }
        return count
    }

    /** Where the last scan found something, for whoever has to find out why. */
    private val places = ArrayList<String>()

    /** How often each stands in what this process can write to. The buffer that it is read into is overwritten after each piece. */
    private fun inProcess(secrets: List<Masked>): List<Int> {
        val counts = IntArray(secrets.size)
        places.clear()
        val piece = ByteArray(1 shl 22)
        RandomAccessFile("/proc/self/mem", "r").use { memory ->
            for (line in Files.readAllLines(Path.of("/proc/self/maps"))) {
                val (range, rights) = line.split(' ')
                if (!rights.startsWith("rw") || "[v" in line) continue
                val (begin, end) = range.split('-').map { it.toULong(16).toLong() }
                var at = begin
                while (at < end) {
                    // A piece overlaps the next, so that nothing hides on the border.
                    memory.seek(at)
                    val read = runCatching { memory.read(piece, 0, minOf(piece.size.toLong(), end - at).toInt()) }.getOrDefault(-1)
                    if (read <= 0) break
                    secrets.forEachIndexed { index, secret ->
                        val count = countIn(secret, piece, read)
                        counts[index] += count
                        if (count > 0) places += "${secret.name}: $line"
                    }
                    piece.fill(0, 0, read)
                    at += maxOf(1, if (read == piece.size) read - 64 else read)
                }
            }
        }
        return counts.toList()
    }

    private fun inHeap(secrets: List<Masked>, dump: Path): List<Int> {
        ManagementFactory.getPlatformMXBean(HotSpotDiagnosticMXBean::class.java).dumpHeap(dump.toString(), false)
        val bytes = Files.readAllBytes(dump)
        return secrets.map { countIn(it, bytes, bytes.size) }.also { bytes.fill(0) }
    }

    @Test
    fun `g50 after the lock no secret is left in the process or in a dump of the heap`(@TempDir folder: Path) = test {
        val store = Store.memory()
        val key = masked("device key", ByteArray(32) { (it * 7 + 3).toByte() })
        val passphrase = masked("passphrase", backwards("nretnal 39 tlasab enohpolyx"))
        val made = Unlock.deviceKey(key.open()).use { Vault.create(store, "Ana", it) }
        val words = masked("recovery words", made.recoveryWords()!!)
        val note = masked("record", backwards("syadsenduW no esrow ,gninrom eht ni yzziD"))
        val secrets = listOf(key, passphrase, words, note)
        made.vault.close()

        val held = listOf(Unlock.deviceKey(key.open()), Unlock.passphrase(passphrase.open()), Unlock.recoveryWords(words.open()))
        val vault = Vault.open(store, held[0])
        vault.addWay(held[1])
        var content: ByteArray? = note.open()
        val chart = vault.createChart()
        val id = chart.put(NewRecord("text/plain", content!!))
        val entry = chart.get(id)
        val before = inProcess(secrets)
        assertTrue(before.all { it > 0 }, "the scan is blind: ${secrets.map { it.name }.zip(before)}")

        held.forEach { it.close() }
        chart.close()
        vault.close()
        entry.content.fill(0)
        content.fill(0)
        content = null
        assertEquals(listOf(0, 0, 0, 0), inHeap(secrets, folder.resolve("heap.hprof")), "in the heap: ${secrets.map { it.name }}")
        assertEquals(listOf(0, 0, 0, 0), inProcess(secrets), "in the process: $places")
    }

    @Test
    fun `a scan of the heap finds what is there`(@TempDir folder: Path) {
        val secret = masked("secret", ByteArray(32) { (it * 11 + 1).toByte() })
        val held = secret.open()
        assertEquals(listOf(1), inHeap(listOf(secret), folder.resolve("heap.hprof")))
        held.fill(0)
    }
}
