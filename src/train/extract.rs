//! The features of all notes of a corpus.

use std::sync::OnceLock;

use rayon::prelude::*;

use super::counting::{ByFingerprint, Counts};
use crate::features::{Block, Extractor, FeatureSettings, Gram, Scratch};

/// A feature that occurs in the corpus.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Feature {
    /// Its block.
    pub block: Block,
    /// Whether it is a word by itself.
    pub is_word: bool,
    /// Its text.
    pub text: String,
}

impl Feature {
    /// Whether a model file can hold it.
    pub(super) fn is_storable(&self) -> bool {
        u8::try_from(self.text.len()).is_ok()
    }
}

/// For each note a list of features.
#[derive(Clone, Debug)]
pub struct Lists {
    starts: Vec<usize>,
    features: Vec<u32>,
}

impl Lists {
    fn new() -> Self {
        Self { starts: vec![0], features: Vec::new() }
    }

    fn end_list(&mut self) {
        self.starts.push(self.features.len());
    }

    fn append(&mut self, other: &Self) {
        let from = self.features.len();
        self.features.extend(&other.features);
        self.starts.extend(other.starts[1..].iter().map(|end| from + end));
    }

    /// How long all lists are together.
    pub(super) fn len(&self) -> usize {
        self.features.len()
    }

    /// The list of a note.
    #[must_use]
    pub fn of(&self, note: usize) -> &[u32] {
        &self.features[self.starts[note]..self.starts[note + 1]]
    }

    /// The different features of a note's list, which is ascending, each with how often it stands there.
    pub fn counted(&self, note: usize) -> impl Iterator<Item = (u32, u32)> {
        self.of(note).chunk_by(|a, b| a == b).map(|same| (same[0], same.len() as u32))
    }
}

/// All features of all notes, extracted once; every fold then takes its own vocabulary from it.
#[derive(Clone, Debug)]
pub struct Extracted {
    /// The features that could be of use, the commonest first, so that what is needed most often lies together.
    pub features: Vec<Feature>,
    /// For each note, the indices of its features, ascending, each as often as it counts.
    pub notes: Lists,
    /// For each note, the features that are its words, one for each token; [`Extracted::UNKNOWN`] for a word that is none of the features.
    pub words: Lists,
}

/// Two different n-grams with one fingerprint: the corpus cannot be used with this format.
#[derive(Debug, thiserror::Error)]
#[error("the n-grams {first:?} and {second:?} have the same fingerprint; leave one of the notes that contain them out")]
pub struct Collision {
    /// The n-gram that comes first in the alphabet.
    pub first: String,
    /// The other.
    pub second: String,
}

/// How many different features are counted at a time: 1 GiB. A million short notes have more.
const MOST_COUNTED: usize = 1 << 25;
/// How many features can be learned from at most; where there are more, the rarest are left out.
const MOST_FEATURES: usize = 1 << 22;
/// How many notes a thread takes at a time.
const CHUNK: usize = 256;
/// How many notes are extracted before their features are counted.
const BATCH: usize = 64 * CHUNK;

impl Extracted {
    /// In [`Extracted::words`]: none of the features.
    pub const UNKNOWN: u32 = u32::MAX;

    /// Extracts the features that at least `least_notes` of the notes have; of whole words as they stand, all.
    ///
    /// # Errors
    ///
    /// [`Collision`], where two n-grams share a fingerprint (about 1 in 10 million for a million n-grams).
    pub fn new(texts: &[&str], settings: &FeatureSettings, least_notes: u32) -> Result<Self, Collision> {
        let extractor = Extractor::new(settings);
        // Twice over the notes: whatever is too rare has no text made of it, and takes no place.
        let (commonest, surface) = count(texts, &extractor, least_notes);
        let fingerprints = commonest.into_iter().chain(surface);
        let index: ByFingerprint<u32> = fingerprints.zip(0..).collect();
        let features: Vec<OnceLock<Feature>> = (0..index.len()).map(|_| OnceLock::new()).collect();
        let chunks: Vec<(Lists, Lists)> =
            texts.par_chunks(CHUNK).map(|chunk| lists(chunk, &extractor, &index, &features)).collect::<Result<_, _>>()?;
        let (mut notes, mut words) = (Lists::new(), Lists::new());
        for (of_notes, of_words) in chunks {
            notes.append(&of_notes);
            words.append(&of_words);
        }
        Ok(Self { features: features.into_iter().filter_map(OnceLock::into_inner).collect(), notes, words })
    }

