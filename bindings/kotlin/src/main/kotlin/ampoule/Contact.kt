package ampoule

/** Somebody whose card is held. A handle: its calls fail while the vault is locked. */
class Contact internal constructor(internal val ffi: ContactHandle) : AutoCloseable {
    /** Id of the contact in this vault. */
    val id: ContactId get() = ffi.id()

    /** Name on the card. */
    suspend fun name(): String = io { ffi.name() }

    /** Person, service, team or organisation. */
    suspend fun kind(): MemberKind = io { ffi.kind() }

    /** How far the card can be relied on. */
    suspend fun status(): ContactStatus = io { ffi.status() }

    /** What two people compare, by telephone or face to face. */
    suspend fun fingerprint(): Fingerprint = io { ffi.fingerprint() }

    /** Whose name this contact's name looks like. Empty where there is no danger of confusion. */
    suspend fun imitates(): List<Imitated> = io { ffi.imitates() }

    /** Compares what the other person read out, digits or words, with the card that is held. */
    suspend fun verify(fingerprint: String) = io { ffi.verify(fingerprint) }

    /** Takes a comparison back. */
    suspend fun distrust() = io { ffi.distrust() }

    /** Whether charts may be shared with the contact now. */
    suspend fun isVerified(): Boolean = io { ffi.isVerified() }

    /** The organisation that vouches for the contact now, if one does. */
    suspend fun verifiedThrough(): Contact? = io { ffi.verifiedThrough()?.let(::Contact) }

    /** The contact's id in the directory of the organisation that vouches for it now. */
    suspend fun directoryId(): DirectoryId? = io { ffi.directoryId() }

    /** Lets go of it. A second time does nothing. */
    override fun close() = ffi.close()
}
