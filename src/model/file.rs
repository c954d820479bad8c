//! The model file: `safetensors`, with everything that is not a tensor in one JSON object under one metadata key.
//!
//! One key, because the crate keeps metadata in a hash map: two keys would come out in any order. The tensors are
//!
//! | name | type and shape | what |
//! |---|---|---|
//! | `vocabulary.blocks` | u32, 5 | how many features are word n-grams, character n-grams, skip-bigrams, class n-grams, whole words |
//! | `vocabulary.shared` | u8, n | how many bytes a feature's text shares with the one before it |
//! | `vocabulary.lengths` | u8, n | how many bytes follow |
//! | `vocabulary.text` | u8 | those bytes |
//! | `vocabulary.fingerprints` | u8, n × 5 | the top 40 bits of each fingerprint, big-endian |
//! | `vocabulary.classes` | u16 | the class of each whole word; empty where there are no classes |
//! | `weights` | i8, n × columns | in units of `scale` |
//! | `scale`, `bias` | f32, columns | in logits |
//!
//! A head of k labels has k - 1 columns: the weights of its labels add up to 0.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use super::vocabulary::FINGERPRINT_BYTES;
use super::{About, FORMAT, Model, Threshold, Vocabulary};
use crate::digest::hex;
use crate::error::Error;
use crate::features::Block;

/// The tensors, in the order in which the digest takes them.
const TENSORS: [&str; 9] = [
    "bias",
    "scale",
    "vocabulary.blocks",
    "vocabulary.classes",
    "vocabulary.fingerprints",
    "vocabulary.lengths",
    "vocabulary.shared",
    "vocabulary.text",
    "weights",
];

const KEY: &str = "thinktwice";

/// The largest file that is read, in bytes: far above any model (the shipped one has about 1 MiB), far below what
/// would hurt.
const LARGEST: u64 = 1 << 30;

#[derive(Deserialize)]
struct Version {
    format: u64,
}

#[derive(Serialize, Deserialize)]
struct Header<'a> {
    format: u64,
    digest: String,
    #[serde(borrow)]
    about: &'a RawValue,
}

impl Model {
    /// Reads the model in the file at `path`.
    ///
    /// # Errors
    ///
    /// As [`Model::from_bytes`], and where the file cannot be read or is larger than any model.
    pub fn load(path: &Path) -> Result<Self, Error> {
        let read = || {
            let size = std::fs::metadata(path)?.len();
            if size > LARGEST {
                return Err(std::io::Error::other(format!("{size} bytes are more than any model has")));
            }
            std::fs::read(path)
        };
        let bytes = read().map_err(|cause| Error::Read { path: path.to_owned(), cause })?;
        Self::from_bytes(&bytes).map_err(|error| error.in_file(path))
    }

