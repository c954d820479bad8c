//! `thinktwice score`: many notes.

use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::Args;
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Map, Value};
use thinktwice::features::Scratch;
use thinktwice::{Assessment, Classifier};

use super::{ExitStatus, ModelArgs};

#[derive(Args)]
#[command(after_help = "\
Every line of the input is a JSON object with a key \"text\"; every object is written back, in order, with the key
\"assessment\" added. An empty text is answered with the verdict \"unsure\". A line that cannot be read is reported and stays a
line of the output, as an object with the keys \"line\" and \"error\"; the exit code is then 1.

Examples:
  thinktwice score notes.jsonl -o scored.jsonl
  thinktwice score notes.jsonl | jq -r '.assessment.verdict' | sort | uniq -c")]
pub(super) struct ScoreArgs {
    /// The notes, as JSON Lines; `-` reads standard input
    #[arg(value_name = "INPUT")]
    input: PathBuf,
    /// Where to write; an existing file is replaced once the new one is complete [default: standard output]
    #[arg(short, long, value_name = "OUTPUT")]
    output: Option<PathBuf>,
    /// Add evidence, edits and findings to every assessment
    #[arg(long)]
    explain: bool,
    #[command(flatten)]
    model: ModelArgs,
}

const ASSESSMENT: &str = "assessment";

/// The longest line that is read, in bytes: a bound on memory that no note comes near.
const LONGEST_LINE: u64 = 1 << 24;

pub(super) fn run(args: &ScoreArgs) -> anyhow::Result<ExitStatus> {
    let from_stdin = args.input == Path::new("-");
    let name = if from_stdin { "standard input".to_owned() } else { args.input.display().to_string() };
    let reader: Box<dyn BufRead> = if from_stdin {
        Box::new(std::io::stdin().lock())
    } else {
        if args.input.extension().is_none_or(|extension| extension != "jsonl") {
            bail!("{name}: the name of the input ends in .jsonl; rename or convert it");
        }
        let file = File::open(&args.input).with_context(|| format!("cannot read {name}; check the path and its permissions"))?;
        if file.metadata().is_ok_and(|metadata| metadata.is_dir()) {
            bail!("{name} is a folder; name the file that the notes are in");
        }
        Box::new(BufReader::with_capacity(1 << 16, file))
    };
    let classifier = args.model.classifier()?;
    let Some(path) = &args.output else {
        let mut out = BufWriter::with_capacity(1 << 16, std::io::stdout().lock());
        let bad = score(reader, &name, &mut out, &classifier, args.explain)?;
        out.flush()?;
        return Ok(status(bad));
    };
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let context = || format!("cannot write {}; check the path, its permissions and the free space", path.display());
    let mut builder = tempfile::Builder::new();
    // A temporary file is its owner's alone; this one becomes an ordinary file, for whom the umask says.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut out = BufWriter::new(builder.tempfile_in(folder).with_context(context)?);
    let bad = score(reader, &name, &mut out, &classifier, args.explain)?;
    let file = out.into_inner().map_err(std::io::IntoInnerError::into_error).with_context(context)?;
    file.persist(path).with_context(context)?;
    Ok(status(bad))
}

/// The input's object with the assessment behind its own keys. Written straight through: by way of a JSON value, the
/// probabilities would gain digits that `check` does not print.
struct Scored<'a> {
    object: &'a Map<String, Value>,
    assessment: &'a Assessment,
}

impl Serialize for Scored<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (key, value) in self.object.iter().filter(|(key, _)| *key != ASSESSMENT) {
            map.serialize_entry(key, value)?;
        }
        map.serialize_entry(ASSESSMENT, self.assessment)?;
        map.end()
    }
}

fn status(bad_rows: usize) -> ExitStatus {
    if bad_rows == 0 { ExitStatus::Clear } else { ExitStatus::Findings }
}

/// Scores line by line, and returns how many lines could not be read.
fn score(mut reader: impl BufRead, name: &str, out: &mut impl Write, classifier: &Classifier, explain: bool) -> anyhow::Result<usize> {
    let mut scratch = Scratch::default();
    let mut line = Vec::new();
    let mut bad = 0;
    for number in 1_u64.. {
        line.clear();
        let read =
            Read::by_ref(&mut reader).take(LONGEST_LINE).read_until(b'\n', &mut line).with_context(|| format!("cannot read {name}"))?;
        if read == 0 {
            break;
        }
        let too_long = read as u64 == LONGEST_LINE && line.last() != Some(&b'\n');
        if too_long {
            skip_line(&mut reader).with_context(|| format!("cannot read {name}"))?;
        }
        let content = if number == 1 { line.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&line) } else { &line }.trim_ascii();
        if content.is_empty() {
            continue;
        }
        let row = if too_long { Err(format!("longer than {LONGEST_LINE} bytes")) } else { parse(content) };
        match row {
            Ok((object, text)) => {
                let assessment = if explain { classifier.assess(&text) } else { classifier.assess_briefly(&text, &mut scratch) };
                serde_json::to_writer(&mut *out, &Scored { object: &object, assessment: &assessment })?;
            }
            Err(cause) => {
                bad += 1;
                anstream::eprintln!("{name}:{number}: {cause}; mend the line");
                let object = Map::from_iter([("line".to_owned(), number.into()), ("error".to_owned(), cause.into())]);
                serde_json::to_writer(&mut *out, &object)?;
            }
        }
        out.write_all(b"\n")?;
    }
    Ok(bad)
}

fn skip_line(reader: &mut impl BufRead) -> std::io::Result<()> {
    loop {
        let buffer = reader.fill_buf()?;
        let (length, ended) = match buffer.iter().position(|&byte| byte == b'\n') {
            Some(at) => (at + 1, true),
            None => (buffer.len(), buffer.is_empty()),
        };
        reader.consume(length);
        if ended {
            return Ok(());
        }
    }
}

fn parse(line: &[u8]) -> Result<(Map<String, Value>, String), String> {
    let text = std::str::from_utf8(line).map_err(|_| "not UTF-8".to_owned())?;
    let object: Map<String, Value> = serde_json::from_str(text).map_err(|error| format!("not a JSON object ({error})"))?;
    match object.get("text") {
        Some(Value::String(text)) => {
            let text = text.clone();
            Ok((object, text))
        }
        Some(_) => Err("\"text\" is not a string".to_owned()),
        None => Err("no \"text\"".to_owned()),
    }
}
