//! Numbers, lists and quotations in a sentence.

use super::screen::{inline, width};

/// Removed text of more columns is shown by its beginning and end.
const QUOTED: usize = 64;

/// A probability to the whole per cent; no model is quite sure.
pub(crate) fn percent(p: f32) -> String {
    match p {
        p if p >= 0.995 => "over 99 %".to_owned(),
        p if p < 0.005 => "under 1 %".to_owned(),
        p => format!("{:.0} %", 100.0 * p),
    }
}

pub(crate) fn list(parts: &[String]) -> String {
    match parts {
        [] => String::new(),
        [one] => one.clone(),
        [rest @ .., last] => format!("{} and {last}", rest.join(", ")),
    }
}

/// A part of the draft in quotation marks, by its beginning and end if it is long.
pub(crate) fn quoted(text: &str) -> String {
    let text = inline(text.trim_matches(|ch: char| ch.is_whitespace() || matches!(ch, ',' | ';' | ':' | '-' | '–' | '—')));
    if width(&text) <= QUOTED {
        return format!("“{text}”");
    }
    let words: Vec<&str> = text.split(' ').collect();
    let fitting = |words: &mut dyn Iterator<Item = &&str>, room: usize| {
        words
            .scan(0, |used, word| Some(std::mem::replace(used, *used + width(word) + 1) + width(word)))
            .take_while(|used| *used <= room)
            .count()
    };
    let first = fitting(&mut words.iter(), QUOTED * 2 / 3);
    let last = fitting(&mut words[first..].iter().rev(), QUOTED / 3);
    format!("“{} … {}”", words[..first].join(" "), words[words.len() - last..].join(" "))
}
