//! The plain, readable way from a note to its scores, and the proof that the fast one gives the same bits.
//!
//! `text` folds and splits character by character, `score` writes every feature out as text and looks it up in a map of the model's texts. Whoever
//! changes what a feature is changes it here first.

mod score;
mod text;

use std::path::Path;

use proptest::prelude::*;
use thinktwice::Classifier;
use thinktwice::classifier::Scores;
use thinktwice::features::Scratch;
use thinktwice::model::{Model, SHIPPED};
use thinktwice::text::Tokens;

use score::Reference;

/// Both ways side by side, with memory that is reused from note to note.
struct Pair {
    reference: Reference,
    classifier: Classifier,
    scratch: Scratch,
    scores: Scores,
    tokens: Tokens,
}

impl Pair {
    fn new() -> Self {
        let model = Model::from_bytes(SHIPPED).expect("whole");
        Self {
            reference: Reference::new(&model, SHIPPED),
            classifier: Classifier::new(&model).expect("whole"),
            scratch: Scratch::default(),
            scores: Scores::default(),
            tokens: Tokens::default(),
        }
    }

    /// Says where the two ways part.
    fn check(&mut self, note: &str) -> Result<(), String> {
        let plain = text::tokens(note);
        self.tokens.read(note);
        let read: Vec<text::Token> = self
            .tokens
            .iter()
            .map(|token| text::Token { kind: token.kind, text: token.text.to_owned(), start: token.start, end: token.end })
            .collect();
        if read != plain {
            return Err(format!("the tokens of {note:?}:\n{read:?}\ninstead of\n{plain:?}"));
        }
        let expected = self.reference.score(&plain);
        self.classifier.score_into(note, &mut self.scratch, &mut self.scores);
        if self.scores != expected {
            return Err(format!("the scores of {note:?}:\n{:?}\ninstead of\n{expected:?}", self.scores));
        }
        Ok(())
    }
}

/// The texts of a file of notes.
fn notes(path: &Path) -> Vec<String> {
    let lines = std::fs::read_to_string(path).expect("in the repository");
    lines
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).expect("an object")["text"].as_str().expect("text").to_owned())
        .collect()
}

#[test]
fn the_corpus_is_scored_alike() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("data");
    let mut files: Vec<_> = root.join("corpus").read_dir().expect("there").map(|entry| entry.expect("read").path()).collect();
    files.sort();
    files.push(root.join("out-of-scope.jsonl"));
    let mut pair = Pair::new();
    let mut count = 0;
    // A prime, so that every file gives some of its notes.
    for note in files.iter().flat_map(|file| notes(file)).step_by(7) {
        pair.check(&note).expect("alike");
        count += 1;
    }
    assert!(count > 1_000);
}

#[test]
fn odd_notes_are_scored_alike() {
    let mut pair = Pair::new();
    for note in [
        "",
        " ",
        "\u{301}",
        "a\u{301}\u{301}aaa",
        "w\u{200B}www.example.com wwww.b.org",
        "ss\u{200B}ss SSSS sſsß",
        "Hey \u{2018}you\u{2019} \u{2014} \u{201C}yes\u{201D}… ok",
        "don't 'quoted' rock'n'roll' o''clock it'\u{E9}",
        "1,000 10:30 3.5.7 5th 12a \u{BD} \u{B2} x\u{B2} ٣٤ \u{0E53}\u{0E53} \u{0E53}ก Ⅳ ①②",
        "{{name}} [a b] <<x>> %NAME% % a % {} [1] {a{b}} <number> ‹ ›",
        "[ab ab ab ab ab ab ab ab ab ab ab] [abc ab ab ab ab ab ab ab ab ab ab] [abc abc ab ab ab ab ab ab ab ab ab] [ab cd ef gh ij kl mn op qr st uv wx] [é]",
        "a@b.co @ab @a @a.b-c_d me@ work@home http://x https://y.z/?q=1, http:// example.com/a b/c.d a.b/c",
        "你好abc 한국어 \u{1112}\u{1161}\u{11AB} ไทย123 नमस्ते",
        "👍🏽😍😍😍 ❤\u{FE0F}❤\u{FE0F}❤\u{FE0F} 👩\u{200D}👩\u{200D}👧 1\u{FE0F}\u{20E3}",
        "İstanbul ẞ ǅ ŉ ĳ Å \u{212B} ﬁﬁﬁ ½½",
        "\r\n\t\u{0}\u{1}\u{7f}\u{85}\u{a0}\u{2028}\n\n x\u{a0}\ny",
        "eee\u{301}e éééé e\u{301}e\u{301}e\u{301} EÉE",
        "internationalisationally-pneumonoultramicroscopicsilicovolcanoconiosis'sssssssss",
        "aa aa aaa aaaa AAAA bBb 111 ''' ... !!!! ?!?! ---- __init__ a_b",
    ] {
        pair.check(note).expect("alike");
    }
    pair.check(&"supercalifragilistic ".repeat(500)).expect("alike");
    pair.check(&"a".repeat(5_000)).expect("alike");
    pair.check(&"a.".repeat(3_000)).expect("alike");
    // More different words than are remembered.
    let many: String = (0..30_000).flat_map(|i| [letters(i), "ing ".to_owned()]).collect();
    pair.check(&many).expect("alike");
    pair.check("Hello Ines, thanking you, connecting").expect("alike");
}

fn letters(mut number: usize) -> String {
    let mut word = String::new();
    for _ in 0..4 {
        word.push(char::from(b'a' + (number % 26) as u8));
        number /= 26;
    }
    word
}

#[test]
fn two_models_may_share_a_scratch() {
    let mut model = Model::from_bytes(SHIPPED).expect("whole");
    let note = "Hello Ines, I heard your talk about flood barriers.";
    let mut scratch = Scratch::default();
    let first = Classifier::new(&model).expect("whole");
    let plain = first.score(note, &mut scratch);
    for weight in &mut model.weights {
        *weight = weight.wrapping_add(3);
    }
    let other = Classifier::new(&model).expect("whole").score(note, &mut scratch);
    assert_eq!(other, Reference::new(&model, SHIPPED).score(&text::tokens(note)));
    assert_ne!(other, plain);
    assert_eq!(first.score(note, &mut scratch), plain);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn any_text_is_scored_alike(notes in proptest::collection::vec(any::<String>(), 1..4)) {
        thread_local!(static PAIR: std::cell::RefCell<Pair> = std::cell::RefCell::new(Pair::new()));
        for note in notes {
            PAIR.with_borrow_mut(|pair| pair.check(&note)).map_err(TestCaseError::fail)?;
        }
    }

    /// Words, and everything that the tokens turn on, close together.
    #[test]
    fn dense_text_is_scored_alike(note in "(hi|the|you|ing|www|WWW|http://|ss|[a-c]|[A-C0-3]|[ .,:/'@<>\\[\\]{}%_!-]|\n|\r|\t|\u{0}|[éßİſﬁΑ你한\u{1161}\u{11A8}ก๓½²Ⅳ]|[\u{301}\u{308}\u{200B}\u{200D}\u{FE0F}\u{AD}\u{93E}]|[’“”–…´]|[😍👍🏽❤]|\u{A0}|\u{85}){0,40}") {
        thread_local!(static PAIR: std::cell::RefCell<Pair> = std::cell::RefCell::new(Pair::new()));
        PAIR.with_borrow_mut(|pair| pair.check(&note)).map_err(TestCaseError::fail)?;
    }
}
