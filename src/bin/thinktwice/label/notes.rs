//! The notes that are to be labelled.

use std::path::Path;

use anyhow::{Context, bail};
use serde_json::{Map, Value};

/// A note and the other columns of its row.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Unlabelled {
    pub(super) text: String,
    pub(super) columns: Map<String, Value>,
}

impl Unlabelled {
    pub(super) fn id(&self) -> Option<String> {
        id_of(&self.columns)
    }
}

/// The id in a row's columns.
pub(super) fn id_of(columns: &Map<String, Value>) -> Option<String> {
    match columns.get("id")? {
        Value::String(id) => Some(id.clone()),
        Value::Number(id) => Some(id.to_string()),
        _ => None,
    }
}

/// The column that texts stand in, unless another one is named.
const TEXT: &str = "text";
/// By these columns the archive of a network's member is known; its notes stand in the first.
const ARCHIVE: [&str; 2] = ["Message", "Direction"];

/// Reads JSON Lines or CSV by the name's ending, and anything else as plain text, a note a line. Rows without a text are passed over: an
/// invitation may have none. Of an archive only the texts are kept, and no names.
pub(super) fn read(path: &Path, text_column: Option<&str>) -> anyhow::Result<Vec<Unlabelled>> {
    let name = path.display();
    if path.is_dir() {
        bail!("{name} is a folder; name the file that the notes are in");
    }
    let bytes = std::fs::read(path).with_context(|| format!("cannot read {name}; check the path and its permissions"))?;
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&bytes);
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default().to_lowercase();
    let notes = match extension.as_str() {
        "jsonl" => json_lines(bytes, text_column.unwrap_or(TEXT)),
        "csv" => csv(bytes, text_column),
        _ if text_column.is_some() => bail!("{name} has no columns; leave --text-column out, or name a .jsonl or .csv file"),
        _ => plain(bytes),
    };
    notes.map_err(|(line, cause)| anyhow::anyhow!("{name}:{line}: {cause}"))
}

type Notes = Result<Vec<Unlabelled>, (u64, String)>;

fn lines(bytes: &[u8]) -> impl Iterator<Item = Result<(u64, &str), (u64, String)>> {
    let lines = bytes.split(|&byte| byte == b'\n').zip(1..).filter(|(line, _)| !line.trim_ascii().is_empty());
    lines.map(|(line, number)| match std::str::from_utf8(line) {
        Ok(line) => Ok((number, line.trim())),
        Err(_) => Err((number, "not UTF-8; save the file as UTF-8".to_owned())),
    })
}

fn json_lines(bytes: &[u8], text_column: &str) -> Notes {
    let mut notes = Vec::new();
    for line in lines(bytes) {
        let (number, line) = line?;
        let mut columns: Map<String, Value> =
            serde_json::from_str(line).map_err(|error| (number, format!("not a JSON object ({error}); mend the line")))?;
        let Some(Value::String(text)) = columns.remove(text_column) else {
            return Err((number, format!("no {text_column:?} that is a string; mend the line, or name the column with --text-column")));
        };
        notes.push(Unlabelled { text, columns });
    }
    notes.retain(|note| !note.text.trim().is_empty());
    Ok(notes)
}

fn csv(bytes: &[u8], text_column: Option<&str>) -> Notes {
    let mut reader = csv::Reader::from_reader(bytes);
    let broken =
        |error: &csv::Error| (error.position().map_or(1, csv::Position::line), format!("not a row of the CSV ({error}); mend the line"));
    let header = reader.headers().map_err(|error| broken(&error))?.clone();
    let at = |wanted: &str| header.iter().position(|column| column.trim() == wanted);
    let is_archive = text_column.is_none() && ARCHIVE.iter().all(|column| at(column).is_some());
    let text_column = text_column.unwrap_or(if is_archive { ARCHIVE[0] } else { TEXT });
    let Some(text_at) = at(text_column) else {
        let columns: Vec<&str> = header.iter().collect();
        return Err((1, format!("no column {text_column:?}; name the one with the notes by --text-column, of {}", columns.join(", "))));
    };
    let mut notes = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| broken(&error))?;
        let text = record.get(text_at).unwrap_or_default();
        if text.trim().is_empty() {
            continue;
        }
        let others = header.iter().zip(&record).enumerate().filter(|(at, (_, cell))| *at != text_at && !cell.is_empty() && !is_archive);
        let columns = others.map(|(_, (name, cell))| (name.trim().to_owned(), cell.into())).collect();
        notes.push(Unlabelled { text: text.to_owned(), columns });
    }
    Ok(notes)
}

fn plain(bytes: &[u8]) -> Notes {
    lines(bytes).map(|line| line.map(|(_, line)| Unlabelled { text: line.to_owned(), columns: Map::new() })).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_as(name: &str, content: &[u8], column: Option<&str>) -> anyhow::Result<Vec<(String, String)>> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join(name);
        std::fs::write(&path, content).expect("written");
        let notes = read(&path, column)?;
        Ok(notes.into_iter().map(|note| (note.text, Value::Object(note.columns).to_string())).collect())
    }

    #[test]
    fn every_kind_of_file_gives_its_notes() {
        let expect = |name: &str, content: &[u8], column: Option<&str>, notes: &[(&str, &str)]| {
            let notes: Vec<(String, String)> = notes.iter().map(|(text, columns)| ((*text).to_owned(), (*columns).to_owned())).collect();
            assert_eq!(read_as(name, content, column).expect(name), notes, "{name}");
        };
        expect("a.jsonl", b"\xEF\xBB\xBF{\"text\":\"hi\",\"id\":7}\r\n\n{\"text\":\" \"}\n", None, &[("hi", "{\"id\":7}")]);
        expect("a.CSV", b"n,text\n1,\"a, b\nc\"\n2,\n", None, &[("a, b\nc", "{\"n\":\"1\"}")]);
        expect("a.csv", b"n,note\n1,x\n", Some("note"), &[("x", "{\"n\":\"1\"}")]);
        expect("a.txt", b"one\r\n\n two \n", None, &[("one", "{}"), ("two", "{}")]);
        let archive = b"From,To,Sent At,Message,Direction\nYou,Ines,today,Hello Ines,OUTGOING\nYou,Tom,today,,OUTGOING\n";
        expect("Invitations.csv", archive, None, &[("Hello Ines", "{}")]);
    }

    #[test]
    fn what_cannot_be_read_is_named_with_its_line() {
        for (name, content, column, parts) in [
            ("a.jsonl", &b"{\"text\":\"hi\"}\n{\"tex\":1}\n"[..], None, [":2: ", "--text-column"]),
            ("a.jsonl", b"{\"text\":\"hi\"}\n{broken\n", None, [":2: ", "not a JSON object"]),
            ("a.csv", b"a,b\n1,2\n", None, [":1: ", "a, b"]),
            ("a.csv", b"text,b\n1,2\n1,2,3\n", None, [":3: ", "not a row"]),
            ("a.txt", b"one\ncaf\xE9\n", None, [":2: ", "not UTF-8"]),
            ("a.txt", b"one\n", Some("text"), ["a.txt", "no columns"]),
        ] {
            let error = read_as(name, content, column).expect_err(name).to_string();
            assert!(parts.iter().all(|part| error.contains(part)), "{error}");
        }
    }
}
