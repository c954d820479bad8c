//! The model file: `safetensors`, with everything that is not a tensor in one JSON object under one metadata key.
//!
//! One key, because the crate keeps metadata in a hash map: two keys would come out in any order. The tensors are
//!
//! | name | type and shape | what |
//! |---|---|---|
//! | `vocabulary.blocks` | u32, 4 | how many features are word n-grams, character n-grams, skip-bigrams, whole words |
//! | `vocabulary.text` | u8 | their texts, front-coded ([`Vocabulary`]), as a zlib stream (RFC 1950) |
//! | `table.pilots` | u8, a power of two of 256 or more | for each bucket, which the first bits of a fingerprint name, what decides where the features of it stand |
//! | `table.rows` | u8, rows × (3 + columns) | for each feature the lowest 24 bits of its fingerprint, little-endian, then the weights as signed bytes, in units of `scale`; zeros in the few rows that are left over |
//! | `scale`, `bias` | f32, columns | in logits |
//!
//! So the file is the table that notes are looked up in: scoring borrows from it, and decodes no text. Compressed, the texts leave room for a seventh more features in a file of the same size. A head of k labels has k - 1 columns: the weights of its labels add up to 0.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use miniz_oxide::deflate::{CompressionLevel, compress_to_vec_zlib};
use miniz_oxide::inflate::decompress_to_vec_zlib_with_limit;
use safetensors::tensor::{Dtype, Metadata, SafeTensors, TensorInfo, TensorView};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use super::{About, FORMAT, Model, Threshold, Vocabulary};
use crate::digest::hex;
use crate::error::Error;
use crate::features::Block;
use crate::table::{KEPT_BYTES, Places, Table, in_eights};

/// The tensors, in the order in which the digest takes them.
const TENSORS: [&str; 6] = ["bias", "scale", "table.pilots", "table.rows", "vocabulary.blocks", "vocabulary.text"];

const KEY: &str = "thinktwice";

/// The largest file that is read, in bytes: far above any model (the shipped one has about 1 MiB), far below what
/// would hurt.
const LARGEST: u64 = 1 << 30;

#[derive(Deserialize)]
struct Version {
    format: u64,
}

#[derive(Serialize, Deserialize)]
struct Header<A> {
    format: u64,
    digest: String,
    about: A,
}

impl Model {
    /// Reads the model in the file at `path`.
    ///
    /// # Errors
    ///
    /// As [`Model::from_bytes`], and where the file cannot be read or is larger than any model.
    pub fn load(path: &Path) -> Result<Self, Error> {
        Ok(Self::load_with_table(path)?.0)
    }

    /// As [`Model::load`], with the table that its notes' features are looked up in.
    pub(crate) fn load_with_table(path: &Path) -> Result<(Self, Table), Error> {
        let read = || {
            let size = std::fs::metadata(path)?.len();
            if size > LARGEST {
                return Err(std::io::Error::other(format!("{size} bytes are more than any model has")));
            }
            std::fs::read(path)
        };
        let bytes = read().map_err(|cause| Error::Read { path: path.to_owned(), cause })?;
        Self::with_table(&bytes).map_err(|error| error.in_file(path))
    }

