package ampoule

import java.nio.ByteBuffer
import java.nio.file.Files
import java.nio.file.Path
import kotlin.io.path.exists
import kotlin.io.path.readBytes
import kotlin.io.path.writeBytes
import kotlin.test.Test
import kotlin.test.assertContentEquals
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith
import kotlin.test.assertFalse
import kotlin.test.assertTrue
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.async
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.flow.takeWhile
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.launch
import org.junit.jupiter.api.io.TempDir

class FilesTest {
    private val photo = NewFile("image/jpeg", name = "knee.jpg", preview = Preview("image/jpeg", byteArrayOf(1, 2)))

    private fun content(size: Int) = ByteArray(size) { (it % 251).toByte() }

    @Test
    fun `h56 a buffer is taken from its position, whatever kind it is`() = test {
        val chart = vault().createChart()
        val bytes = content(100)
        val direct = ByteBuffer.allocateDirect(100).put(bytes)
        val buffers = listOf(
            direct.duplicate().position(10).limit(30),
            ByteBuffer.wrap(bytes).position(10).limit(30),
            ByteBuffer.wrap(bytes).asReadOnlyBuffer().position(10).limit(30),
            direct.duplicate().position(5).limit(60).slice().position(5).limit(25),
        )
        for (buffer in buffers) {
            val written = chart.createFile(photo).use {
                it.update(buffer)
                it.finish()
            }
            chart.file(written.entry).use { assertContentEquals(bytes.copyOfRange(10, 30), it.readAt(0, 100)) }
        }
        // Nothing at all is a piece as well, and the buffer itself stays as it was.
        val empty = ByteBuffer.allocateDirect(8).position(8)
        val written = chart.createFile(photo).use {
            it.update(empty)
            it.update(direct.flip())
            it.finish()
        }
        assertEquals(8 to 0, empty.position() to direct.position())
        chart.file(written.entry).use { assertContentEquals(bytes, it.readAt(0, 100)) }
    }

    @Test
    fun `a secret is taken from a buffer at its position`() = test {
        // What the generated code does by itself: it begins at the start of the memory.
        val buffer = ByteBuffer.allocateDirect(42)
        repeat(42) { buffer.put(it.toByte()) }
        buffer.position(10)
        val store = Store.memory()
        val unlock = direct(buffer) { Unlock(UnlockHandle.deviceKey(it)) }
        Vault.create(store, "Ana", unlock, SecondWay.NoneDataWillBeLost).vault.close()
        Vault.open(store, Unlock.deviceKey(ByteArray(32) { (it + 10).toByte() })).close()
    }

    @Test
    fun `a file goes in by path and comes out by path, by piece and in part`(@TempDir folder: Path) = test {
        val (from, to) = folder.resolve("from") to folder.resolve("to")
        from.writeBytes(content(700_000))
        val chart = vault().createChart()
        val steps = chart.puttingFile(photo, from).toList()
        val id = (steps.last() as Progress.Done).value
        assertEquals(700_000, steps.filterIsInstance<Progress.Moved>().last().done)
        chart.file(id).use { file ->
            assertEquals(700_000L to "knee.jpg", file.length to file.entry.name)
            assertContentEquals(content(700_000).copyOfRange(300_000, 300_010), file.readAt(300_000, 10))
            assertContentEquals(content(700_000), file.pieces().toList().reduce(ByteArray::plus))
            file.exportTo(to)
            assertFailsWith<IllegalArgumentException> { file.readAt(-1, 1) }
        }
        assertContentEquals(content(700_000), to.readBytes())
        assertContentEquals(byteArrayOf(1, 2), chart.preview(id)?.content)
        from.writeBytes(content(10))
        chart.updateFile(id, photo, from)
        assertEquals(10, chart.file(id).use { it.length })
        assertFailsWith<VaultException.CannotRead> { chart.putFile(photo, folder.resolve("absent")) }
    }

    @Test
    fun `cancelling a coroutine ends the call and leaves nothing`(@TempDir folder: Path) = test {
        val from = folder.resolve("from")
        Files.newOutputStream(from).use { out -> repeat(96) { out.write(content(1 shl 20)) } }
        val vault = vault()
        val chart = vault.createChart()
        var begun = false
        val job = launch {
            chart.puttingFile(photo, from).collect {
                begun = true
                throw CancellationException("enough")
            }
        }
        job.join()
        assertTrue(begun)
        val (first, second) = async { chart.putFile(photo, from) } to launch { chart.putFile(photo, from) }
        kotlinx.coroutines.yield()
        second.cancelAndJoin()
        first.cancelAndJoin()
        assertFailsWith<CancellationException> { first.await() }
        assertEquals(0, chart.list().entries.size)
        val once = async { chart.putFileOnce("scan 1", photo, from) }
        kotlinx.coroutines.yield()
        once.cancelAndJoin()
        assertFailsWith<CancellationException> { once.await() }
        assertEquals(0, chart.list().entries.size)
        // Whoever wants no more steps ends it, too.
        assertTrue(chart.puttingFile(photo, from).takeWhile { it is Progress.Moved && it.done < 1 shl 20 }.toList().size < 96)
        assertEquals(0, chart.list().entries.size)
        // A check of everything tells its steps within a content as well.
        chart.putFile(photo, from)
        val steps = vault.verifying().toList()
        assertTrue(steps.size > 2)
        assertEquals(1, (steps.last() as Progress.Done).value.files.toInt())
    }

    @Test
    fun `content follows its bundle, in pieces or as a file`(@TempDir folder: Path) = test {
        val pair = pair()
        val chart = pair.clinic.createChart()
        chart.share(pair.toAna, GrantOptions(Rights.WRITE))
        val from = folder.resolve("from").also { it.writeBytes(content(300_000)) }
        val ids = List(2) { chart.putFile(photo, from) }
        val applied = pair.ana.importBundle(chart.exportBundle(pair.toAna))
        assertEquals(2, applied.missingBlobs.size)
        val copy = pair.ana.chart(applied.chart)
        assertFailsWith<VaultException.ContentNotHere> { copy.file(ids[0]) }

        val (first, second) = applied.missingBlobs
        val sealed = folder.resolve("sealed")
        chart.exportContent(first, sealed)
        assertFailsWith<VaultException.CannotWrite> { chart.exportContent(first, sealed) }
        copy.importContent(first, sealed)
        chart.sealedContent(second).use { source ->
            copy.receiveContent(second).use { receiver ->
                assertEquals(source.total, receiver.total)
                assertFailsWith<VaultException.DamagedContent> { receiver.update(ByteArray(40_000)) }
                while (receiver.offset < receiver.total) receiver.update(source.readAt(receiver.offset, 64 * 1024))
                receiver.finish()
                assertFailsWith<VaultException.Finished> { receiver.finish() }
            }
        }
        assertTrue(copy.missingContent().isEmpty())
        for (id in ids) copy.file(id).use { assertContentEquals(content(300_000), it.pieces().toList().reduce(ByteArray::plus)) }
        assertFalse(folder.resolve("absent").exists())
    }

    @Test
    fun `h56 a writer that was finished or closed takes nothing more`() = test {
        val chart = vault().createChart()
        val writer = chart.createFile(photo)
        writer.update(content(5))
        assertEquals(5, writer.length)
        writer.finish()
        assertFailsWith<VaultException.Finished> { writer.update(content(1)) }
        writer.close()
        assertFailsWith<IllegalStateException> { writer.update(content(1)) }
        chart.createFile(photo).use { it.update(content(5)) }
        assertEquals(1, chart.list().entries.size)
    }
}
