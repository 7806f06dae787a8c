// The phone of a patient: it opens its vault, takes in a chart that the clinic sends, adds how she feels and a photo, and sends
// that back. The clinic is a vault in a folder of its own; between the two there are only files that a courier could carry.

import ampoule.*
import java.nio.file.Files
import java.nio.file.Path
import javax.crypto.KeyGenerator
import kotlin.system.exitProcess
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.runBlocking

fun main(args: Array<String>) {
    if (args.size != 1) {
        System.err.println("usage: PhoneKt FOLDER\nThe folder is made if it is missing, and should be empty.")
        exitProcess(2)
    }
    try {
        runBlocking { run(Files.createDirectories(Path.of(args[0]))) }
    } catch (error: VaultException) {
        System.err.println("error ${error.code()}: ${error.text()}")
        exitProcess(1)
    }
}

private suspend fun run(folder: Path) {
    val couriers = Files.createDirectories(folder.resolve("couriers"))
    val clinic = Clinic.open(folder.resolve("clinic.db"))
    val phone = Phone.open(folder)

    // Once, face to face: both take the other's card, and read the fingerprint from the other's screen.
    clinic.meet(phone.card(), phone.fingerprint())
    phone.meet(clinic.card(), clinic.fingerprint())

    clinic.send(couriers)
    phone.receive(couriers)
    phone.addSymptomAndPhoto(folder)
    phone.send(couriers)
    clinic.receive(couriers)

    clinic.close()
    phone.close()
}

/** What the patient has. */
private class Phone(private val vault: Vault) : AutoCloseable {
    private lateinit var clinic: Contact
    private lateinit var chart: Chart

    suspend fun card() = vault.card()

    suspend fun fingerprint() = vault.fingerprint().digits

    suspend fun meet(card: ByteArray, fingerprint: String) {
        clinic = vault.addContact(card)
        clinic.verify(fingerprint)
        println("phone: ${clinic.name()} is who they say, the fingerprint is right")
    }

    suspend fun receive(couriers: Path) {
        val applied = vault.importBundle(Files.readAllBytes(couriers.resolve("to-patient.bundle")))
        chart = vault.chart(applied.chart)
        for (entry in chart.entries().toList()) println("phone: ${entry.content.decodeToString()}, signed by ${entry.author}")
    }

    suspend fun addSymptomAndPhoto(folder: Path) {
        val text = "Itching since Tuesday, worse at night"
        val terms = RecordTerms(kind = "Observation", text = text)
        chart.put(NewRecord("text/plain", text.encodeToByteArray(), name = "Symptom", terms = terms))
        // The camera's file. What is sealed is read from here; delete it when it is.
        val photo = folder.resolve("camera.jpg").also { Files.write(it, ByteArray(300_000) { i -> (i % 251).toByte() }) }
        chart.puttingFile(NewFile("image/jpeg", name = "rash.jpg"), photo).collect { step ->
            if (step is Progress.Done) println("phone: the photo is sealed")
        }
        Files.delete(photo)
    }

    suspend fun send(couriers: Path) {
        Files.write(couriers.resolve("to-clinic.bundle"), chart.exportBundle(clinic))
        // A bundle says what a file is; the content follows by itself, sealed.
        for (file in chart.list(Kind.FILE).entries) chart.exportContent(file.version, couriers.resolve("${file.version}.sealed"))
    }

    override fun close() = vault.close()

    companion object {
        suspend fun open(folder: Path): Phone {
            // On Android `AndroidKeystore.deviceKey()`: its key never leaves the phone. Here it ends with the program.
            val keystore = CipherDeviceKey(KeyGenerator.getInstance("AES").generateKey())
            val made = Vault.create(
                Store.sqlite(folder.resolve("phone.db")),
                "Ana Sousa",
                Unlock.keystore(keystore, folder.resolve("phone.key")),
                SecondWay.RecoveryCode,
                VaultSettings(checkpointPath = folder.resolve("phone.checkpoint").toString()),
            )
            val words = made.recoveryWords() ?: ByteArray(0)
            println("phone: a vault is made, with ${words.decodeToString().split(' ', '\n').size} words to be written down")
            words.fill(0)
            return Phone(made.vault)
        }
    }
}

/** What the clinic has, as far as the example needs it. */
private class Clinic(private val vault: Vault, private val chart: Chart) : AutoCloseable {
    private lateinit var patient: Contact

    suspend fun card() = vault.card()

    suspend fun fingerprint() = vault.fingerprint().digits

    suspend fun meet(card: ByteArray, fingerprint: String) {
        patient = vault.addContact(card)
        patient.verify(fingerprint)
        chart.share(patient, GrantOptions(Rights.WRITE, purpose = Purpose.PATIENT_REQUEST))
    }

    suspend fun send(couriers: Path) {
        Files.write(couriers.resolve("to-patient.bundle"), chart.exportBundle(patient))
    }

    suspend fun receive(couriers: Path) {
        val applied = vault.importBundle(Files.readAllBytes(couriers.resolve("to-clinic.bundle")))
        println("clinic: ${applied.added} new entries")
        for (version in applied.missingBlobs) chart.importContent(version, couriers.resolve("$version.sealed"))
        for (entry in chart.entries(Search(words = "itching")).toList()) {
            println("clinic: ${entry.name}: ${entry.content.decodeToString()}, signed by ${entry.author}")
        }
        for (found in chart.list(Kind.FILE).entries) chart.file(found.id).use { println("clinic: ${it.entry.name}, ${it.length} bytes") }
        check(vault.verify().findings.isEmpty())
        println("clinic: all of it verifies")
    }

    override fun close() = vault.close()

    companion object {
        suspend fun open(path: Path): Clinic {
            val key = Unlock.deviceKey(ByteArray(32) { 1 })
            val vault = Vault.create(Store.sqlite(path), "Riverside Clinic", key, SecondWay.NoneDataWillBeLost).vault
            val chart = vault.createChart()
            val text = "Blood pressure 120/80"
            chart.put(NewRecord("text/plain", text.encodeToByteArray(), terms = RecordTerms(kind = "Observation", text = text)))
            return Clinic(vault, chart)
        }
    }
}
