package ampoule

import com.google.gson.JsonArray
import com.google.gson.JsonObject
import com.google.gson.JsonParser
import java.nio.file.Files
import java.nio.file.Path
import kotlin.io.path.listDirectoryEntries
import kotlin.io.path.name
import kotlin.test.assertEquals
import kotlin.test.assertTrue
import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.DynamicTest
import org.junit.jupiter.api.TestFactory

/** The cases of `tests/conformance`, which every language has to answer alike. */
class ConformanceTest {
    @TestFactory
    fun `every case comes to what it should`(): List<DynamicTest> {
        val files = Path.of(System.getProperty("ampoule.conformance")).listDirectoryEntries("*.json")
        val cases = files.flatMap { file ->
            JsonParser.parseString(Files.readString(file)).asJsonArray.map { file.name to it.asJsonObject }
        }
        assertTrue(cases.size > 10)
        return cases.map { (file, case) ->
            DynamicTest.dynamicTest("$file: ${case["case"].asString}") {
                val world = World()
                for (step in case["steps"].asJsonArray.map { it.asJsonObject }) {
                    assertEquals(step["expect"] ?: JsonObject(), runBlocking { world.outcome(step) }, "$step")
                }
            }
        }
    }

    /** What a case works on. */
    private class World {
        private val store = Store.memory()
        private lateinit var vault: Vault
        private lateinit var chart: Chart
        private val entries = HashMap<String, EntryId>()

        /** As `expect` has it: empty where it worked and there is nothing to say. */
        suspend fun outcome(step: JsonObject): JsonObject = try {
            call(step)
        } catch (error: VaultException) {
            answer {
                addProperty("error", error.code().toInt())
                addProperty("name", error::class.simpleName)
            }
        }

        private suspend fun call(step: JsonObject): JsonObject {
            when (val call = step["call"].asString) {
                "create" -> vault = Vault.create(store, step.text("name")!!, way(step), SecondWay.NoneDataWillBeLost).vault
                "open" -> vault = Vault.open(store, way(step))
                "unlock" -> vault.unlock(way(step))
                "lock" -> vault.lock()
                "chart" -> chart = vault.createChart()
                "put" -> entries[step.text("as")!!] = chart.put(record(step))
                "update" -> chart.update(entry(step), record(step))
                "delete" -> chart.delete(entry(step))
                "get" -> return chart.get(entry(step)).let { answer { addProperty("content", it.content.decodeToString()) } }
                "history" -> return chart.history(entry(step)).let { answer { addProperty("count", it.size) } }
                "find" -> {
                    val names = JsonArray()
                    for (found in chart.find(search(step)).entries) {
                        names.add(entries.entries.single { it.value == found.id }.key)
                    }
                    return answer { add("found", names) }
                }
                "recovery_words" -> Unlock.recoveryWords(step.text("words")!!.encodeToByteArray())
                "add_card" -> vault.addContact(hex(step.text("hex")!!))
                "import" -> vault.importBundle(hex(step.text("hex")!!))
                else -> error("there is no call $call")
            }
            return JsonObject()
        }

        private fun answer(fill: JsonObject.() -> Unit) = JsonObject().apply(fill)

        private fun entry(step: JsonObject): EntryId = entries[step.text("entry")] ?: "0".repeat(32)

        private fun way(step: JsonObject): Unlock =
            step.text("passphrase")?.let { Unlock.passphrase(it.encodeToByteArray()) } ?: Unlock.deviceKey(hex(step.text("key")!!))

        private fun record(step: JsonObject) = NewRecord(
            "text/plain",
            step.text("text")!!.encodeToByteArray(),
            step.text("label"),
            null,
            RecordTerms(step.text("kind") ?: "", codes(step), listOfNotNull(dates(step)), step.text("words") ?: ""),
        )

        private fun search(step: JsonObject) = Search(step.text("kind"), codes(step), dates(step), step.text("words"), step.text("prefix"))

        private fun codes(step: JsonObject): List<RecordCode> =
            step["codes"]?.asJsonArray?.map { it.asJsonArray }?.map { RecordCode(it[0].asString, it[1].asString) } ?: emptyList()

        private fun dates(step: JsonObject): RecordDates? = step["dates"]?.asJsonArray?.let { RecordDates(it[0].asLong, it[1].asLong) }

        private fun hex(text: String): ByteArray = text.chunked(2).map { it.toInt(16).toByte() }.toByteArray()

        private fun JsonObject.text(name: String): String? = this[name]?.asString
    }
}
