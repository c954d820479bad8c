//! The model file and the library's promises about it.

use std::path::{Path, PathBuf};

use proptest::prelude::*;
use safetensors::SafeTensors;
use thinktwice::features::Scratch;
use thinktwice::model::{Model, SHIPPED};
use thinktwice::{Classifier, Error, Policy, Verdict};

#[test]
fn the_shipped_model_is_whole_and_small() {
    let model = Model::from_bytes(SHIPPED).expect("its digest is that of its contents");
    let heads: Vec<&str> = model.about.heads.iter().map(|head| head.name.as_str()).collect();
    assert_eq!(heads, ["intent", "reason"]);
    assert_eq!(model.about.heads[0].labels, ["professional", "pushy-job-seeking", "romantic", "strained-history"]);
    assert!(SHIPPED.len() <= 1 << 20, "{} bytes", SHIPPED.len());
}

#[test]
fn the_shipped_model_survives_a_round_trip() {
    let mut model = Model::from_bytes(SHIPPED).expect("whole");
    assert!(model.to_bytes().expect("writable") == SHIPPED, "other bytes");
}

#[test]
fn obvious_notes_get_the_obvious_verdict() {
    let classifier = Classifier::shipped();
    for (note, label, verdict) in [
        ("Your smile has been on my mind since the fair. Are you single? Let me take you out for a drink.", "romantic", Verdict::Hold),
        (
            "I interviewed with you on Tuesday for the clerk position. Could you please tell me whether I got the job? I need it badly.",
            "pushy-job-seeking",
            Verdict::Hold,
        ),
        (
            "I know you were furious when I got you fired. I am sorry for what I did back then and hope you can forgive me after all these years.",
            "strained-history",
            Verdict::Hold,
        ),
        (
            "Hello Ines, I heard your talk about flood barriers at the conference in Rotterdam. I work on the same kind of gates at the water board.",
            "professional",
            Verdict::Send,
        ),
    ] {
        let assessment = classifier.assess(note);
        assert_eq!((assessment.decisive().label.as_str(), assessment.verdict), (label, verdict), "{note}\n{assessment:#?}");
    }
}

#[test]
fn public_types_can_cross_threads() {
    fn check<T: Send + Sync + std::panic::UnwindSafe>() {}
    fn sync<T: Send + Sync>() {}
    check::<Classifier>();
    check::<thinktwice::Assessment>();
    check::<thinktwice::Policy>();
    check::<Model>();
    check::<Scratch>();
    check::<thinktwice::features::Extractor>();
    check::<thinktwice::text::Tokens>();
    sync::<Error>();
}

/// After some thousand notes with one scratch everything that makes scoring faster is there.
#[test]
fn a_note_has_the_same_scores_at_first_and_after_many_others() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/corpus/freight.jsonl");
    let lines = std::fs::read_to_string(file).expect("in the repository");
    let text = |line| serde_json::from_str::<serde_json::Value>(line).expect("an object")["text"].as_str().expect("text").to_owned();
    let notes: Vec<String> = lines.lines().map(text).collect();
    let (classifier, mut scratch) = (Classifier::shipped(), Scratch::default());
    for _ in 0..30 {
        for note in &notes {
            drop(classifier.score(note, &mut scratch));
        }
    }
    for note in &notes {
        assert_eq!(classifier.score(note, &mut scratch), Classifier::shipped().score(note, &mut Scratch::default()));
    }
}

#[test]
fn brief_and_full_assessments_agree() {
    let classifier = Classifier::shipped();
    let mut scratch = Scratch::default();
    let strict = Policy { limit: 3, ..classifier.policy().clone() };
    let mut over = Classifier::shipped().with_policy(strict).expect("its own policy").assess("Are you free?");
    for note in ["", "x", "Are you single?", "Hello, let's connect", "Ünïcödé 😍 ¶\n\nword"] {
        let mut full = classifier.assess(note);
        full.explanation = None;
        assert_eq!(classifier.assess_briefly(note, &mut scratch), full);
        classifier.assess_briefly_into(note, &mut scratch, &mut over);
        assert_eq!(over, full);
        over.model.digest.push('x');
        over.readings.truncate(note.len() % 3);
        classifier.assess_briefly_into(note, &mut scratch, &mut over);
        assert_eq!(over, full, "over that of another model");
    }
}

