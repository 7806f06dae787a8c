// The work of the benchmark of the doors, in Kotlin. What it is asked and answers is in xtask/src/bench/doors.rs.

import ampoule.*
import java.nio.ByteBuffer
import java.nio.file.Path
import kotlin.system.measureNanoTime
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.runBlocking

/** What is pushed at once, in bytes. */
private const val PIECE = 256 * 1024

fun main() {
    for (line in generateSequence(::readLine)) {
        val words = line.split('\t')
        // Where an app's own work runs.
        val took = runBlocking(Dispatchers.Default) {
            when (words[0]) {
                "call" -> call(words[1].toInt())
                "suspended" -> suspended(words[1].toInt())
                "record" -> record(words[1].toInt())
                "path" -> byPath(Path.of(words[1]), Path.of(words[2]), Path.of(words[3]))
                "chunks" -> inChunks(Path.of(words[1]), words[2].toInt())
                else -> error("no such work: $line")
            }
        }
        println("took\t$took")
    }
}

/** A call that looks one handle up, and gives a number. */
private suspend fun call(count: Int): Long = vault(Store.memory()).use { vault ->
    vault.createChart().createFile(NewFile("a/b")).use { writer ->
        measureNanoTime { repeat(count) { check(writer.length == 0L) } }
    }
}

/** The same as a function that suspends. */
private suspend fun suspended(count: Int): Long = vault(Store.memory()).use { vault ->
    measureNanoTime { repeat(count) { check(!vault.isLocked()) } }
}

/** Puts a record of 2 kB and gets it, in memory. */
private suspend fun record(count: Int): Long = vault(Store.memory()).use { vault ->
    val chart = vault.createChart()
    val content = ByteArray(2000) { 'x'.code.toByte() }
    measureNanoTime {
        repeat(count) {
            val id = chart.put(NewRecord("text/plain", content))
            check(chart.get(id).content.size == content.size)
        }
    }
}

/** Takes a file from a path, and writes it to another. */
private suspend fun byPath(folder: Path, from: Path, to: Path): Long = vaultIn(folder).use { vault ->
    val chart = vault.createChart()
    measureNanoTime {
        val id = chart.putFile(NewFile("a/b"), from)
        chart.file(id).use { it.exportTo(to) }
    }
}

/** Pushes a file in pieces, and reads it in pieces. */
private suspend fun inChunks(folder: Path, count: Int): Long = vaultIn(folder).use { vault ->
    val chart = vault.createChart()
    val piece = ByteBuffer.allocateDirect(PIECE)
    while (piece.hasRemaining()) piece.put(7)
    piece.flip()
    measureNanoTime {
        val written = chart.createFile(NewFile("a/b")).use { writer ->
            repeat(count) { writer.update(piece) }
            writer.finish()
        }
        var read = 0L
        chart.file(written.entry).use { file -> file.pieces().collect { read += it.size } }
        check(read == count.toLong() * PIECE)
    }
}

private suspend fun vaultIn(folder: Path): Vault = vault(Store.sqlite(folder.resolve("vault.db")))

private suspend fun vault(store: Store): Vault =
    Vault.create(store, "Clinic", Unlock.deviceKey(ByteArray(32) { 1 }), SecondWay.NoneDataWillBeLost).vault
