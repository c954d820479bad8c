//! `thinktwice label`: asks for labels.

mod answers;
mod notes;
mod queue;
mod screen;

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use answers::Answers;
use anyhow::bail;
use clap::Args;
use notes::Unlabelled;
use queue::Queue;
use screen::{Answer, MOST_LABELS, Question, Screen};
use thinktwice::Classifier;
use thinktwice::features::Scratch;

use super::{ExitStatus, ModelArgs};
use crate::notes::InputArgs;

#[derive(Args)]
#[command(after_help = "\
One note at a time, the most useful first: those that the model is unsure of and that are unlike what was labelled before, and every
fifth drawn at random. Notes that are nearly the same as a labelled one are left out. Every answer is on disk before the next
question, and the same command goes on where it was left.

Examples:
  thinktwice label Invitations.csv -o mine.jsonl                       your own notes, from the archive of a network
  thinktwice label notes.txt -o mine.jsonl --labels warm,cold          labels of your own
  thinktwice-train fit --data mine.jsonl -o mine.model                 what to do with them")]
pub(super) struct LabelArgs {
    #[command(flatten)]
    input: InputArgs,
    /// Where the labelled notes go, as JSON Lines; what is there already stays, and is not asked for again
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// The labels to choose from, instead of the model's
    #[arg(long, value_name = "LABEL", value_delimiter = ',', num_args = 1..)]
    labels: Vec<String>,
    #[command(flatten)]
    model: ModelArgs,
}

pub(super) fn run(args: &LabelArgs) -> anyhow::Result<ExitStatus> {
    let classifier = args.model.classifier()?;
    let heads = heads(&classifier, &args.labels)?;
    let notes = notes::read(&args.input)?;
    if notes.is_empty() {
        bail!("{}: no note in it", args.input.path().display());
    }
    if is_same(args.input.path(), &args.output) {
        bail!("{} is read from; give -o another file", args.output.display());
    }
    let Some(screen) = Screen::open(super::terminal_width()) else {
        bail!("label asks on a terminal, and this is none; run it in one, without redirecting its input or output");
    };
    let answers = Answers::open(&args.output, &heads[0].name)?;
    let mut session = Session::new(&classifier, heads, notes, answers, screen);
    session.run()?;
    session.close(&args.output)?;
    Ok(ExitStatus::Clear)
}

fn is_same(a: &Path, b: &Path) -> bool {
    a.canonicalize().is_ok_and(|a| b.canonicalize().is_ok_and(|b| a == b))
}

/// What is asked for of a note.
struct HeadToAsk {
    name: String,
    labels: Vec<String>,
    /// The labels of the first head with which it is asked for; empty means always.
    only_with: Vec<String>,
    /// Where the model's probabilities of these labels begin, if it knows them.
    opinion_at: Option<usize>,
}

/// The heads of the model; or its first one with other labels.
fn heads(classifier: &Classifier, labels: &[String]) -> anyhow::Result<Vec<HeadToAsk>> {
    let mut at = 0;
    let mut heads = Vec::new();
    for head in &classifier.about().heads {
        let only_with = classifier.policy().heads.get(&head.name).map_or_else(Vec::new, |policy| policy.read_when.clone());
        heads.push(HeadToAsk { name: head.name.clone(), labels: head.labels.clone(), only_with, opinion_at: Some(at) });
        at += head.labels.len();
    }
    if !labels.is_empty() && labels != heads[0].labels {
        let labels: Vec<String> = labels.iter().map(|label| label.trim().to_owned()).collect();
        let distinct: HashSet<&String> = labels.iter().collect();
        if labels.iter().any(String::is_empty) || distinct.len() < labels.len() || labels.len() < 2 {
            bail!("--labels needs two or more different names, such as --labels warm,cold");
        }
        heads.truncate(1);
        heads[0] = HeadToAsk { labels, opinion_at: None, name: heads[0].name.clone(), only_with: Vec::new() };
    }
    if let Some(head) = heads.iter().find(|head| head.labels.len() > MOST_LABELS) {
        bail!("{} has {} labels, and there are keys for {MOST_LABELS}; name fewer with --labels", head.name, head.labels.len());
    }
    Ok(heads)
}

/// A note that was asked for, and whether it was given a label.
struct Asked {
    row: usize,
    labelled: bool,
}

struct Session {
    heads: Vec<HeadToAsk>,
    notes: Vec<Unlabelled>,
    /// Of each note, what the model says of every label.
    probabilities: Vec<Vec<f32>>,
    queue: Queue,
    answers: Answers,
    screen: Screen,
    /// What can be undone.
    asked: Vec<Asked>,
}

