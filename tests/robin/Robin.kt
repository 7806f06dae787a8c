// Kotlin in the round robin of the languages: see xtask/src/robin.rs, and robin.c for its arguments.

import ampoule.*
import java.nio.file.Files
import java.nio.file.Path
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.runBlocking

fun main(args: Array<String>) = runBlocking {
    val (what, at, name, key) = args
    val folder = Path.of(at)
    val store = Store.sqlite(folder.resolve("$name.db"))
    val unlock = Unlock.deviceKey(ByteArray(32) { key.toByte() })
    if (what == "make") {
        Vault.create(store, name, unlock, SecondWay.NoneDataWillBeLost).vault.use {
            Files.write(folder.resolve("$name.card"), it.card())
        }
        return@runBlocking
    }
    Vault.open(store, unlock).use { vault ->
        val (from, to) = args.drop(5).let { names -> names.takeWhile { it != "to" } to names.dropWhile { it != "to" }.drop(1) }
        val contacts = if (what == "add") meet(vault, folder, name) else emptyMap()
        val charts = from.map { vault.importBundle(Files.readAllBytes(folder.resolve("$it-$name.bundle"))).chart }
        val chart = vault.chart(charts.last())
        val read = chart.entries().toList().onEach { check(it.content.decodeToString() == "${it.author} wrote this") }
        println("$name reads ${read.joinToString(",") { it.author }}")
        check(read.joinToString(",") { it.author } == args[4])
        check(vault.verify().findings.isEmpty())
        if (what == "add") chart.put(NewRecord("text/plain", "$name wrote this".encodeToByteArray()))
        for (next in to) Files.write(folder.resolve("$name-$next.bundle"), chart.exportBundle(contacts.getValue(next)))
    }
}

/** Takes the cards of all others, each by its fingerprint. */
private suspend fun meet(vault: Vault, folder: Path, name: String): Map<String, Contact> {
    val cards = Files.list(folder).use { files -> files.filter { it.toString().endsWith(".card") }.toList() }
    val others = cards.map { it.fileName.toString().removeSuffix(".card") }.filter { it != name }
    return others.associateWith { other ->
        val contact = vault.addContact(Files.readAllBytes(folder.resolve("$other.card")))
        contact.verify(Files.readString(folder.resolve("$other.digits")))
        contact
    }
}