#[test]
fn broken_models_are_errors() {
    let broken = |bytes: &[u8]| Model::from_bytes(bytes).expect_err("broken").to_string();
    for length in [0, 1, 7, 8, 9, 100, 5000, SHIPPED.len() / 2, SHIPPED.len() - 1] {
        assert!(broken(&SHIPPED[..length]).contains("not a usable model"), "{length}");
    }
    let mut flipped = SHIPPED.to_vec();
    let rows = SafeTensors::deserialize(SHIPPED).expect("whole").tensor("table.rows").expect("there").data();
    let first = 8 * rows.chunks_exact(8).position(|row| row != [0; 8]).expect("a row that is not left over");
    let at = SHIPPED.windows(64).position(|window| window == &rows[first..first + 64]).expect("there");
    // A weight: what stands before it is the fingerprint, which would not be that of any feature any more.
    flipped[at + 3] ^= 1;
    assert!(broken(&flipped).contains("digest"));
    flipped[at] ^= 1;
    assert!(broken(&flipped).contains("fingerprint"));
    let mut flipped = SHIPPED.to_vec();
    *flipped.last_mut().expect("bytes") ^= 1;
    assert!(broken(&flipped).contains("decompressed"), "the texts have a checksum");
    let json = String::from_utf8_lossy(&SHIPPED[..64]).into_owned();
    assert!(json.contains("__metadata__"), "{json}");
    let other_version = replace(SHIPPED, br#"{\"format\":7,"#, br#"{\"format\":9,"#);
    assert!(matches!(Model::from_bytes(&other_version), Err(Error::Version { found: 9, expected: 7 })));
    // A header that claims more than there is allocates nothing for it.
    let mut claims = u64::MAX.to_le_bytes().to_vec();
    claims.extend_from_slice(b"{}");
    assert!(broken(&claims).contains("not a usable model"));
}

fn replace(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let at = bytes.windows(from.len()).position(|window| window == from).expect("there");
    let mut out = bytes.to_vec();
    out[at..at + to.len()].copy_from_slice(to);
    out
}

#[test]
fn a_model_that_cannot_be_read_names_its_file() {
    let missing = Classifier::load(Path::new("no/such.model")).expect_err("missing").to_string();
    assert!(missing.contains("no/such.model") || missing.contains("no\\such.model"), "{missing}");
    assert!(Classifier::load(&PathBuf::from(env!("CARGO_MANIFEST_DIR"))).is_err(), "a folder");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_bytes_are_a_model_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..200), at in 0..SHIPPED.len()) {
        prop_assert!(Model::from_bytes(&bytes).is_err());
        let mut damaged = SHIPPED.to_vec();
        for (slot, byte) in damaged[at..].iter_mut().zip(&bytes) {
            *slot = *byte;
        }
        if damaged != SHIPPED {
            prop_assert!(Model::from_bytes(&damaged).is_err());
        }
    }

    #[test]
    fn probabilities_are_probabilities_and_shares_add_up(note in "(\\PC|[ a-z.!?\n]){0,120}") {
        let classifier = Classifier::shipped();
        let mut scratch = Scratch::default();
        let scores = classifier.score(&note, &mut scratch);
        let (intent, reason) = scores.probabilities.split_at(4);
        for head in [intent, reason] {
            prop_assert!(head.iter().all(|p| (0.0..=1.0).contains(p)));
            prop_assert!((head.iter().sum::<f32>() - 1.0).abs() < 1e-5);
        }
        let none = classifier.score("", &mut scratch).logits;
        let shares = classifier.shares(&note, &mut scratch);
        for (column, logit) in scores.logits.iter().enumerate() {
            let sum: f32 = none[column] + shares.iter().map(|share| share.logits[column]).sum::<f32>();
            prop_assert!((sum - logit).abs() < 1e-3, "{sum} {logit}");
        }
        let explanation = classifier.assess(&note).explanation.expect("asked for");
        for evidence in &explanation.evidence {
            prop_assert_eq!(&note[evidence.start..evidence.end], &evidence.text);
        }
    }
}