impl Session {
    fn new(classifier: &Classifier, heads: Vec<HeadToAsk>, mut notes: Vec<Unlabelled>, answers: Answers, screen: Screen) -> Self {
        let mut seen: HashSet<String> = HashSet::new();
        notes.retain(|note| !answers.knows(note) && seen.insert(note.text.clone()));
        // What the input says of the labels that are asked for is neither shown nor kept.
        for note in &mut notes {
            note.columns.retain(|column, _| heads.iter().all(|head| head.name != *column));
        }
        let mut scratch = Scratch::default();
        let probabilities: Vec<Vec<f32>> = notes.iter().map(|note| classifier.score(&note.text, &mut scratch).probabilities).collect();
        let uncertainty = probabilities.iter().map(|p| heads[0].opinion_at.map_or(1.0, |_| entropy(&p[..heads[0].labels.len()]))).collect();
        let texts: Vec<&str> = notes.iter().map(|note| note.text.as_str()).collect();
        let queue = Queue::new(&texts, uncertainty, answers.texts());
        Self { heads, notes, probabilities, queue, answers, screen, asked: Vec::new() }
    }

    /// Asks until there is nothing left, or until it is told to stop.
    fn run(&mut self) -> anyhow::Result<()> {
        let mut again = None;
        while let Some(row) = again.take().or_else(|| self.queue.next()) {
            let progress = format!("{} labelled, {} left", self.answers.texts().len(), self.queue.left() + 1);
            self.screen.show(&self.notes[row].text, &progress)?;
            match self.ask(row)? {
                Asking::Labelled(labels) => {
                    self.answers.append(&self.notes[row], &labels)?;
                    self.queue.answer(row);
                    self.asked.push(Asked { row, labelled: true });
                }
                Asking::Skipped => self.asked.push(Asked { row, labelled: false }),
                Asking::Back => {
                    let Some(last) = self.asked.pop() else {
                        self.screen.say("  nothing to take back in this session")?;
                        again = Some(row);
                        continue;
                    };
                    if last.labelled {
                        self.answers.undo()?;
                        self.queue.take_back();
                    }
                    self.queue.put_back(row);
                    again = Some(last.row);
                }
                Asking::Stopped => break,
            }
        }
        Ok(())
    }

    /// Asks for every label of a note. Undo in a later question goes back to the first.
    fn ask(&self, row: usize) -> anyhow::Result<Asking> {
        let mut labels: Vec<(String, String)> = Vec::new();
        let mut at = 0;
        while let Some(head) = self.heads.get(at) {
            let is_first = at == 0;
            at += 1;
            if !is_first && !head.only_with.is_empty() && !head.only_with.contains(&labels[0].1) {
                continue;
            }
            let opinion = head.opinion_at.map(|from| &self.probabilities[row][from..from + head.labels.len()]);
            let question = Question { head: &head.name, labels: &head.labels, optional: !is_first, opinion };
            match self.screen.ask(&question)? {
                Answer::Label(label) => labels.push((head.name.clone(), head.labels[label].clone())),
                Answer::Skip if is_first => return Ok(Asking::Skipped),
                Answer::Skip => {}
                Answer::Undo if is_first => return Ok(Asking::Back),
                Answer::Undo => {
                    labels.clear();
                    at = 0;
                }
                Answer::Quit => return Ok(Asking::Stopped),
            }
        }
        Ok(Asking::Labelled(labels))
    }

    /// Says what there is now.
    fn close(&self, output: &Path) -> anyhow::Result<()> {
        let counts: Vec<String> =
            self.answers.counts().iter().filter(|(_, count)| **count > 0).map(|(label, count)| format!("{label} {count}")).collect();
        let all = self.answers.texts().len();
        let name = output.display();
        self.screen.say("")?;
        self.screen.say(&format!("{} labelled now, {all} in {name}: {}", self.answers.of_session(), counts.join(", ")))?;
        if self.queue.left() == 0 {
            self.screen.say("no note is left to ask for, but for those that were skipped and near copies of labelled ones")?;
        }
        self.screen.say(&format!("to learn from them: thinktwice-train fit --data {name} -o mine.model"))?;
        Ok(())
    }
}

/// How asking for a note ended.
enum Asking {
    /// The head and the label of every question that was answered.
    Labelled(Vec<(String, String)>),
    Skipped,
    Back,
    Stopped,
}

/// How evenly the probability is spread over the labels: 0 where one has all, 1 where all have the same.
fn entropy(probabilities: &[f32]) -> f32 {
    let sum: f32 = probabilities.iter().filter(|p| **p > 0.0).map(|p| -p * p.ln()).sum();
    sum / (probabilities.len() as f32).ln()
}
