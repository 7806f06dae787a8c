package ampoule

import java.nio.file.Path
import kotlin.test.Test
import kotlin.test.assertContentEquals
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith
import kotlin.test.assertNotEquals
import kotlin.test.assertTrue
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.launch
import org.junit.jupiter.api.io.TempDir

/** Bad input and faults: nothing crosses as a crash. */
class FaultsTest {
    @Test
    fun `h56 what is no id, label, card, cursor or bundle is a typed error`() = test {
        val (vault, chart) = vault().let { it to it.createChart() }
        for (bad in listOf("", "00", "g".repeat(32), "é".repeat(16), "\u0000".repeat(32))) {
            assertFailsWith<VaultException.InvalidId> { chart.get(bad) }
            assertFailsWith<VaultException.InvalidId> { vault.chart(bad) }
            assertFailsWith<VaultException.InvalidId> { vault.contact(bad) }
        }
        for (bad in listOf("", "x".repeat(25), "é", "a b")) {
            assertFailsWith<VaultException.InvalidLabel> { chart.put(note("x", bad)) }
        }
        for (bad in listOf(ByteArray(0), ByteArray(1), ByteArray(70_000) { -1 })) {
            assertFailsWith<VaultException.InvalidCard> { vault.addContact(bad) }
            assertFailsWith<VaultException.DamagedBundle> { vault.importBundle(bad) }
            assertFailsWith<VaultException.InvalidAudit> { vault.readAudit(bad) }
        }
        val pair = pair()
        val shared = pair.clinic.createChart()
        shared.share(pair.toAna, GrantOptions(Rights.READ))
        assertFailsWith<VaultException.InvalidCursor> { shared.exportBundle(pair.toAna, ByteArray(3)) }
        assertFailsWith<VaultException.InvalidDates> { chart.find(Search(dates = RecordDates(2, 1))) }
        assertFailsWith<VaultException.UnknownLabel> { vault.createChart(listOf("general")) }
        assertFailsWith<VaultException.InvalidText> { Unlock.passphrase(byteArrayOf(-1, -2)) }
        assertFailsWith<VaultException.RecoveryWordCount> { Unlock.recoveryWords(ByteArray(0)) }
    }

    @Test
    fun `an error tells its number and what to do`() = test {
        val vault = vault()
        vault.lock()
        val error = assertFailsWith<VaultException.Locked> { vault.createChart() }
        assertEquals(101u, error.code())
        assertTrue("open it again" in error.reason)
    }

    @Test
    fun `h56 a handle that was closed fails, and closing twice does nothing`() = test {
        val vault = vault()
        val chart = vault.createChart()
        chart.close()
        chart.close()
        assertFailsWith<IllegalStateException> { chart.list() }
        vault.close()
        vault.close()
        assertFailsWith<IllegalStateException> { vault.createChart() }
    }

    @Test
    fun `h56 handles outlive their vault, and fail as it does`() = test {
        val vault = vault()
        val chart = vault.createChart()
        val id = chart.put(note("a note"))
        val file = chart.createFile(NewFile("a/b"))
        vault.close()
        assertFailsWith<VaultException.Locked> { chart.get(id) }
        assertFailsWith<VaultException.Locked> { file.update(ByteArray(1)) }
    }

    @Test
    fun `h56 locked while 64 coroutines read and write, each gets the truth or a typed error`(@TempDir folder: Path) = test {
        val store = Store.sqlite(folder.resolve("vault.db"))
        val vault = Vault.create(store, "Ana", key(1), SecondWay.NoneDataWillBeLost).vault
        val chart = vault.createChart()
        val id = chart.put(note("the truth"))
        val work = List(64) { number ->
            async(Dispatchers.IO) {
                var (right, locked) = 0 to 0
                repeat(20) {
                    try {
                        if (number % 16 == 0) {
                            chart.put(note("n$number"))
                        } else {
                            assertContentEquals("the truth".encodeToByteArray(), chart.get(id).content)
                        }
                        right++
                    } catch (refused: VaultException) {
                        assertTrue(refused is VaultException.Locked || refused is VaultException.StoreBusy, "$refused")
                        locked++
                    }
                }
                right to locked
            }
        }
        val locks = launch(Dispatchers.IO) {
            repeat(10) {
                vault.lock()
                vault.unlock(key(1))
            }
        }
        val counts = work.awaitAll()
        locks.join()
        assertEquals(64 * 20, counts.sumOf { it.first + it.second })
        assertNotEquals(0, counts.sumOf { it.first })
        assertContentEquals("the truth".encodeToByteArray(), chart.get(id).content)
        assertTrue(vault.verify().findings.isEmpty())
    }

    @Test
    fun `h56 a vault is opened twice at once`(@TempDir folder: Path) = test {
        val path = folder.resolve("vault.db")
        val one = Vault.create(Store.sqlite(path), "Ana", key(1), SecondWay.NoneDataWillBeLost).vault
        val two = Vault.open(Store.sqlite(path), key(1))
        val id = one.createChart().let { chart -> chart.put(note("by one")) }
        val chart = two.chart(two.chartIds().single())
        assertContentEquals("by one".encodeToByteArray(), chart.get(id).content)
        val written = List(2) { async(Dispatchers.IO) { chart.put(note("by two")) } }.awaitAll()
        assertEquals(3, one.chart(chart.id).list().entries.size)
        assertEquals(2, written.toSet().size)
        assertFailsWith<VaultException.VaultExists> { Vault.create(Store.sqlite(path), "Ana", key(1)) }
    }

    @Test
    fun `h56 a keeper that throws does not keep the vault from working, and it says so`() = test {
        val (keeper, store) = DoubleKeeper() to Store.memory()
        val settings = VaultSettings(keeper = keeper)
        val vault = Vault.create(store, "Ana", key(1), SecondWay.NoneDataWillBeLost, settings).vault
        assertEquals(Freshness.ANCHORED, vault.freshness())
        for (failure in listOf(HookException.Unavailable(), IllegalStateException("secret"), StackOverflowError())) {
            keeper.failure = failure
            vault.lock()
            val error = assertFailsWith<VaultException.KeeperUnavailable> { vault.unlock(key(1)) }
            assertTrue("secret" !in error.toString())
        }
        keeper.failure = null
        vault.unlock(key(1))
    }

    @Test
    fun `h56 a listener that throws ends the work as if it were cancelled`(@TempDir folder: Path) = test {
        val from = folder.resolve("from").also { java.nio.file.Files.write(it, ByteArray(1 shl 20)) }
        val chart = vault().createChart()
        val thrower = object : ProgressListener {
            override fun onProgress(done: ULong): Unit = throw IllegalStateException("secret")
        }
        val error = assertFailsWith<VaultException.Cancelled> {
            chart.ffi.putFile(NewFile("a/b"), from.toString(), thrower, null)
        }
        assertEquals(112u, error.code())
        assertTrue(chart.entries().toList().isEmpty())
    }
}
