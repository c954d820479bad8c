//! What the person who labels sees, and the keys that they press.

use std::io::{self, Write};

use console::{Key, Term};

use crate::render::{BOLD, DIM};

/// Labels have the keys from 1 on.
pub(super) const MOST_LABELS: usize = 9;

/// What was answered to a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// The label with this index.
    Label(usize),
    /// None: pass over the note, or leave the question open.
    Skip,
    Undo,
    Quit,
}

/// A question: one of several labels.
pub(super) struct Question<'a> {
    /// The column that the answer goes to.
    pub(super) head: &'a str,
    pub(super) labels: &'a [String],
    /// Whether it may stay open while the note is kept: what skipping then means.
    pub(super) optional: bool,
    /// What the model says of each label, to be shown on request.
    pub(super) opinion: Option<&'a [f32]>,
}

pub(super) struct Screen {
    term: Term,
    width: usize,
}

impl Screen {
    /// The terminal; `None` where either end of it is a file or a pipe.
    pub(super) fn open(width: usize) -> Option<Self> {
        let term = Term::stdout();
        let is_terminal = term.is_term() && io::IsTerminal::is_terminal(&io::stdin());
        is_terminal.then_some(Self { term, width })
    }

    /// Shows a note, how far we are, and what there is to say before it.
    pub(super) fn show(&self, text: &str, progress: &str, news: Option<&str>) -> io::Result<()> {
        let mut out = anstream::stdout().lock();
        writeln!(out, "\n{DIM}{progress}{DIM:#}")?;
        for line in news.iter().flat_map(|news| textwrap::wrap(news, self.width)) {
            writeln!(out, "{DIM}{line}{DIM:#}")?;
        }
        writeln!(out)?;
        for line in text.split('\n') {
            // An escape sequence in a note does nothing to the terminal.
            let line: String = line.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
            for line in textwrap::wrap(line.trim_end(), self.width.saturating_sub(4)) {
                writeln!(out, "  {BOLD}{line}{BOLD:#}")?;
            }
        }
        writeln!(out)?;
        out.flush()
    }

    pub(super) fn say(&self, text: &str) -> io::Result<()> {
        let mut out = anstream::stdout().lock();
        textwrap::wrap(text, self.width).iter().try_for_each(|line| writeln!(out, "{line}"))?;
        out.flush()
    }

    /// Asks until a key is pressed that means something.
    pub(super) fn ask(&self, question: &Question<'_>) -> io::Result<Answer> {
        self.write_keys(question)?;
        loop {
            let answer = match self.term.read_key_raw()? {
                Key::Char(digit @ '1'..='9') => {
                    let label = digit as usize - '1' as usize;
                    question.labels.get(label).map(|name| (Answer::Label(label), name.as_str()))
                }
                Key::Char('s' | 'S') => Some((Answer::Skip, if question.optional { "left open" } else { "skipped" })),
                Key::Enter if question.optional => Some((Answer::Skip, "left open")),
                Key::Char('u' | 'U') | Key::Backspace => Some((Answer::Undo, "back")),
                Key::Char('q' | 'Q') | Key::Escape | Key::CtrlC => Some((Answer::Quit, "quit")),
                Key::Char('m' | 'M') => {
                    self.write_opinion(question)?;
                    None
                }
                Key::Char('?' | 'h' | 'H') => {
                    self.write_help(question)?;
                    None
                }
                _ => None,
            };
            if let Some((answer, said)) = answer {
                let mut out = anstream::stdout().lock();
                writeln!(out, "  → {said}")?;
                out.flush()?;
                return Ok(answer);
            }
        }
    }

    fn write_keys(&self, question: &Question<'_>) -> io::Result<()> {
        let labels: Vec<String> = question.labels.iter().zip(1..).map(|(label, key)| format!("{key} {label}")).collect();
        let mut out = anstream::stdout().lock();
        for line in textwrap::wrap(&format!("{}:  {}", question.head, labels.join("   ")), self.width) {
            writeln!(out, "{line}")?;
        }
        let skip = if question.optional { "s leave open" } else { "s skip" };
        let model = if question.opinion.is_some() { "m what the model says   " } else { "" };
        writeln!(out, "{DIM}{skip}   u undo   {model}? help   q quit{DIM:#}")?;
        out.flush()
    }

    fn write_opinion(&self, question: &Question<'_>) -> io::Result<()> {
        let Some(opinion) = question.opinion else { return self.say("  no model knows these labels yet") };
        let mut by_probability: Vec<(&String, f32)> = question.labels.iter().zip(opinion.iter().copied()).collect();
        by_probability.sort_by(|a, b| b.1.total_cmp(&a.1));
        let opinion: Vec<String> = by_probability.iter().map(|(label, p)| format!("{label} {:.0} %", 100.0 * p)).collect();
        self.say(&format!("  the model says: {}", opinion.join(", ")))
    }

    fn write_help(&self, question: &Question<'_>) -> io::Result<()> {
        self.say("  1 to 9   the label with this number")?;
        if question.optional {
            self.say("  s, Enter leave this question open; the note keeps its first label")?;
        } else {
            self.say("  s        pass over the note; the next session asks for it again")?;
        }
        self.say("  u        take the last answer back, and ask again; as far back as this session goes")?;
        self.say("  m        what the model says; better after you have made up your mind")?;
        self.say("  q        stop; every answer is on disk, and the same command goes on from here")
    }
}