    /// In how many of `rows` each feature occurs.
    #[must_use]
    pub fn document_frequency(&self, rows: &[usize]) -> Vec<u32> {
        let mut counts = vec![0; self.features.len()];
        for &row in rows {
            for (feature, _) in self.notes.counted(row) {
                counts[feature as usize] += 1;
            }
        }
        counts
    }
}

/// The fingerprints of the features that are common enough, and those of the whole words.
fn count(texts: &[&str], extractor: &Extractor, least_notes: u32) -> (Vec<u64>, Vec<u64>) {
    let (mut counts, mut surface) = (Counts::new(), Counts::new());
    for batch in texts.chunks(BATCH) {
        let (of_notes, of_words): (Vec<Vec<u64>>, Vec<Vec<u64>>) =
            batch.par_chunks(CHUNK).map(|chunk| fingerprints(chunk, extractor)).unzip();
        counts.add(&of_notes, MOST_COUNTED);
        surface.add(&of_words, MOST_COUNTED);
    }
    (counts.commonest(least_notes, MOST_FEATURES), surface.commonest(1, MOST_FEATURES))
}

/// The fingerprints of each note's features, each once a note, and apart from them those of its whole words.
fn fingerprints(texts: &[&str], extractor: &Extractor) -> (Vec<u64>, Vec<u64>) {
    let mut scratch = Scratch::default();
    let (mut all, mut all_surface, mut own) = (Vec::new(), Vec::new(), Vec::new());
    for text in texts {
        own.clear();
        extractor.visit(text, &mut scratch, |gram| own.push((gram.block == Block::Surface, gram.fingerprint)));
        own.sort_unstable();
        own.dedup();
        let split = own.partition_point(|(is_surface, _)| !is_surface);
        all.extend(own[..split].iter().map(|(_, fingerprint)| fingerprint));
        all_surface.extend(own[split..].iter().map(|(_, fingerprint)| fingerprint));
    }
    (all, all_surface)
}

/// For each note its features and its words, by `index`. The first to meet a feature puts it into `features`.
fn lists(
    texts: &[&str],
    extractor: &Extractor,
    index: &ByFingerprint<u32>,
    features: &[OnceLock<Feature>],
) -> Result<(Lists, Lists), Collision> {
    let mut scratch = Scratch::default();
    let (mut notes, mut words) = (Lists::new(), Lists::new());
    let mut own = Vec::new();
    let mut collision = None;
    for text in texts {
        own.clear();
        extractor.visit(text, &mut scratch, |gram| {
            let known = index.get(&gram.fingerprint).copied();
            if gram.is_word {
                words.features.push(known.unwrap_or(Extracted::UNKNOWN));
            }
            if let Some(feature) = known {
                own.push((feature, gram.block.times(2) > 1));
                collision = collision.take().or_else(|| check(&gram, features.get(feature as usize)?));
            }
        });
        if let Some(collision) = collision {
            return Err(collision);
        }
        own.sort_unstable();
        own.dedup_by(|a, b| a == b && !a.1);
        notes.features.extend(own.iter().map(|(feature, _)| feature));
        notes.end_list();
        words.end_list();
    }
    Ok((notes, words))
}

/// Puts the n-gram where there is none yet, or says that another one is there.
fn check(gram: &Gram<'_>, slot: &OnceLock<Feature>) -> Option<Collision> {
    let feature = slot.get_or_init(|| Feature { block: gram.block, is_word: gram.is_word, text: gram.text() });
    if feature.block == gram.block && gram.has_text(&feature.text) {
        return None;
    }
    let text = gram.text();
    let (first, second) = if feature.text <= text { (feature.text.clone(), text) } else { (text, feature.text.clone()) };
    Some(Collision { first, second })
}
