//! The Kotlin file that is generated, with less to do at each call than `UniFFI` has it do.

use anyhow::{Result, ensure};

/// How a call of the library is made: what it writes its status to is a new object each time. JNA takes longer to make one, to
/// write its fields to native memory and to read them back than the call itself takes.
const NEW_STATUS: &str = "callback: (UniffiRustCallStatus) -> U): U {
    var status = UniffiRustCallStatus()
    val return_value = callback(status)
    uniffiCheckCallStatus(errorHandler, status)
    return return_value
}
";
/// How it is made instead: with native memory that is kept for the thread, of which one byte is read. A call within a call takes
/// other memory, and all of it is given back as that of a success.
const KEPT_STATUS: &str = "callback: (Pointer) -> U): U {
    val kept = keptStatuses.get()
    val status = kept.pollLast() ?: UniffiRustCallStatus().apply { setAutoSynch(false) }
    val memory = status.pointer
    try {
        val return_value = callback(memory)
        if (memory.getByte(0) != UNIFFI_CALL_SUCCESS) {
            status.read()
            uniffiCheckCallStatus(errorHandler, status)
        }
        return return_value
    } finally {
        memory.setByte(0, UNIFFI_CALL_SUCCESS)
        kept.addLast(status)
    }
}

private val keptStatuses: ThreadLocal<java.util.ArrayDeque<UniffiRustCallStatus>> =
    ThreadLocal.withInitial { java.util.ArrayDeque() }
";

/// As above, of a call that returns no error.
const NEW_PLAIN: &str = "private inline fun <U> uniffiRustCall(callback: (UniffiRustCallStatus) -> U): U {";
const KEPT_PLAIN: &str = "private inline fun <U> uniffiRustCall(callback: (Pointer) -> U): U {";

/// How every function of the library takes it.
const TAKEN: &str = "uniffi_out_err: UniffiRustCallStatus,";
const TAKEN_AS_MEMORY: &str = "uniffi_out_err: Pointer,";

/// Changes what was generated. What `UniFFI` writes in another way than is known here is an error.
pub(super) fn changed(code: &str) -> Result<String> {
    let once = |text: &str| code.matches(text).count() == 1;
    ensure!(once(NEW_STATUS) && once(NEW_PLAIN), "the generated Kotlin makes the status of a call in another way");
    ensure!(code.contains(TAKEN), "the functions in the generated Kotlin take the status of a call in another way");
    Ok(code.replace(NEW_STATUS, KEPT_STATUS).replace(NEW_PLAIN, KEPT_PLAIN).replace(TAKEN, TAKEN_AS_MEMORY))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_is_changed_and_what_is_not_is_an_error() {
        let known = format!("external fun call({TAKEN}\n{NEW_PLAIN}\n{NEW_STATUS}");
        let expected = format!("external fun call({TAKEN_AS_MEMORY}\n{KEPT_PLAIN}\n{KEPT_STATUS}");
        assert_eq!(changed(&known).unwrap(), expected);
        for part in [TAKEN, NEW_PLAIN, NEW_STATUS] {
            assert!(changed(&known.replace(part, "")).is_err());
        }
        assert!(changed(&format!("{known}{NEW_STATUS}")).is_err());
    }
}
