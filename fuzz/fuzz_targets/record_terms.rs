//! Any text as a label and as words of the index.

#![no_main]

use ampoule::{Label, Terms};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(label) = Label::new(text) {
        assert!((1..=Label::MAX_LEN).contains(&label.as_str().len()));
        assert_eq!(Label::new(label.as_str()).as_ref(), Ok(&label), "a label is its own name");
    }
    let words = Terms::fold(text);
    assert!(words.is_sorted_by(|one, next| one < next), "sorted, each once");
    for word in &words {
        assert!(word.len() <= 64 && word.chars().nth(1).is_some());
        // Words are found by folding what a person types: a folded word must meet itself.
        assert!(Terms::fold(word).contains(word), "{word:?} does not fold to itself");
    }
});
