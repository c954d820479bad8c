//! The file of labelled notes: every answer is on disk before the next question.

use std::collections::{BTreeMap, HashSet};
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, bail};
use serde_json::{Map, Value};

use super::notes::{Unlabelled, name_in};

/// A note and its label of the first head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Labelled {
    pub(super) text: String,
    /// None where a row of the file has none.
    pub(super) label: Option<String>,
    /// Who or what the note came from, where the input says so.
    pub(super) group: Option<String>,
}

impl Labelled {
    fn new(text: &str, label: Option<&str>, columns: &Map<String, Value>) -> Self {
        Self { text: text.to_owned(), label: label.map(str::to_owned), group: name_in(columns, "group") }
    }
}

/// The labelled notes of a file, and the file, to append to.
#[derive(Debug)]
pub(super) struct Answers {
    path: PathBuf,
    file: File,
    /// Those of earlier sessions first.
    notes: Vec<Labelled>,
    known_texts: HashSet<String>,
    known_ids: HashSet<String>,
    /// For each answer of this session, the length of the file before it.
    before: Vec<u64>,
    length: u64,
}

impl Answers {
    /// Opens the file, or makes it. A last line that was cut off in the middle, as by a power failure, is taken off, and its note will be asked again.
    pub(super) fn open(path: &Path, head: &str) -> anyhow::Result<Self> {
        let name = path.display();
        let context = || format!("cannot write {name}; check the path, its permissions and the free space");
        let mut file = OpenOptions::new().read(true).append(true).create(true).open(path).with_context(context)?;
        file.try_lock().map_err(|_| anyhow!("{name} is being labelled in another window; go on there, or close it"))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).with_context(|| format!("cannot read {name}; check the path and its permissions"))?;
        let mut answers = Self {
            path: path.to_owned(),
            file,
            notes: Vec::new(),
            known_texts: HashSet::new(),
            known_ids: HashSet::new(),
            before: Vec::new(),
            length: bytes.len() as u64,
        };
        for (line, number) in bytes.split_inclusive(|&byte| byte == b'\n').zip(1..) {
            if line.trim_ascii().is_empty() {
                continue;
            }
            let cut_off = !line.ends_with(b"\n");
            match serde_json::from_slice::<Map<String, Value>>(line.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(line)) {
                Ok(row) => {
                    answers.know(&row, head).map_err(|cause| anyhow!("{name}:{number}: {cause}"))?;
                    if cut_off {
                        answers.write(b"\n")?;
                    }
                }
                Err(_) if cut_off => answers.cut(bytes.len() as u64 - line.len() as u64)?,
                Err(error) => bail!("{name}:{number}: not a JSON object ({error}); mend the line, or name another file with -o"),
            }
        }
        Ok(answers)
    }

    fn know(&mut self, row: &Map<String, Value>, head: &str) -> Result<(), String> {
        let Some(Value::String(text)) = row.get("text") else {
            return Err("no \"text\"; mend the line, or name another file with -o".to_owned());
        };
        self.known_texts.insert(text.clone());
        self.known_ids.extend(name_in(row, "id"));
        self.notes.push(Labelled::new(text, row.get(head).and_then(Value::as_str), row));
        Ok(())
    }

    /// Whether the note was labelled, by its id or its text.
    pub(super) fn knows(&self, note: &Unlabelled) -> bool {
        self.known_texts.contains(&note.text) || note.id().is_some_and(|id| self.known_ids.contains(&id))
    }

    /// The labelled notes, those of earlier sessions first.
    pub(super) fn notes(&self) -> &[Labelled] {
        &self.notes
    }

    /// How many notes have each label.
    pub(super) fn counts(&self) -> BTreeMap<&str, usize> {
        let mut counts = BTreeMap::new();
        for label in self.notes.iter().filter_map(|note| note.label.as_deref()) {
            *counts.entry(label).or_default() += 1;
        }
        counts
    }

    /// How many answers this session gave that were not taken back.
    pub(super) fn of_session(&self) -> usize {
        self.before.len()
    }

    /// Appends an answer, and returns once it is on disk. The note's other columns are kept, and are none of those that `labels` go to.
    pub(super) fn append(&mut self, note: &Unlabelled, labels: &[(String, String)]) -> anyhow::Result<()> {
        let mut row = Map::new();
        row.insert("text".to_owned(), note.text.clone().into());
        row.extend(labels.iter().map(|(head, label)| (head.clone(), label.clone().into())));
        row.extend(note.columns.iter().map(|(name, value)| (name.clone(), value.clone())));
        self.before.push(self.length);
        self.write(format!("{}\n", serde_json::to_string(&row)?).as_bytes())?;
        self.notes.push(Labelled::new(&note.text, Some(&labels[0].1), &note.columns));
        Ok(())
    }

    /// Takes the last answer of this session back.
    pub(super) fn undo(&mut self) -> anyhow::Result<()> {
        if let Some(length) = self.before.pop() {
            self.cut(length)?;
            self.notes.pop();
        }
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> anyhow::Result<()> {
        let written = self.file.write_all(bytes).and_then(|()| self.file.sync_data());
        written.with_context(|| {
            format!("cannot write {}; check the free space, then start again: it resumes where it was", self.path.display())
        })?;
        self.length += bytes.len() as u64;
        Ok(())
    }

    fn cut(&mut self, length: u64) -> anyhow::Result<()> {
        let cut = self.file.set_len(length).and_then(|()| self.file.sync_data());
        cut.with_context(|| format!("cannot write {}; check its permissions", self.path.display()))?;
        self.length = length;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(text: &str, id: Option<&str>) -> Unlabelled {
        Unlabelled { text: text.to_owned(), columns: id.map(|id| ("id".to_owned(), id.into())).into_iter().collect() }
    }

    fn label(label: &str) -> Vec<(String, String)> {
        vec![("intent".to_owned(), label.to_owned())]
    }

    #[test]
    fn answers_are_there_at_once_are_taken_back_and_found_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("mine.jsonl");
        let content = || std::fs::read_to_string(&path).expect("there");
        let mut answers = Answers::open(&path, "intent").expect("new");
        answers.append(&note("one", Some("1")), &label("a")).expect("written");
        let first = content();
        assert_eq!(first, "{\"text\":\"one\",\"intent\":\"a\",\"id\":\"1\"}\n");
        answers.append(&note("two", None), &label("b")).expect("written");
        answers.undo().expect("cut");
        assert_eq!(content(), first);
        answers.undo().expect("cut");
        answers.undo().expect("nothing left to take back");
        assert_eq!((content(), answers.of_session()), (String::new(), 0));
        answers.append(&note("one", Some("1")), &label("a")).expect("written");
        assert!(Answers::open(&path, "intent").expect_err("two windows").to_string().contains("another window"));
        drop(answers);

        // A line that was cut off goes, a whole one without its end stays.
        for (tail, lines) in [("{\"text\":\"tw", 1), ("{\"text\":\"two\",\"intent\":\"b\"}", 2)] {
            std::fs::write(&path, format!("{first}{tail}")).expect("written");
            let mut answers = Answers::open(&path, "intent").expect("resumed");
            assert_eq!((answers.notes().len(), answers.of_session()), (lines, 0));
            assert!(answers.knows(&note("one", None)) && answers.knows(&note("another text", Some("1"))));
            assert_eq!(answers.knows(&note("two", None)), lines == 2);
            answers.undo().expect("nothing of an earlier session is taken back");
            answers.append(&note("three", None), &label("c")).expect("written");
            assert_eq!(content().lines().filter(|line| serde_json::from_str::<Value>(line).is_ok()).count(), lines + 1);
        }
        std::fs::write(&path, format!("broken\n{first}")).expect("written");
        let error = Answers::open(&path, "intent").expect_err("broken").to_string();
        assert!(error.contains("mine.jsonl:1: not a JSON object"), "{error}");
    }
}
