package ampoule

import java.nio.file.Files
import java.nio.file.Path
import kotlin.io.path.exists
import kotlin.io.path.readBytes
import kotlin.test.Test
import kotlin.test.assertContentEquals
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith
import kotlin.test.assertFalse
import kotlin.test.assertNotNull
import kotlin.test.assertNull
import kotlin.test.assertTrue
import kotlinx.coroutines.flow.map
import kotlinx.coroutines.flow.toList
import org.junit.jupiter.api.io.TempDir

class VaultTest {
    @Test
    fun `a vault opens by the keystore, by the passphrase, and by the code on paper`(@TempDir folder: Path) = test {
        val (keystore, wrapped) = DoubleKeystore() to folder.resolve("device-key")
        val store = Store.sqlite(folder.resolve("vault.db"))
        val made = Vault.create(store, "Ana", Unlock.keystore(keystore, wrapped))
        val words = assertNotNull(made.recoveryWords())
        val id = made.vault.createChart().use { it.put(note("Blood pressure 120/80")) }
        made.vault.addWay(Unlock.passphrase("ruby mango 47 tractor".encodeToByteArray()))
        made.vault.close()
        assertTrue(wrapped.exists() && wrapped.readBytes().size > 32)

        val ways = listOf<suspend () -> Unlock>(
            { Unlock.keystore(keystore, wrapped) },
            { Unlock.passphrase("ruby mango 47 tractor".toCharArray()) },
            { Unlock.recoveryWords(words.copyOf()) },
        )
        for (way in ways) {
            Vault.open(store, way()).use { vault ->
                val chart = vault.chart(vault.chartIds().single())
                assertContentEquals("Blood pressure 120/80".encodeToByteArray(), chart.get(id).content)
            }
        }
        assertFailsWith<VaultException.WayFailed> { Vault.open(store, key(9)) }
    }

    @Test
    fun `a keystore that fails is a typed error, and what it threw stays where it was`(@TempDir folder: Path) = test {
        val keystore = DoubleKeystore()
        Unlock.keystore(keystore, folder.resolve("key"))
        for (failure in listOf(HookException.Refused(), IllegalStateException("secret"), StackOverflowError())) {
            keystore.failure = failure
            val error = assertFailsWith<VaultException.KeystoreFailed> { Unlock.keystore(keystore, folder.resolve("key")) }
            assertEquals(83u, error.code())
            assertFalse(error.toString().contains("secret"))
            assertFailsWith<VaultException.KeystoreFailed> { Unlock.keystore(keystore, folder.resolve("other")) }
            assertFalse(folder.resolve("other").exists())
        }
    }

    @Test
    fun `a wrapped key that was altered, or is another keystore's, is refused`() {
        val keystore = DoubleKeystore()
        val wrapped = newWrappedKey(keystore)
        assertEquals(12 + 32 + 16, wrapped.size)
        assertEquals(32, keystore.unwrap(wrapped).size)
        val altered = wrapped.copyOf().also { it[20] = (it[20] + 1).toByte() }
        for (bad in listOf(altered, wrapped.copyOf(12), ByteArray(0), wrapped + 1)) {
            assertFailsWith<HookException.Refused> { keystore.unwrap(bad) }
            assertFailsWith<VaultException.KeystoreFailed> { UnlockHandle.keystore(keystore, bad) }
        }
        assertFailsWith<HookException.Refused> { DoubleKeystore().unwrap(wrapped) }
    }

    @Test
    fun `the arrays of secrets are wiped`() = test {
        val (key, passphrase) = ByteArray(32) { 7 } to "ruby mango 47 tractor".toCharArray()
        Unlock.deviceKey(key)
        Unlock.passphrase(passphrase)
        assertTrue(key.all { it == 0.toByte() } && passphrase.all { it == '\u0000' })
        val wrong = ByteArray(31) { 7 }
        assertFailsWith<VaultException.InvalidKey> { Unlock.deviceKey(wrong) }
        assertTrue(wrong.all { it == 0.toByte() })
    }