    /// Reads a model from the bytes of its file, and checks all of it, the digest too. Allocates in proportion to
    /// `bytes`, whatever they claim.
    ///
    /// # Errors
    ///
    /// [`Error::Version`] for a model of another format, [`Error::Model`] for anything else that is not a whole model.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        Self::read(bytes, true)
    }

    /// `verify` checks the vocabulary and recomputes the digest, which takes longer than everything else together. The shipped model does without at
    /// each start, since a test verifies it.
    pub(crate) fn read(bytes: &[u8], verify: bool) -> Result<Self, Error> {
        let broken = |what: &str| Error::Model(what.to_owned());
        let (_, metadata) =
            SafeTensors::read_metadata(bytes).map_err(|error| Error::Model(format!("not a whole safetensors file ({error})")))?;
        let json = metadata
            .metadata()
            .as_ref()
            .and_then(|map| map.get(KEY))
            .ok_or_else(|| broken("a safetensors file, but its metadata has no key \"thinktwice\""))?;
        let version: Version = parse(json)?;
        if version.format != FORMAT {
            return Err(Error::Version { found: version.format, expected: FORMAT });
        }
        let header: Header<'_> = parse(json)?;
        let about: About = parse(header.about.get())?;
        check_about(&about)?;

        let tensors = SafeTensors::deserialize(bytes).map_err(|error| Error::Model(format!("not a whole safetensors file ({error})")))?;
        let columns = about.columns();
        let fingerprints = tensors.tensor("vocabulary.fingerprints").map_err(|_| broken("no tensor vocabulary.fingerprints"))?;
        let n = fingerprints.shape().first().copied().unwrap_or(0);
        let fingerprints = tensor(&tensors, "vocabulary.fingerprints", Dtype::U8, Some(&[n, FINGERPRINT_BYTES]))?;
        let mut blocks = [0; Block::COUNT];
        for (rows, bytes) in blocks.iter_mut().zip(tensor(&tensors, "vocabulary.blocks", Dtype::U32, Some(&[Block::COUNT]))?.as_chunks().0)
        {
            *rows = u32::from_le_bytes(*bytes);
        }
        let suffixes = std::str::from_utf8(tensor(&tensors, "vocabulary.text", Dtype::U8, None)?);
        let classes = tensor(&tensors, "vocabulary.classes", Dtype::U16, None)?.as_chunks().0;
        let vocabulary = Vocabulary {
            blocks,
            shared: tensor(&tensors, "vocabulary.shared", Dtype::U8, Some(&[n]))?.to_vec(),
            lengths: tensor(&tensors, "vocabulary.lengths", Dtype::U8, Some(&[n]))?.to_vec(),
            suffixes: suffixes.map_err(|_| broken("a vocabulary that is not UTF-8"))?.to_owned(),
            fingerprints: fingerprints.as_chunks().0.to_vec(),
            classes: classes.iter().map(|chunk| u16::from_le_bytes(*chunk)).collect(),
        };
        if verify {
            vocabulary.check().map_err(broken)?;
        }
        let weights: Vec<i8> = tensor(&tensors, "weights", Dtype::I8, Some(&[n, columns]))?.iter().map(|byte| byte.cast_signed()).collect();
        let floats = |name| -> Result<Vec<f32>, Error> {
            let bytes = tensor(&tensors, name, Dtype::F32, Some(&[columns]))?;
            Ok(bytes.as_chunks().0.iter().map(|chunk| f32::from_le_bytes(*chunk)).collect())
        };
        let (scale, bias) = (floats("scale")?, floats("bias")?);
        if !scale.iter().chain(&bias).all(|value| value.is_finite()) {
            return Err(broken("a weight that is not a finite number"));
        }
        if verify && header.digest != digest(header.about.get(), &tensors)? {
            return Err(broken("its digest is not that of its contents"));
        }
        Ok(Self { about, digest: header.digest, vocabulary, weights, scale, bias })
    }

    /// The bytes of the model's file, with [`Model::digest`] brought up to date. The same model gives the same bytes.
    ///
    /// # Errors
    ///
    /// [`Error::Model`] where the parts do not belong together.
    pub fn to_bytes(&mut self) -> Result<Vec<u8>, Error> {
        let (n, columns) = (self.vocabulary.len(), self.columns());
        self.vocabulary.check().map_err(|what| Error::Model(what.to_owned()))?;
        let weights: Vec<u8> = self.weights.iter().map(|value| value.cast_unsigned()).collect();
        let le = |values: &[f32]| values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>();
        let (scale, bias) = (le(&self.scale), le(&self.bias));
        let vocabulary = &self.vocabulary;
        let blocks: Vec<u8> = vocabulary.blocks.iter().flat_map(|rows| rows.to_le_bytes()).collect();
        let classes: Vec<u8> = vocabulary.classes.iter().flat_map(|class| class.to_le_bytes()).collect();
        let view =
            |dtype, shape: &[usize], data| TensorView::new(dtype, shape.to_vec(), data).map_err(|error| Error::Model(error.to_string()));
        let tensors = [
            ("bias", view(Dtype::F32, &[columns], &bias)?),
            ("scale", view(Dtype::F32, &[columns], &scale)?),
            ("vocabulary.blocks", view(Dtype::U32, &[Block::COUNT], &blocks)?),
            ("vocabulary.classes", view(Dtype::U16, &[vocabulary.classes.len()], &classes)?),
            ("vocabulary.fingerprints", view(Dtype::U8, &[n, FINGERPRINT_BYTES], vocabulary.fingerprints.as_flattened())?),
            ("vocabulary.lengths", view(Dtype::U8, &[n], &vocabulary.lengths)?),
            ("vocabulary.shared", view(Dtype::U8, &[n], &vocabulary.shared)?),
            ("vocabulary.text", view(Dtype::U8, &[vocabulary.suffixes.len()], vocabulary.suffixes.as_bytes())?),
            ("weights", view(Dtype::I8, &[n, columns], &weights)?),
        ];
        let write = |digest: String| -> Result<Vec<u8>, Error> {
            let about = serde_json::value::to_raw_value(&self.about).map_err(|error| Error::Model(error.to_string()))?;
            let json = serde_json::to_string(&Header { format: FORMAT, digest, about: &about })
                .map_err(|error| Error::Model(error.to_string()))?;
            safetensors::serialize(
                tensors.iter().map(|(name, view)| (*name, view)),
                Some(HashMap::from([(KEY.to_owned(), json)]).into_iter().collect()),
            )
            .map_err(|error| Error::Model(error.to_string()))
        };
        let draft = write(String::new())?;
        let about = serde_json::to_string(&self.about).map_err(|error| Error::Model(error.to_string()))?;
        let parsed = SafeTensors::deserialize(&draft).map_err(|error| Error::Model(error.to_string()))?;
        let digest = digest(&about, &parsed)?;
        let bytes = write(digest.clone())?;
        self.digest = digest;
        Ok(bytes)
    }
}

