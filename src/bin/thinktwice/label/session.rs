//! A session of labelling: what is asked, in which order, and what becomes of the answers.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use thinktwice::features::Scratch;
use thinktwice::train::Corpus;

use super::HeadToAsk;
use super::answers::Answers;
use super::learning::{Given, Learning, Reader};
use super::notes::Unlabelled;
use super::queue::{Order, Queue};
use super::screen::{Answer, Question, Screen};

/// A note that was asked for, and whether it was given a label.
struct Asked {
    row: usize,
    labelled: bool,
}

pub(super) struct Session {
    heads: Vec<HeadToAsk>,
    notes: Arc<[Unlabelled]>,
    /// Of each note, what the model that was there before says of every label.
    given: Vec<Vec<f32>>,
    /// Of each note, what a model of the answers says of the first head's labels, once it reads better than the one that was there before.
    learned: Option<Vec<Vec<f32>>>,
    learning: Learning,
    queue: Queue,
    answers: Answers,
    screen: Screen,
    /// What can be undone.
    asked: Vec<Asked>,
}

impl Session {
    /// `elsewhere` are labelled notes that are to be left out.
    pub(super) fn new(
        given: Given,
        heads: Vec<HeadToAsk>,
        mut notes: Vec<Unlabelled>,
        elsewhere: &Corpus,
        order: Order,
        answers: Answers,
        screen: Screen,
    ) -> Self {
        let elsewhere = elsewhere.notes.iter().map(|note| note.text.as_str());
        let mut seen: HashSet<String> = elsewhere.clone().map(str::to_owned).collect();
        notes.retain(|note| !answers.knows(note) && seen.insert(note.text.clone()));
        // What the input says of the labels that are asked for is neither shown nor kept.
        for note in &mut notes {
            note.columns.retain(|column, _| heads.iter().all(|head| head.name != *column));
        }
        let mut scratch = Scratch::default();
        let opinions: Vec<Vec<f32>> = notes.iter().map(|note| given.classifier.score(&note.text, &mut scratch).probabilities).collect();
        let texts: Vec<&str> = notes.iter().map(|note| note.text.as_str()).collect();
        let labelled: Vec<&str> = elsewhere.chain(answers.notes().iter().map(|note| note.text.as_str())).collect();
        let queue = Queue::new(&texts, &labelled, order);
        let notes: Arc<[Unlabelled]> = notes.into();
        let first = &heads[0];
        let learning = Learning::new(&first.name, &first.labels, Arc::clone(&notes), first.opinion_at.is_some().then_some(given));
        let mut session = Self { heads, notes, given: opinions, learned: None, learning, queue, answers, screen, asked: Vec::new() };
        session.set_uncertainty();
        session
    }

    /// Asks until there is nothing left, or until it is told to stop.
    pub(super) fn run(&mut self) -> anyhow::Result<()> {
        let mut again = None;
        loop {
            self.learning.begin_if_due(self.answers.notes());
            let news = self.learn();
            let Some(row) = again.take().or_else(|| self.queue.next()) else { break };
            let progress = format!("{} labelled, {} left", self.answers.notes().len(), self.queue.left() + 1);
            self.screen.show(&self.notes[row].text, &progress, news.as_deref())?;
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

    /// Takes over what was learned in the background, if that is done, and returns what there is to say of it.
    fn learn(&mut self) -> Option<String> {
        let lesson = self.learning.finished()?;
        if let Some(reader) = lesson.reader {
            self.learned = match reader {
                Reader::Given => None,
                Reader::Learned(opinions) => Some(opinions),
            };
            self.set_uncertainty();
        }
        Some(lesson.said)
    }

    /// Tells the queue what the better of the models is unsure of, where one knows the labels.
    fn set_uncertainty(&mut self) {
        if let Some(uncertainty) = (0..self.notes.len()).map(|row| self.opinion(row, 0).map(entropy)).collect() {
            self.queue.set_uncertainty(uncertainty);
        }
    }

    /// What the better of the models says of each label of a head.
    fn opinion(&self, row: usize, head: usize) -> Option<&[f32]> {
        match &self.learned {
            Some(learned) if head == 0 => Some(&learned[row]),
            _ => {
                let HeadToAsk { opinion_at, labels, .. } = &self.heads[head];
                opinion_at.map(|from| &self.given[row][from..from + labels.len()])
            }
        }
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
            let opinion = self.opinion(row, at - 1);
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
    pub(super) fn close(mut self, output: &Path) -> anyhow::Result<()> {
        let counts: Vec<String> = self.answers.counts().iter().map(|(label, count)| format!("{label} {count}")).collect();
        let all = self.answers.notes().len();
        let name = output.display();
        self.screen.say("")?;
        if let Some(news) = self.learn() {
            self.screen.say(&news)?;
        }
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
