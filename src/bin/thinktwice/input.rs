//! Where a draft comes from.

use std::io::{IsTerminal, Read};
use std::path::Path;

use anyhow::{Context, anyhow, bail};

use super::lines::line_of;

/// The largest draft that is read, in bytes: a thousand times the longest note.
pub(crate) const LARGEST: u64 = 1 << 20;

/// A draft as it is read: the line break that an editor or echo puts behind the last line is not part of the note.
pub(crate) fn note_in(draft: &str) -> &str {
    draft.trim_end_matches(['\n', '\r'])
}

/// The draft in a file, or on standard input for `-`.
pub(crate) fn read(path: &Path) -> anyhow::Result<String> {
    if path == Path::new("-") {
        let stdin = std::io::stdin();
        if stdin.is_terminal() {
            anstream::eprintln!("Write or paste the draft; Ctrl-{} on a line of its own ends it.", if cfg!(windows) { "Z" } else { "D" });
        }
        return decode(stdin.lock(), "standard input");
    }
    let name = path.display().to_string();
    let file = std::fs::File::open(path).map_err(|error| anyhow!("cannot read {name}: {error}; check the path and its permissions"))?;
    if file.metadata().is_ok_and(|metadata| metadata.is_dir()) {
        bail!("{name} is a folder; name the file that the draft is in");
    }
    decode(file, &name)
}

fn decode(source: impl Read, name: &str) -> anyhow::Result<String> {
    let mut bytes = Vec::new();
    source.take(LARGEST + 1).read_to_end(&mut bytes).with_context(|| format!("cannot read {name}"))?;
    if bytes.len() as u64 > LARGEST {
        bail!("{name} has more than {LARGEST} bytes; a draft is a few hundred (for many notes use thinktwice score)");
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let (line, _) = line_of(error.as_bytes(), at);
        anyhow!("{name}:{}: not UTF-8 (byte {at}); save the draft as UTF-8", line + 1)
    })?;
    Ok(text.strip_prefix('\u{FEFF}').map_or_else(|| text.clone(), str::to_owned))
}
