//! This project's own figures for `fit.py`: `thinktwice_matrix FOLDER` reads the shipped corpus, writes the matrix of its features and the intents to FOLDER for other
//! solvers to fit, and prints one JSON object: how long the fit of this project takes on the same matrix, in seconds, and the weights' file.

#![expect(clippy::print_stdout, reason = "the figures are what it is for")]

use std::path::{Path, PathBuf};
use std::time::Instant;

use linfa::dataset::DatasetBase;
use linfa::traits::Fit;
use thinktwice::train::extract::Extracted;
use thinktwice::train::matrix::{Column, Csr};
use thinktwice::train::solver::SparseLogistic;
use thinktwice::train::{Corpus, FitSettings};

/// The penalty, and how exact the fit is, of the shipped model.
const ALPHA: f64 = 0.125;
const TOLERANCE: f64 = 1e-3;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = PathBuf::from(std::env::args().nth(1).ok_or("usage: thinktwice_matrix FOLDER")?);
    let settings = FitSettings::default();
    let corpus = Corpus::read(&[Path::new(env!("CARGO_MANIFEST_DIR")).join("data/corpus")], &settings.heads, false)?;
    let (matrix, intents, labels) = problem(&corpus, &settings)?;
    write(&folder.join("starts"), matrix.starts.iter().flat_map(|&start| (start as u64).to_le_bytes()))?;
    write(&folder.join("columns"), matrix.columns.iter().flat_map(|column| column.to_le_bytes()))?;
    write(&folder.join("values"), matrix.values.iter().flat_map(|value| value.to_le_bytes()))?;
    write(&folder.join("intents"), intents.iter().flat_map(|&intent| (intent as u32).to_le_bytes()))?;
    let (width, stored) = (matrix.width, matrix.values.len());
    let solver = SparseLogistic { tolerance: TOLERANCE, ..SparseLogistic::new(ALPHA, labels) };
    let data = DatasetBase::new(matrix, intents);
    let start = Instant::now();
    let fitted = solver.fit(&data)?;
    let seconds = start.elapsed().as_secs_f64();
    write(&folder.join("weights"), fitted.weights.iter().flat_map(|weight| weight.to_le_bytes()))?;
    let figures = serde_json::json!({
        "seconds": seconds, "iterations": fitted.iterations, "alpha": ALPHA, "notes": data.targets.len(), "features": width, "values": stored, "labels": labels,
    });
    println!("{figures}");
    Ok(())
}

/// The features of all notes, none left out but those of a single note, weighted by their blocks; and the intents as numbers.
fn problem(corpus: &Corpus, settings: &FitSettings) -> Result<(Csr, Vec<usize>, usize), Box<dyn std::error::Error>> {
    let texts: Vec<&str> = corpus.notes.iter().map(|note| note.text.as_str()).collect();
    let extracted = Extracted::new(&texts, &settings.features, settings.least_notes)?;
    let weigh =
        |(feature, of): (u32, &thinktwice::train::extract::Feature)| Column { feature, factor: settings.block_weights.of(of.block) };
    let columns: Vec<Column> = (0..).zip(&extracted.features).map(weigh).collect();
    let rows: Vec<usize> = (0..texts.len()).collect();
    let intents: Vec<&str> = corpus.notes.iter().map(|note| note.labels[&settings.heads[0]].as_str()).collect();
    let mut labels = intents.clone();
    labels.sort_unstable();
    labels.dedup();
    let targets = intents.iter().map(|intent| labels.partition_point(|label| label < intent)).collect();
    Ok((extracted.matrix(&rows, &columns, None), targets, labels.len()))
}

fn write(path: &Path, bytes: impl Iterator<Item = u8>) -> std::io::Result<()> {
    std::fs::write(path, bytes.collect::<Vec<u8>>())
}