    /// Reads a model from the bytes of its file, and checks all of it, the digest too. Allocates in proportion to
    /// `bytes`, whatever they claim.
    ///
    /// # Errors
    ///
    /// [`Error::Version`] for a model of another format, [`Error::Model`] for anything else that is not a whole model.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        Ok(Self::with_table(bytes)?.0)
    }

    /// As [`Model::from_bytes`], with the table that its notes' features are looked up in.
    pub(crate) fn with_table(bytes: &[u8]) -> Result<(Self, Table), Error> {
        let parts = Parts::read(bytes)?;
        let broken = |what: &str| Error::Model(what.to_owned());
        let longest = parts.features.saturating_mul(Vocabulary::LONGEST);
        let texts =
            decompress_to_vec_zlib_with_limit(parts.texts, longest).map_err(|_| broken("a vocabulary that cannot be decompressed"))?;
        let vocabulary = Vocabulary { blocks: parts.blocks, texts };
        let rows = in_eights(parts.rows, parts.about.columns()).into_owned();
        let table = Table::new(Cow::Owned(parts.pilots.to_vec()), Cow::Owned(rows), parts.about.columns()).map_err(broken)?;
        // The features stand in the order of their texts here.
        let mut weights = Vec::with_capacity(parts.rows.len());
        let mut taken = vec![false; table.len()];
        for fingerprint in vocabulary.fingerprints().map_err(broken)? {
            let row = table.get(fingerprint).ok_or_else(|| broken("a feature without a fingerprint"))?;
            if std::mem::replace(&mut taken[row], true) {
                return Err(broken("two features with one fingerprint"));
            }
            weights.extend(table.weights(row).iter().map(|byte| byte.cast_signed()));
        }
        if taken.iter().enumerate().any(|(row, is_taken)| !is_taken && !table.is_left_over(row)) {
            return Err(broken("a fingerprint without a feature"));
        }
        if parts.digest != parts.recomputed_digest()? {
            return Err(broken("its digest is not that of its contents"));
        }
        Ok((Self { about: parts.about, digest: parts.digest, vocabulary, weights, scale: parts.scale, bias: parts.bias }, table))
    }

    /// The bytes of the model's file, with [`Model::digest`] brought up to date. The same model gives the same bytes.
    ///
    /// # Errors
    ///
    /// [`Error::Model`] where the parts do not belong together.
    pub fn to_bytes(&mut self) -> Result<Vec<u8>, Error> {
        let broken = |what: &str| Error::Model(what.to_owned());
        let columns = self.columns();
        let Stored { pilots, rows } = Stored::new(self).map_err(broken)?;
        let texts = compress_to_vec_zlib(&self.vocabulary.texts, CompressionLevel::BestCompression as u8);
        let le = |values: &[f32]| values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>();
        let (scale, bias) = (le(&self.scale), le(&self.bias));
        let blocks: Vec<u8> = self.vocabulary.blocks.iter().flat_map(|rows| rows.to_le_bytes()).collect();
        let view =
            |dtype, shape: &[usize], data| TensorView::new(dtype, shape.to_vec(), data).map_err(|error| Error::Model(error.to_string()));
        let tensors = [
            ("bias", view(Dtype::F32, &[columns], &bias)?),
            ("scale", view(Dtype::F32, &[columns], &scale)?),
            ("table.pilots", view(Dtype::U8, &[pilots.len()], &pilots)?),
            ("table.rows", view(Dtype::U8, &[rows.len() / (KEPT_BYTES + columns), KEPT_BYTES + columns], &rows)?),
            ("vocabulary.blocks", view(Dtype::U32, &[Block::COUNT], &blocks)?),
            ("vocabulary.text", view(Dtype::U8, &[texts.len()], &texts)?),
        ];
        let write = |digest: String| -> Result<Vec<u8>, Error> {
            let about = serde_json::value::to_raw_value(&self.about).map_err(|error| Error::Model(error.to_string()))?;
            let json = serde_json::to_string(&Header { format: FORMAT, digest, about }).map_err(|error| Error::Model(error.to_string()))?;
            safetensors::serialize(
                tensors.iter().map(|(name, view)| (*name, view)),
                Some(HashMap::from([(KEY.to_owned(), json)]).into_iter().collect()),
            )
            .map_err(|error| Error::Model(error.to_string()))
        };
        let draft = write(String::new())?;
        let about = serde_json::to_string(&self.about).map_err(|error| Error::Model(error.to_string()))?;
        let digest = digest(&about, &Tensors::read(&draft)?)?;
        let bytes = write(digest.clone())?;
        self.digest = digest;
        Ok(bytes)
    }
}

/// A model's features as the file has them.
pub(crate) struct Stored {
    pub(crate) pilots: Vec<u8>,
    pub(crate) rows: Vec<u8>,
}

impl Stored {
    /// Finds a row for each feature of a model.
    ///
    /// # Errors
    ///
    /// Says what does not belong together.
    pub(crate) fn new(model: &Model) -> Result<Self, &'static str> {
        let columns = model.columns();
        let mut order: Vec<(u64, usize)> = model.vocabulary.fingerprints()?.into_iter().zip(0..).collect();
        if model.weights.len() != order.len() * columns {
            return Err("weights for more or fewer features than there are");
        }
        order.sort_unstable();
        let sorted: Vec<u64> = order.iter().map(|(fingerprint, _)| *fingerprint).collect();
        let Places { pilots, rows: places, count } = Places::find(&sorted)?;
        let width = KEPT_BYTES + columns;
        let mut rows = vec![0; count * width];
        for ((fingerprint, own), place) in order.iter().zip(places) {
            let (kept, weights) = rows[place * width..(place + 1) * width].split_at_mut(KEPT_BYTES);
            kept.copy_from_slice(&fingerprint.to_le_bytes()[..KEPT_BYTES]);
            for (byte, weight) in weights.iter_mut().zip(&model.weights[own * columns..]) {
                *byte = weight.cast_unsigned();
            }
        }
        Ok(Self { pilots, rows })
    }
}

/// What stands in a model's file, as it stands there.
pub(crate) struct Parts<'b> {
    pub(crate) about: About,
    pub(crate) digest: String,
    pub(crate) pilots: &'b [u8],
    pub(crate) rows: &'b [u8],
    pub(crate) scale: Vec<f32>,
    pub(crate) bias: Vec<f32>,
    blocks: [u32; Block::COUNT],
    /// How many features there are.
    features: usize,
    texts: &'b [u8],
    tensors: Tensors<'b>,
}