    @Test
    fun `both factors are needed where both were asked for`() = test {
        val store = Store.memory()
        fun passphrase() = Unlock.passphrase("ruby mango 47 tractor".encodeToByteArray())
        Vault.create(store, "Ana", key(1).and(passphrase()), SecondWay.Also(key(2))).vault.close()
        assertFailsWith<VaultException.WayFailed> { Vault.open(store, key(1)) }
        assertFailsWith<VaultException.WayFailed> { Vault.open(store, passphrase()) }
        Vault.open(store, passphrase().and(key(1))).close()
        Vault.open(store, key(2)).close()
    }

    @Test
    fun `a checkpoint in a file anchors the vault, and a store that was put back shows`(@TempDir folder: Path) = test {
        val (db, old) = folder.resolve("vault.db") to folder.resolve("old.db")
        val settings = VaultSettings(checkpointPath = folder.resolve("checkpoint").toString())
        Vault.create(Store.sqlite(db), "Ana", key(1), SecondWay.NoneDataWillBeLost, settings).vault.close()
        for (end in listOf("", "-wal")) Files.copy(Path.of("$db$end"), Path.of("$old$end"))
        Vault.open(Store.sqlite(db), key(1), settings).use { vault ->
            assertEquals(Freshness.ANCHORED, vault.freshness())
            vault.createChart()
        }
        val copy = Vault.open(Store.sqlite(old), key(1), settings)
        assertFailsWith<VaultException.RestoredCopy> { copy.createChart() }
        copy.adoptRestored("restored from the backup of Friday")
        copy.createChart()
    }

    @Test
    fun `a record comes back as it went in, and by what it is found by`() = test {
        val chart = vault().createChart()
        val id = chart.put(note("Blood pressure 120/80"))
        val hiv = chart.put(note("Negative", label = "HIV"))
        assertEquals(listOf(id), chart.find(Search(kind = "Note", words = "PRESSURE")).entries.map { it.id })
        assertEquals(listOf(id, hiv), chart.entries().map { it.id }.toList())
        val entry = chart.get(id)
        assertEquals(listOf("text/plain", "Ana", "Note"), listOf(entry.mediaType, entry.author, entry.termKind))
        assertTrue(entry.isMine && entry.conflicts.isEmpty() && entry.acceptance == Acceptance.USUAL)
        // Nothing of a patient in a log by accident.
        assertEquals("Entry(..)", entry.toString())
        assertEquals("NewRecord(..)", note("Negative").toString())

        assertEquals(chart.putOnce("k", note("once")), chart.putOnce("k", note("twice")))
        chart.update(entry, note("Blood pressure 121/80"))
        chart.update(entry, note("Blood pressure 122/80"))
        val conflict = chart.get(id)
        assertEquals(1, conflict.conflicts.size)
        chart.resolve(id, note("Blood pressure 123/80"))
        assertTrue(chart.get(id).conflicts.isEmpty())
        chart.delete(id)
        assertFailsWith<VaultException.UnknownEntry> { chart.get(id) }
        assertEquals(5, chart.history(id).size)
        assertEquals(3, chart.putAll(listOf(note("a1"), note("a2"), note("a3"))).toSet().size)
    }

    @Test
    fun `the directory finds the patient`() = test {
        val vault = vault()
        val chart = vault.createChart()
        chart.describe(PatientInfo(listOf("Ana Müller"), listOf(PatientIdentifier("urn:mrn", "17")), "1970-05-03"))
        val found = vault.findPatient(PatientSearch.Name("mull", "1970"))
        assertEquals(listOf(chart.id), found.map { it.chart })
        assertEquals(1, vault.findPatient(PatientSearch.Identifier(null, "17", null)).size)
        assertEquals(0, vault.findPatient(PatientSearch.Identifier("urn:other", "17", null)).size)
        chart.forgetPatient()
        assertNull(chart.patient())
    }

