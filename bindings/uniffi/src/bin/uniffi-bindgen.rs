//! Writes the Swift and Kotlin files from the built library.

fn main() {
    uniffi::uniffi_bindgen_main();
}