impl<'b> Parts<'b> {
    /// Finds the parts and checks their shapes; what the texts say, and the digest, is left for [`Model::from_bytes`] to check.
    pub(crate) fn read(bytes: &'b [u8]) -> Result<Self, Error> {
        let broken = |what: &str| Error::Model(what.to_owned());
        let tensors = Tensors::read(bytes)?;
        let json = tensors.json()?;
        let header = parse(json);
        // Of another format the version alone can be read for sure; one pass over the text is enough for this one.
        if !matches!(header, Ok(Header { format: FORMAT, .. })) {
            let Version { format } = parse(json)?;
            if format != FORMAT {
                return Err(Error::Version { found: format, expected: FORMAT });
            }
        }
        let Header::<About> { digest, about, .. } = header?;
        check_about(&about)?;

        let columns = about.columns();
        let mut blocks = [0; Block::COUNT];
        for (rows, bytes) in blocks.iter_mut().zip(tensor(&tensors, "vocabulary.blocks", Dtype::U32, &[Some(Block::COUNT)])?.as_chunks().0)
        {
            *rows = u32::from_le_bytes(*bytes);
        }
        // A sum of four 32-bit numbers, and shapes whose bytes are there: none of this overflows.
        let n = blocks.iter().map(|&rows| u64::from(rows)).sum::<u64>();
        let n = usize::try_from(n).map_err(|_| broken("more features than fit into memory"))?;
        let floats = |name| -> Result<Vec<f32>, Error> {
            let bytes = tensor(&tensors, name, Dtype::F32, &[Some(columns)])?;
            Ok(bytes.as_chunks().0.iter().map(|chunk| f32::from_le_bytes(*chunk)).collect())
        };
        let (scale, bias) = (floats("scale")?, floats("bias")?);
        if !scale.iter().chain(&bias).all(|value| value.is_finite()) {
            return Err(broken("a weight that is not a finite number"));
        }
        Ok(Self {
            pilots: tensor(&tensors, "table.pilots", Dtype::U8, &[None])?,
            rows: tensor(&tensors, "table.rows", Dtype::U8, &[None, Some(KEPT_BYTES + columns)])?,
            texts: tensor(&tensors, "vocabulary.text", Dtype::U8, &[None])?,
            digest,
            about,
            scale,
            bias,
            blocks,
            features: n,
            tensors,
        })
    }

    fn recomputed_digest(&self) -> Result<String, Error> {
        let Header::<&RawValue> { about, .. } = parse(self.tensors.json()?)?;
        digest(about.get(), &self.tensors)
    }
}

fn parse<'a, T: Deserialize<'a>>(json: &'a str) -> Result<T, Error> {
    serde_json::from_str(json).map_err(|error| Error::Model(format!("metadata that cannot be read ({error})")))
}

/// A `safetensors` file. As [`SafeTensors`], which hides the metadata, so that with it the header would have to be parsed twice.
struct Tensors<'b> {
    metadata: Metadata,
    data: &'b [u8],
}

impl<'b> Tensors<'b> {
    fn read(bytes: &'b [u8]) -> Result<Self, Error> {
        let (header, metadata) =
            SafeTensors::read_metadata(bytes).map_err(|error| Error::Model(format!("not a whole safetensors file ({error})")))?;
        // The length of the header, its eight bytes, and the header itself are there.
        Ok(Self { metadata, data: &bytes[8 + header..] })
    }

    /// Everything that is not a tensor.
    fn json(&self) -> Result<&str, Error> {
        let metadata = self.metadata.metadata().as_ref();
        let json = metadata.and_then(|map| map.get(KEY)).map(String::as_str);
        json.ok_or_else(|| Error::Model(format!("a safetensors file, but its metadata has no key {KEY:?}")))
    }

    fn get(&self, name: &str) -> Result<(&TensorInfo, &'b [u8]), Error> {
        let info = self.metadata.info(name).ok_or_else(|| Error::Model(format!("no tensor {name}")))?;
        let (from, to) = info.data_offsets;
        Ok((info, &self.data[from..to]))
    }
}

/// The data of a tensor of this type and shape; `None` for a length that is as it comes.
fn tensor<'a>(tensors: &Tensors<'a>, name: &str, dtype: Dtype, shape: &[Option<usize>]) -> Result<&'a [u8], Error> {
    let (found, data) = tensors.get(name)?;
    let fits = found.shape.len() == shape.len()
        && found.shape.iter().zip(shape).all(|(found, wanted)| wanted.is_none_or(|wanted| wanted == *found));
    if found.dtype != dtype || !fits {
        return Err(Error::Model(format!("tensor {name} has shape {:?} of {:?}", found.shape, found.dtype)));
    }
    Ok(data)
}

fn digest(about: &str, tensors: &Tensors<'_>) -> Result<String, Error> {
    let mut hasher = Sha256::new();
    hasher.update(about);
    for name in TENSORS {
        hasher.update(tensors.get(name)?.1);
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
    if about.guard.out_of_scope.is_some_and(|logit| !logit.is_finite()) || !(0.0..=1.0).contains(&about.guard.doubt) {
        return broken("a guard that is out of range".to_owned());
    }
    if about.heads.is_empty() {
        return broken("no head".to_owned());
    }
    if let Err(what) = about.features.check() {
        return broken(what);
    }
    about.policy.check()
}
