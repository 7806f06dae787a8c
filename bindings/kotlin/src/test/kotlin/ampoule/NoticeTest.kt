package ampoule

import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith

class NoticeTest {
    /** What the clinic says in a thread that Ana has, with Ana's keys for previews. */
    private class Said(val pair: Pair, val chart: Chart, val thread: MessageThread, val keys: ByteArray)

    private suspend fun said(): Said {
        val pair = pair()
        val chart = pair.clinic.createChart()
        chart.share(pair.toAna, GrantOptions(Rights.WRITE))
        val thread = chart.startThread("Knee pain", "general")
        pair.ana.importBundle(chart.exportBundle(pair.toAna))
        val copy = pair.ana.chart(chart.id).thread(thread.id)
        return Said(pair, chart, thread, pair.ana.previewKeys(listOf(copy), key(77)))
    }

    @Test
    fun `a message is shown while the vault is locked`() = test {
        val said = said()
        val id = said.thread.send("It is not broken.")
        val notice = said.thread.notice(id)
        said.pair.ana.lock()
        val shown = openPreview(notice, said.keys, key(77))
        assertEquals(
            listOf("Riverside Clinic", "It is not broken.", Known.VERIFIED, id, said.thread.id, said.chart.id),
            listOf(shown.author, shown.text, shown.known, shown.id, shown.thread, shown.chart),
        )
        assertEquals("UnverifiedMessage(..)", "$shown")
    }

    @Test
    fun `what does not open says what to do`() = test {
        val said = said()
        val notice = said.thread.notice(said.thread.send("It is not broken."))
        assertFailsWith<VaultException.WayFailed> { openPreview(notice, said.keys, key(78)) }
        assertFailsWith<VaultException.WayFailed> { openPreview(notice, ByteArray(0), key(77)) }
        assertFailsWith<VaultException.Unopenable> { openPreview(ByteArray(10), said.keys, key(77)) }
        val passphrase = Unlock.passphrase("ruby mango 47 tractor".encodeToByteArray())
        assertFailsWith<VaultException.InvalidKey> { openPreview(notice, said.keys, passphrase) }
        assertFailsWith<VaultException.InvalidKey> { openPreview(notice, said.keys, key(77).and(passphrase)) }
        assertFailsWith<VaultException.Finished> { openPreview(notice, said.keys, key(77).also { it.close() }) }
        val other = said.chart.startThread("Another", "general")
        val elsewhere = other.notice(other.send("elsewhere"))
        assertFailsWith<VaultException.OutsidePreview> { openPreview(elsewhere, said.keys, key(77)) }
        said.chart.revoke(said.pair.toAna)
        val after = said.thread.notice(said.thread.send("after"))
        val outdated = assertFailsWith<VaultException.OutdatedPreview> { openPreview(after, said.keys, key(77)) }
        assertEquals(160u, outdated.code())
    }
}
