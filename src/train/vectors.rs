//! What words mean: static word vectors, so that a word which the corpus lacks still counts.
//!
//! They are data for training only. A note's vector is the idf-weighted sum of its words' vectors, divided by the square root of their number, so that it
//! stays linear in the words: vector × fitted weights is one more row of weights a word, and neither the model file nor the scorer knows of
//! vectors.

use std::collections::BTreeMap;
use std::path::Path;

use safetensors::tensor::{Dtype, SafeTensors};
use sha2::{Digest, Sha256};

use crate::digest::hex;
use crate::error::Error;

/// Vectors of words in lower case.
#[derive(Clone, Debug, PartialEq)]
pub struct WordVectors {
    index: BTreeMap<String, usize>,
    values: Vec<f32>,
    dimensions: usize,
    digest: String,
}

impl WordVectors {
    /// Reads a file of `data/vectors`: `words` (UTF-8, a word a line), `vectors` (i8, words × dimensions) and `scale` (one f32, the worth of a unit).
    ///
    /// # Errors
    ///
    /// Names the file, and what is wrong with it.
    pub fn load(path: &Path) -> Result<Self, Error> {
        let bytes = std::fs::read(path).map_err(|cause| Error::Read { path: path.to_owned(), cause })?;
        Self::from_bytes(&bytes).map_err(|what| Error::Vectors(what).in_file(path))
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, String> {
        let tensors = SafeTensors::deserialize(bytes).map_err(|error| format!("not a whole safetensors file ({error})"))?;
        let tensor = |name: &str, dtype| match tensors.tensor(name) {
            Ok(view) if view.dtype() == dtype => Ok(view),
            _ => Err(format!("no tensor {name} of type {dtype:?}")),
        };
        let words = tensor("words", Dtype::U8)?;
        let words = std::str::from_utf8(words.data()).map_err(|_| "words that are not UTF-8".to_owned())?;
        let scale = tensor("scale", Dtype::F32)?;
        let scale = scale.data().as_chunks().0.first().map(|chunk| f32::from_le_bytes(*chunk)).filter(|scale| scale.is_finite());
        let scale = scale.ok_or("a scale that is not a finite number")?;
        let vectors = tensor("vectors", Dtype::I8)?;
        let index: BTreeMap<String, usize> = words.split('\n').enumerate().map(|(row, word)| (word.to_owned(), row)).collect();
        if let Some(word) = index.keys().find(|word| u8::try_from(word.len()).is_err()) {
            return Err(format!("a word of {} bytes", word.len()));
        }
        let &[rows, dimensions] = vectors.shape() else { return Err("vectors that are not a matrix".to_owned()) };
        if rows != index.len() || dimensions == 0 {
            return Err(format!("{rows} vectors for {} words", index.len()));
        }
        let values = vectors.data().iter().map(|&byte| f32::from(byte.cast_signed()) * scale).collect();
        Ok(Self { index, values, dimensions, digest: hex(Sha256::new_with_prefix(bytes)) })
    }

    /// The vector of a word.
    #[must_use]
    pub fn get(&self, word: &str) -> Option<&[f32]> {
        let row = *self.index.get(word)?;
        Some(&self.values[row * self.dimensions..(row + 1) * self.dimensions])
    }

    /// The words, in the order of the alphabet.
    pub fn words(&self) -> impl Iterator<Item = &str> {
        self.index.keys().map(String::as_str)
    }

    /// How many numbers a vector has.
    #[must_use]
    pub fn dimensions(&self) -> usize {
        self.dimensions
    }

    /// SHA-256 of the file.
    #[must_use]
    pub fn digest(&self) -> &str {
        &self.digest
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use safetensors::tensor::TensorView;

    fn file(words: &str, shape: [usize; 2], data: &[u8]) -> Vec<u8> {
        let scale = 0.5_f32.to_le_bytes();
        let views = [
            ("words", TensorView::new(Dtype::U8, vec![words.len()], words.as_bytes()).expect("words")),
            ("vectors", TensorView::new(Dtype::I8, shape.to_vec(), data).expect("vectors")),
            ("scale", TensorView::new(Dtype::F32, vec![1], &scale).expect("scale")),
        ];
        safetensors::serialize(views, None).expect("a file")
    }

    #[test]
    fn vectors_come_back_and_broken_files_do_not() {
        let vectors = WordVectors::from_bytes(&file("up\ndown", [2, 3], &[1, 2, 3, 255, 254, 253])).expect("whole");
        assert_eq!(vectors.get("down"), Some(&[-0.5, -1.0, -1.5][..]));
        assert_eq!(vectors.get("left"), None);
        assert!(
            WordVectors::from_bytes(&file("up\ndown\nleft", [2, 3], &[0; 6])).expect_err("three words").contains("2 vectors for 3 words")
        );
        assert!(WordVectors::from_bytes(b"nonsense").is_err());
    }
}
