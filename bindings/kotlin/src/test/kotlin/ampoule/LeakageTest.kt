package ampoule

import java.io.ByteArrayOutputStream
import java.io.PrintStream
import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith
import kotlin.test.assertFalse
import kotlin.test.assertTrue
import kotlinx.coroutines.flow.toList

/** What errors and printed values tell. */
class LeakageTest {
    @Test
    fun `g49 failures look alike`() = test {
        val store = Store.memory()
        val made = Vault.create(store, "Ana", key(1))
        val words = made.recoveryWords()!!
        made.vault.close()
        fun passphrase() = Unlock.passphrase("ruby mango 47 tractor".encodeToByteArray())
        // A wrong factor, one of another kind, one too many, and the code of another vault.
        val other = Vault.create(Store.memory(), "Eve", key(66)).recoveryWords()!!
        val wrong = listOf(key(2), passphrase(), key(1).and(passphrase()), Unlock.recoveryWords(other))
        val shown = wrong.map { assertFailsWith<VaultException.WayFailed> { Vault.open(store, it) }.let { e -> "$e ${e.code()}" } }
        assertEquals(1, shown.toSet().size)
        Vault.open(store, Unlock.recoveryWords(words)).close()

        // A bundle that was altered anywhere is a typed error, and each kind of error has one text.
        val pair = pair()
        val chart = pair.clinic.createChart()
        chart.put(note("Negative"))
        chart.share(pair.toAna, GrantOptions(Rights.READ))
        val bundle = chart.exportBundle(pair.toAna)
        val errors = (0 until bundle.size step 41).map { at ->
            val altered = bundle.copyOf().also { it[at] = (it[at].toInt() xor 1).toByte() }
            assertFailsWith<VaultException> { pair.ana.importBundle(altered) }
        }
        val texts = errors.groupBy { it.code() }.mapValues { (_, same) ->
            same.map { if (it is VaultException.Unopenable) it.reason.replace(Regex("[0-9a-f]{16}"), "number") else it.text() }.toSet().size
        }
        assertTrue(texts.values.all { it == 1 }, "$texts")
        assertEquals(1uL, pair.ana.importBundle(bundle).added)
    }

    @Test
    fun `g50 no content, names or keys in what is printed`() = test {
        val canary = "Wolkenkuckucksheim"
        val printed = ByteArrayOutputStream()
        val (out, err) = System.out to System.err
        System.setOut(PrintStream(printed))
        System.setErr(PrintStream(printed))
        try {
            val values = ArrayList<Any?>()
            val vault = Vault.create(
                Store.memory(),
                canary,
                Unlock.passphrase("$canary ruby mango 47".encodeToByteArray()).also {
                    values.add(it)
                },
            ).vault
            val chart = vault.createChart()
            val terms = RecordTerms(canary, listOf(RecordCode(canary, canary)), listOf(RecordDates(1, 2)), canary)
            val record = NewRecord(canary, canary.encodeToByteArray(), null, canary, terms)
            val file = NewFile(canary, canary, null, terms, Preview(canary, canary.encodeToByteArray()))
            val patient = PatientInfo(listOf(canary), listOf(PatientIdentifier(canary, canary)), canary)
            val id = chart.put(record)
            val written = chart.createFile(file).use { it.finish() }
            chart.describe(patient)
            val thread = chart.startThread(canary)
            val message = thread.send(NewMessage(canary))
            thread.react(message, "!")
            values.addAll(
                listOf(vault, chart, thread, record, terms, terms.codes, terms.dates, file, file.preview, patient, patient.identifiers),
            )
            values.addAll(
                listOf(chart.get(id), chart.history(id), chart.find(Search(canary, words = canary)), Search(canary, words = canary)),
            )
            values.addAll(listOf(chart.preview(written.entry), chart.patient(), chart.shares(), chart.threads(), chart.message(message)))
            values.addAll(listOf(vault.findPatient(PatientSearch.Name(canary, null)), PatientSearch.Name(canary, canary)))
            values.addAll(
                listOf(NewMessage(canary), thread.last(9), thread.newestFirst().toList(), AssertedActor(canary, canary, canary, canary)),
            )
            values.addAll(listOf(vault.actingFor(AssertedActor(canary, canary, canary, canary)), vault.audit(), vault.verify()))
            for (call in listOf<suspend () -> Unit>(
                { chart.get(canary) },
                { chart.startThread(canary, canary + canary) },
                { chart.put(record.copy(label = canary)) },
                { vault.addContact(canary.encodeToByteArray()) },
                { vault.importBundle(canary.encodeToByteArray()) },
                { chart.find(Search(canary, dates = RecordDates(2, 1))) },
                { Vault.create(Store.memory(), canary, Unlock.passphrase(canary.encodeToByteArray())) },
                { Unlock.recoveryWords(canary.encodeToByteArray()) },
            )) {
                val error = assertFailsWith<VaultException> { call() }
                values.add(error.stackTraceToString())
            }
            for (value in values) {
                val text = "$value"
                assertFalse(canary in text || canary.encodeToByteArray().contentToString().drop(1).dropLast(1) in text, text)
            }
            assertTrue(values.size > 35)
        } finally {
            System.setOut(out)
            System.setErr(err)
        }
        assertEquals("", printed.toString())
    }
}
