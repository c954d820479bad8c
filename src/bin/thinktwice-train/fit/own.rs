//! One's own notes, looked over before they are learned from.

use anyhow::bail;
use thinktwice::train::Corpus;
use thinktwice::train::audit::labels;

/// Fewer notes teach nothing that would hold for the next one.
const LEAST_NOTES: usize = 12;

/// Says in what the notes fall short, and mends what can be mended: notes without groups get them, and an optional column that tells nothing apart is left
/// out of `heads`, unless the shipped notes have labels for it. `named` says whether the columns were asked for.
pub(super) fn prepare(corpus: &mut Corpus, heads: &mut Vec<String>, named: bool, with_shipped: bool) -> anyhow::Result<()> {
    if corpus.notes.len() < LEAST_NOTES {
        bail!(
            "{} notes are too few to learn from; label {} more at least, and some hundred for a model to rely on",
            corpus.notes.len(),
            LEAST_NOTES - corpus.notes.len()
        );
    }
    for (index, head) in heads.iter().enumerate() {
        if heads[..index].contains(head) {
            bail!("the label column {head:?} is named twice; name each once");
        }
        if named && corpus.labels(head).is_empty() {
            let mut columns: Vec<&str> = corpus.notes.iter().flat_map(|note| note.other.keys().map(String::as_str)).collect();
            columns.sort_unstable();
            columns.dedup();
            let others = if columns.is_empty() { String::new() } else { format!(" (there are also {})", columns.join(", ")) };
            bail!("no note has a label in the column {head:?}{others}; name another with --label-column");
        }
    }
    if !named && !with_shipped {
        let first = heads[0].clone();
        heads.retain(|head| {
            let own = corpus.labels(head);
            if *head != first && own.len() == 1 {
                warn(&format!("every label in the column {head:?} is {:?}, so it is left out", own[0]));
                return false;
            }
            true
        });
    }
    group(corpus);
    for head in heads.iter() {
        if corpus.labels(head).len() > 1 {
            for remark in labels(corpus, head) {
                warn(&format!("{head}: {}", remark.message));
            }
        }
    }
    Ok(())
}

fn group(corpus: &mut Corpus) {
    let grouping = corpus.group_near_copies();
    if grouping.ungrouped == 0 {
        return;
    }
    let why = match &grouping.only_group {
        Some(group) => format!("all notes are of the group {group:?}, which is as good as none"),
        None if grouping.ungrouped == 1 => format!("one of {} notes has no group", corpus.notes.len()),
        None => format!("{} of {} notes have no group", grouping.ungrouped, corpus.notes.len()),
    };
    let copies = match grouping.joined {
        0 if grouping.ungrouped == 1 => "it is not nearly the same as another, so it stands for itself".to_owned(),
        0 => "none is nearly the same as another, so each stands for itself".to_owned(),
        1 if grouping.ungrouped == 1 => "it is nearly the same as another, and was put into that one's group".to_owned(),
        1 => "one that is nearly the same as another was put into that one's group, the others stand for themselves".to_owned(),
        joined => format!("{joined} that are nearly the same as another were put together, the others stand for themselves"),
    };
    warn(&format!(
        "{why}: {copies}. Where several notes are of one writer or source, name it in a column \"group\", or the figures come out too good"
    ));
}

fn warn(message: &str) {
    anstream::eprintln!("warning: {message}");
}