fn parse<'a, T: Deserialize<'a>>(json: &'a str) -> Result<T, Error> {
    serde_json::from_str(json).map_err(|error| Error::Model(format!("metadata that cannot be read ({error})")))
}

fn tensor<'a>(tensors: &SafeTensors<'a>, name: &str, dtype: Dtype, shape: Option<&[usize]>) -> Result<&'a [u8], Error> {
    let view = tensors.tensor(name).map_err(|_| Error::Model(format!("no tensor {name}")))?;
    let fits = shape.map_or(view.shape().len() == 1, |shape| view.shape() == shape);
    if view.dtype() != dtype || !fits {
        return Err(Error::Model(format!("tensor {name} has shape {:?} of {:?}", view.shape(), view.dtype())));
    }
    Ok(view.data())
}

fn digest(about: &str, tensors: &SafeTensors<'_>) -> Result<String, Error> {
    let mut hasher = Sha256::new();
    hasher.update(about);
    for name in TENSORS {
        let view = tensors.tensor(name).map_err(|_| Error::Model(format!("no tensor {name}")))?;
        hasher.update(view.data());
    }
    Ok(hex(hasher))
}

fn check_about(about: &About) -> Result<(), Error> {
    let broken = |what: String| Err(Error::Model(what));
    let mut names = BTreeSet::new();
    for head in &about.heads {
        let labels: BTreeSet<&String> = head.labels.iter().collect();
        if !names.insert(&head.name) || labels.len() < 2 || labels.len() != head.labels.len() {
            return broken(format!("head {:?} is there twice, or has fewer than two different labels", head.name));
        }
        let in_range = |value: &f32| (0.0..=1.0).contains(value);
        let fits = |thresholds: &Vec<Threshold>| {
            thresholds.len() == head.labels.len() && thresholds.iter().all(|threshold| in_range(&threshold.at))
        };
        if !head.all_thresholds().all(fits) {
            return broken(format!("head {:?} does not have a threshold between 0 and 1 for each label", head.name));
        }
    }
    if about.guard.out_of_scope.is_some_and(|logit| !logit.is_finite()) {
        return broken("a guard that is not a finite number".to_owned());
    }
    if about.heads.is_empty() {
        return broken("no head".to_owned());
    }
    if let Err(what) = about.features.check() {
        return broken(what);
    }
    about.policy.check()
}
