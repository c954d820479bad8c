//! The sparse matrix that a fit learns from, ready to be multiplied with.

use rayon::prelude::*;

use crate::train::matrix::Csr;

/// A matrix of notes, by rows and by columns.
#[derive(Debug)]
pub(in crate::train) struct Design {
    rows: Csr,
    /// The same column by column: what a column sums to is then one sum, in the same order with any number of threads.
    columns: Csr,
}

/// How many rows or columns a thread takes at a time. Few: a column can have as many values as there are notes.
const CHUNK: usize = 32;

/// After how many values a sum in single precision is moved to double precision, so that a column with a value in each of a million notes loses nothing.
const RUN: usize = 512;

impl Design {
    pub(in crate::train) fn new(rows: Csr) -> Self {
        Self { columns: rows.transposed(), rows }
    }

    pub(in crate::train) fn rows(&self) -> &Csr {
        &self.rows
    }

    /// Multiplies the values of each of the first columns with its factor.
    pub(in crate::train) fn scale_columns(&mut self, factors: &[f32]) {
        for (column, factor) in factors.iter().enumerate() {
            let range = self.columns.starts[column]..self.columns.starts[column + 1];
            for value in &mut self.columns.values[range] {
                *value *= factor;
            }
        }
        for (column, value) in self.rows.columns.iter().zip(&mut self.rows.values) {
            *value *= factors.get(*column as usize).copied().unwrap_or(1.0);
        }
    }

    /// For each column, the sum of its squared values, each times the weight of its row.
    pub(in crate::train) fn squared_columns(&self, row_weights: &[f32]) -> Vec<f64> {
        let square = |(row, value): (usize, f32)| f64::from(value) * f64::from(value) * f64::from(row_weights[row]);
        (0..self.columns.height()).into_par_iter().map(|column| self.columns.row(column).map(square).sum()).collect()
    }

    /// matrix · table: what each row sums to.
    pub(super) fn times(&self, table: &Table) -> Table {
        product(&self.rows, table)
    }

    /// The gradient's norm where all weights are 0 and each class is as likely as any other.
    pub(super) fn norm_at_zero(&self, targets: &[usize], classes: usize) -> f64 {
        let sums = || vec![0.0; classes];
        let of_column = |sums: &mut Vec<f64>, column| spread(self.columns.row(column), targets, sums);
        let columns: Vec<f64> = (0..self.columns.height()).into_par_iter().map_init(sums, of_column).collect();
        let intercepts = spread((0..targets.len()).map(|row| (row, 1.0)), targets, &mut sums());
        (columns.iter().sum::<f64>() + intercepts).sqrt()
    }

    /// For each row, the sum of its squared values.
    pub(super) fn squared_rows(&self) -> impl Iterator<Item = f64> {
        (0..self.rows.height()).map(|row| self.rows.row(row).map(|(_, value)| f64::from(value).powi(2)).sum())
    }

    /// One row of matrix · table.
    pub(super) fn sum_row(&self, row: usize, table: &Table, out: &mut [f32]) {
        let range = self.rows.starts[row]..self.rows.starts[row + 1];
        sum_row(out, &self.rows.columns[range.clone()], &self.rows.values[range], table);
    }

    /// Adds a row, times a number for each class, to the table.
    pub(super) fn add_row(&self, row: usize, by: &[f32], table: &mut Table) {
        let range = self.rows.starts[row]..self.rows.starts[row + 1];
        let entries = self.rows.columns[range.clone()].iter().zip(&self.rows.values[range]);
        let stride = table.stride;
        if let (4, Some(by)) = (by.len(), by.first_chunk::<4>()) {
            let (rows, _) = table.values.as_chunks_mut::<4>();
            for (&column, value) in entries {
                for (slot, by) in rows[column as usize].iter_mut().zip(by) {
                    *slot += value * by;
                }
            }
            return;
        }
        let moved: Vec<(usize, f32)> = by.iter().copied().enumerate().filter(|(_, by)| *by != 0.0).collect();
        if moved.len() * 4 < stride {
            for (&column, value) in entries {
                let slots = &mut table.values[column as usize * stride..][..stride];
                for (class, by) in &moved {
                    slots[*class] += value * by;
                }
            }
        } else {
            for (&column, value) in entries {
                for (slot, by) in table.values[column as usize * stride..][..stride].iter_mut().zip(by) {
                    *slot += value * by;
                }
            }
        }
    }

    /// matrixᵀ · table: what each column sums to.
    pub(super) fn transposed_times(&self, table: &Table) -> Table {
        product(&self.columns, table)
    }
}

/// The sum of the squares of what the classes' sums of a column differ from their mean by.
fn spread(column: impl Iterator<Item = (usize, f32)>, targets: &[usize], sums: &mut [f64]) -> f64 {
    sums.fill(0.0);
    for (row, value) in column {
        sums[targets[row]] += f64::from(value);
    }
    let mean = sums.iter().sum::<f64>() / sums.len() as f64;
    sums.iter().map(|sum| (sum - mean).powi(2)).sum()
}