    @Test
    fun `a chart is shared by bundles, and the share is taken back`() = test {
        val pair = pair()
        val chart = pair.clinic.createChart()
        val id = chart.put(note("Blood pressure 120/80"))
        val hiv = chart.put(note("Negative", label = "hiv"))
        val grant = GrantOptions(Rights.WRITE, labels = listOf("general"), purpose = Purpose.TREAT)
        assertEquals(Standing.COMMITTED, chart.share(pair.toAna, grant))
        val applied = pair.ana.importBundle(chart.exportBundle(pair.toAna))
        assertEquals(1uL to 0uL, applied.added to applied.rejected)
        val copy = pair.ana.chart(applied.chart)
        assertEquals("Riverside Clinic", copy.get(id).author)
        assertFailsWith<VaultException.UnknownEntry> { copy.get(hiv) }
        val symptom = copy.put(note("Dizzy in the morning"))
        assertEquals(1uL, pair.clinic.importBundle(copy.exportBundle(pair.toClinic)).added)
        assertEquals("Ana", chart.get(symptom).author)
        chart.revoke(pair.toAna)
        pair.ana.importBundle(chart.exportBundle(pair.toAna, applied.next))
        assertFailsWith<VaultException.GrantEnded> { copy.get(id) }
    }

    @Test
    fun `a thread is one conversation for both`() = test {
        val pair = pair()
        val chart = pair.clinic.createChart()
        chart.share(pair.toAna, GrantOptions(Rights.WRITE))
        val thread = chart.startThread("Knee pain")
        val question = thread.send("Does it hurt at night?")
        val copy = pair.ana.chart(pair.ana.importBundle(chart.exportBundle(pair.toAna)).chart)
        val theirs = copy.thread(thread.id)
        val answer = theirs.send(NewMessage("Yes", replyTo = question))
        theirs.react(question, "👍")
        theirs.acknowledge(question, Receipt.READ)
        pair.clinic.importBundle(copy.exportBundle(pair.toClinic))
        val messages = thread.newestFirst().toList().map { (it as MessageResult.Opened).message }
        assertEquals(listOf(answer, question), messages.map { it.id })
        assertEquals(listOf("Yes", "Does it hurt at night?"), messages.map { it.text })
        assertEquals(Known.VERIFIED, messages[0].author.known)
        assertEquals(listOf("👍"), messages[1].reactions.map { it.symbol })
        assertEquals(listOf(Receipt.READ), messages[1].receipts.map { it.receipt })
        assertEquals(1, chart.threads().size)
        repeat(60) { thread.send("m$it") }
        assertEquals(62, thread.newestFirst().toList().size)
    }

    @Test
    fun `what was done can be read, by the owner and by an auditor`(@TempDir folder: Path) = test {
        val pair = pair()
        val chart = pair.clinic.createChart()
        chart.get(chart.put(note("a note")))
        val kinds = pair.clinic.audit().map { it.kind }
        assertTrue(kinds.containsAll(listOf(EventKind.CREATE, EventKind.FOUND, EventKind.WRITE, EventKind.READ)))
        assertTrue(pair.clinic.exportAudit(folder.resolve("audit.jsonl")) >= kinds.size)
        assertFailsWith<VaultException.CannotWrite> { pair.clinic.exportAudit(folder.resolve("audit.jsonl")) }
        val report = pair.ana.readAudit(pair.clinic.exportAuditTo(pair.toAna, chart.id))
        assertEquals(chart.id to "Riverside Clinic", report.chart to report.from().name())
        val later = pair.ana.readAudit(pair.clinic.exportAuditTo(pair.toAna, chart.id))
        assertTrue(later.follows(report) && !report.follows(later))
        assertEquals(0, pair.clinic.verify().findings.size)
        val steps = pair.clinic.verifying().toList()
        assertEquals(1uL, (steps.last() as Progress.Done).value.versions)
    }
}