/// A dense matrix in single precision with a column for each class, its rows padded for vector instructions.
#[derive(Debug)]
pub(super) struct Table {
    values: Vec<f32>,
    classes: usize,
    stride: usize,
}

impl Table {
    /// From rows of `classes` values; what is left over at the end is no row.
    pub(super) fn new(values: &[f64], classes: usize) -> Self {
        let stride = stride(classes);
        let mut padded = vec![0.0; values.len() / classes * stride];
        padded.par_chunks_exact_mut(stride).zip(values.par_chunks_exact(classes)).for_each(|(padded, values)| {
            for (slot, value) in padded.iter_mut().zip(values) {
                *slot = *value as f32;
            }
        });
        Self { values: padded, classes, stride }
    }

    /// The rows without padding.
    pub(super) fn rows(&self) -> impl IndexedParallelIterator<Item = &[f32]> {
        self.values.par_chunks_exact(self.stride).map(|row| &row[..self.classes])
    }
}

pub(super) fn stride(classes: usize) -> usize {
    if classes <= 2 { classes } else { classes.next_multiple_of(4) }
}

fn product(matrix: &Csr, table: &Table) -> Table {
    let stride = table.stride;
    let mut values = vec![0.0; matrix.height() * stride];
    values.par_chunks_mut(CHUNK * stride).enumerate().for_each(|(chunk, out)| {
        for (at, out) in out.chunks_exact_mut(stride).enumerate() {
            let row = chunk * CHUNK + at;
            let range = matrix.starts[row]..matrix.starts[row + 1];
            sum_row(out, &matrix.columns[range.clone()], &matrix.values[range], table);
        }
    });
    Table { values, ..*table }
}

/// The sum of the table's rows at `columns`, each times its value. The classes are taken in tiles that fit into registers.
fn sum_row(out: &mut [f32], columns: &[u32], values: &[f32], table: &Table) {
    let mut from = 0;
    while from < out.len() {
        from += match out.len() - from {
            32.. => sum_tile::<32>(out, columns, values, table, from),
            16.. => sum_tile::<16>(out, columns, values, table, from),
            8.. => sum_tile::<8>(out, columns, values, table, from),
            4.. => sum_tile::<4>(out, columns, values, table, from),
            2.. => sum_tile::<2>(out, columns, values, table, from),
            _ => sum_tile::<1>(out, columns, values, table, from),
        };
    }
}

/// Returns the number of classes that it took.
fn sum_tile<const TILE: usize>(out: &mut [f32], columns: &[u32], values: &[f32], table: &Table, from: usize) -> usize {
    let mut total = [0.0_f64; TILE];
    for (columns, values) in columns.chunks(RUN).zip(values.chunks(RUN)) {
        let mut sum = [0.0_f32; TILE];
        for (&column, &value) in columns.iter().zip(values) {
            if let Some(row) = table.values[column as usize * table.stride + from..].first_chunk::<TILE>() {
                for (sum, weight) in sum.iter_mut().zip(row) {
                    *sum += value * weight;
                }
            }
        }
        for (total, sum) in total.iter_mut().zip(sum) {
            *total += f64::from(sum);
        }
    }
    for (slot, total) in out[from..from + TILE].iter_mut().zip(total) {
        *slot = total as f32;
    }
    TILE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_are_those_of_the_plain_definition() {
        for classes in [1, 2, 3, 4, 7, 13, 40, 77] {
            let (height, width) = (9, 5);
            let stored = |row: usize, column: usize| !(row + column).is_multiple_of(3);
            let mut matrix = Csr { starts: vec![0], width, ..Csr::default() };
            for row in 0..height {
                for column in (0..width).filter(|&column| stored(row, column)) {
                    matrix.columns.push(column as u32);
                    matrix.values.push((row * 2 + column) as f32);
                }
                matrix.starts.push(matrix.columns.len());
            }
            let value = |row: usize, column: usize| if stored(row, column) { (row * 2 + column) as f64 } else { 0.0 };
            let dense: Vec<f64> = (0..width * classes).map(|at| (at % 11) as f64 - 4.0).collect();
            let design = Design::new(matrix);
            let product = design.times(&Table::new(&dense, classes));
            let back = design.transposed_times(&product);
            let (product, back): (Vec<&[f32]>, Vec<&[f32]>) = (product.rows().collect(), back.rows().collect());
            for class in 0..classes {
                let plain: Vec<f64> =
                    (0..height).map(|row| (0..width).map(|column| value(row, column) * dense[column * classes + class]).sum()).collect();
                // Whole numbers, small enough to be exact.
                assert!(product.iter().zip(&plain).all(|(row, plain)| (f64::from(row[class]) - plain).abs() < 1e-9));
                let sum = |column: usize| (0..height).map(|row| value(row, column) * plain[row]).sum::<f64>();
                assert!(back.iter().enumerate().all(|(column, row)| (f64::from(row[class]) - sum(column)).abs() < 1e-9));
            }
        }
    }
}
