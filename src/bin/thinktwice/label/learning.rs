//! A model of the answers, made in the background while the next question is being thought about.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, TryRecvError, channel};

use thinktwice::features::Scratch;
use thinktwice::train::metrics::{Confusion, Figure, log_loss};
use thinktwice::train::seen::Seen;
use thinktwice::train::{Corpus, Extras, FitSettings, corpus, fit};
use thinktwice::{Classifier, Policy};

use super::answers::Labelled;
use super::notes::Unlabelled;

/// From how many answers on a model learns from them: of fewer, its figures say nothing.
const FIRST: usize = 20;
/// After how many further answers it learns again, at least.
const EVERY: usize = 10;
/// With ten folds nine tenths of the answers are learned from, and the figure is near that of a model of all: what counts where there are few.
const FOLDS: usize = 10;

/// The model that was there before the first answer.
pub(super) struct Given {
    pub(super) classifier: Classifier,
    /// What to call it.
    pub(super) name: String,
}

/// What came of learning.
pub(super) struct Lesson {
    /// One line for the person who labels.
    pub(super) said: String,
    /// Whom to ask now; none where nothing was learned.
    pub(super) reader: Option<Reader>,
}

/// The model that reads the answers best.
#[derive(Debug, PartialEq)]
pub(super) enum Reader {
    /// The one that was there before.
    Given,
    /// The new one, and what it says of every note: the probability of each label.
    Learned(Vec<Vec<f32>>),
}

/// Learns from the answers, at most one model at a time.
pub(super) struct Learning {
    pupil: Arc<Pupil>,
    /// How many answers were learned from last.
    learned_from: usize,
    running: Option<Receiver<Result<Learned, String>>>,
    /// The last macro-F1, and of how many notes.
    before: Option<(f64, usize)>,
}

/// Everything that learning needs beside the answers.
struct Pupil {
    head: String,
    labels: Vec<String>,
    /// The notes that the new model is asked for its opinion of.
    notes: Arc<[Unlabelled]>,
    /// The model that was there before, if it knows the labels.
    given: Option<Given>,
}

/// A model of the answers: how good it is, and what it says.
struct Learned {
    notes: usize,
    macro_f1: Figure,
    /// The macro-F1 of the model that was there before, on the same notes.
    given_macro_f1: Option<f64>,
    reader: Reader,
}

impl Learning {
    /// Will learn to tell the labels apart, and to read `notes`.
    pub(super) fn new(head: &str, labels: &[String], notes: Arc<[Unlabelled]>, given: Option<Given>) -> Self {
        let pupil = Pupil { head: head.to_owned(), labels: labels.to_vec(), notes, given };
        Self { pupil: Arc::new(pupil), learned_from: 0, running: None, before: None }
    }

    /// Begins to learn where there are enough new answers. Nothing waits for the thread: where the program ends before it, it ends too.
    pub(super) fn begin_if_due(&mut self, answers: &[Labelled]) {
        if self.running.is_some() || !is_due(answers.len(), self.learned_from) {
            return;
        }
        self.learned_from = answers.len();
        let (sender, receiver) = channel();
        let (pupil, answers) = (Arc::clone(&self.pupil), answers.to_vec());
        let begun = std::thread::Builder::new().spawn(move || {
            // Where nobody listens any more, nobody is left to tell.
            let _ = sender.send(pupil.learn(&answers));
        });
        self.running = begun.is_ok().then_some(receiver);
    }

    /// What was learned, once it is.
    pub(super) fn finished(&mut self) -> Option<Lesson> {
        let learned = match self.running.as_ref()?.try_recv() {
            Err(TryRecvError::Empty) => return None,
            Err(TryRecvError::Disconnected) => Err("the training broke off".to_owned()),
            Ok(learned) => learned,
        };
        self.running = None;
        Some(match learned {
            Err(cause) => Lesson { said: format!("no model of these answers yet: {cause}"), reader: None },
            Ok(learned) => {
                let said = self.said(&learned);
                self.before = Some((learned.macro_f1.value, learned.notes));
                Lesson { said, reader: Some(learned.reader) }
            }
        })
    }

    fn said(&self, learned: &Learned) -> String {
        let Figure { value, low, high } = learned.macro_f1;
        let before = self.before.map(|(before, notes)| format!(", {before:.2} on {notes}")).unwrap_or_default();
        let given = match (&self.pupil.given, learned.given_macro_f1) {
            (Some(given), Some(macro_f1)) => format!("; {}: {macro_f1:.2}", given.name),
            _ => String::new(),
        };
        format!("cross-validated macro-F1 {value:.2} ({low:.2} to {high:.2}) on {} notes{before}{given}", learned.notes)
    }
}

/// Every few answers at first; later every tenth more, so that all the learning takes no more than a fixed multiple of the last.
fn is_due(answers: usize, learned_from: usize) -> bool {
    answers >= FIRST && answers >= learned_from + EVERY.max(learned_from / 10)
}

impl Pupil {
    fn learn(&self, answers: &[Labelled]) -> Result<Learned, String> {
        let corpus = self.corpus(answers);
        let labels: BTreeSet<&String> = corpus.notes.iter().map(|note| &note.labels[&self.head]).collect();
        if labels.len() < 2 {
            return Err(labels.first().map_or("none has a label".to_owned(), |label| format!("all have the label {label}")));
        }
        let settings = FitSettings { heads: vec![self.head.clone()], folds: FOLDS, ..FitSettings::default() };
        let fitted = fit(&corpus, &settings, &Policy::shipped(), &Extras::default()).map_err(|error| error.to_string())?;
        let report = &fitted.reports[0];
        // A model that has learned from some of these answers knows them by heart: that it reads them well says nothing.
        let is_fair = |given: &&Given| {
            let seen = Seen::new(given.classifier.about());
            !corpus.notes.iter().any(|note| seen.has_text(&note.text))
        };
        let given = self.given.as_ref().filter(is_fair).map(|given| self.measure(given, &corpus));
        let is_better = given.as_ref().is_none_or(|given| report.log_loss < given.log_loss);
        Ok(Learned {
            notes: report.notes.iter().sum(),
            macro_f1: report.macro_f1,
            given_macro_f1: given.map(|given| given.macro_f1),
            reader: if is_better {
                Reader::Learned(self.opinions(&Classifier::new(&fitted.model).map_err(|error| error.to_string())?))
            } else {
                Reader::Given
            },
        })
    }

    /// The answers as a corpus; a note that names no group is one of its own.
    fn corpus(&self, answers: &[Labelled]) -> Corpus {
        let note = |(row, answer): (usize, &Labelled)| {
            let label = answer.label.clone()?;
            Some(corpus::Note {
                text: answer.text.clone(),
                labels: [(self.head.clone(), label)].into(),
                group: answer.group.clone().unwrap_or_else(|| format!("answer {row}")),
                id: row.to_string(),
                other: BTreeMap::new(),
            })
        };
        Corpus { notes: answers.iter().enumerate().filter_map(note).collect(), skipped: Vec::new() }
    }

    /// What a model says of each note, in the order in which the labels are asked for. A label that it has not met has no probability.
    fn opinions(&self, classifier: &Classifier) -> Vec<Vec<f32>> {
        let known = &classifier.about().heads[0].labels;
        let places: Vec<Option<usize>> = self.labels.iter().map(|label| known.iter().position(|other| other == label)).collect();
        let mut scratch = Scratch::default();
        let of_note = |note: &Unlabelled| {
            let probabilities = classifier.score(&note.text, &mut scratch).probabilities;
            places.iter().map(|place| place.map_or(0.0, |place| probabilities[place])).collect()
        };
        self.notes.iter().map(of_note).collect()
    }

    /// How well the model that was there before reads the answers.
    fn measure(&self, given: &Given, corpus: &Corpus) -> GivenFigures {
        let target = |note: &corpus::Note| self.labels.iter().position(|label| *label == note.labels[&self.head]);
        let targets: Vec<usize> = corpus.notes.iter().filter_map(target).collect();
        let mut scratch = Scratch::default();
        let of_note = |note: &corpus::Note| given.classifier.score(&note.text, &mut scratch).probabilities[..self.labels.len()].to_vec();
        let probabilities: Vec<Vec<f32>> = corpus.notes.iter().map(of_note).collect();
        let likeliest = |p: &Vec<f32>| (0..p.len()).max_by(|&a, &b| p[a].total_cmp(&p[b])).unwrap_or(0);
        let confusion = Confusion::new(self.labels.len(), targets.iter().copied().zip(probabilities.iter().map(likeliest)));
        GivenFigures { macro_f1: confusion.macro_f1(), log_loss: log_loss(&probabilities, &targets) }
    }
}

struct GivenFigures {
    macro_f1: f64,
    log_loss: f64,
}

#[cfg(test)]
mod tests {
    use thinktwice::train::metrics::SplitMix64;

    use super::*;

    /// A panic in the background would end the session.
    #[test]
    fn odd_answers_are_learned_from_or_refused() {
        let pieces = ["", "…", "🙂", "hi", "HELLO", "!!!", "\u{200B}", "1234", "http://x.y", "日本語", &"x".repeat(500), "the"];
        let labels = ["a", "b", "c"].map(str::to_owned);
        let mut random = SplitMix64(1);
        for round in 0..60 {
            let (kinds, known) = (1 + random.below(pieces.len()), 1 + random.below(labels.len()));
            let mut answer = |row: usize| Labelled {
                text: (0..random.below(6)).map(|_| pieces[random.below(kinds)]).collect::<Vec<_>>().join(" "),
                // Most have one label; some have none.
                label: if row % 10 == 3 { None } else { Some(labels[random.below(known) * random.below(2)].clone()) },
                group: (round % 3 == 0).then(|| random.below(3).to_string()),
            };
            let answers: Vec<Labelled> = (0..24).map(&mut answer).collect();
            let notes = [Unlabelled { text: String::new(), columns: serde_json::Map::new() }];
            match Learning::new("intent", &labels, notes.into(), None).pupil.learn(&answers) {
                Ok(learned) => assert!((0.0..=1.0).contains(&learned.macro_f1.value), "{answers:?}"),
                Err(cause) => assert!(cause.contains("all have the label") || cause.contains("one group"), "{cause}: {answers:?}"),
            }
        }
    }

    #[test]
    fn learning_is_due_after_enough_answers() {
        let due: Vec<usize> = (0..40).filter(|&answers| is_due(answers, 0)).collect();
        assert_eq!(due, (20..40).collect::<Vec<_>>());
        assert!(!is_due(29, 20) && is_due(30, 20) && !is_due(1019, 1000) && !is_due(1099, 1000) && is_due(1100, 1000));
        assert!(!is_due(25, 30), "answers that were taken back");
    }

    const WORK: [&str; 10] = [
        "I maintain the turbines at Brennick and read your paper on blade fatigue.",
        "We both sat on the drainage panel in Leeds; I look after culverts for the county.",
        "Your figures on hospital catering costs helped our kitchen, thank you. I run it in Hull.",
        "I teach welding at the college and would like to hear how you train apprentices.",
        "Met you at the archive stand on Thursday, I am the one with the parish maps.",
        "I buy timber for a joinery in Cork and saw that your mill changed hands.",
        "Former colleague from payroll here, I moved to the audit side in spring.",
        "We are hiring two surveyors in Pune and your bridge work came up twice.",
        "I translate patents from Korean and follow what you write on claim wording.",
        "Our labs share the same supplier of reagents; I manage stock at the Lyon site.",
    ];
    const LOVE: [&str; 10] = [
        "Those eyes of yours have kept me awake since the gala.",
        "Are you single? I would love to take you to dinner.",
        "You are the most beautiful woman that I have seen on here.",
        "I can't stop thinking of your smile, let me buy you a drink on Friday.",
        "Hello gorgeous, is there a lucky man in your life?",
        "My heart skipped when your picture came up. Can I have your number?",
        "You look stunning in that red dress, darling.",
        "I know this isn't a dating site, but I had to say how pretty you are.",
        "I dream of kissing you under the moonlight.",
        "Looking for my soulmate, and your lovely face gave me hope.",
    ];

    /// What is learned of 20 notes, where one half has the first label and the other the second.
    fn learn_beside_the_shipped_model(labels: [&str; 2]) -> (Learning, Learned) {
        let labelled = |(texts, label): ([&'static str; 10], &str)| {
            texts.map(|text| Labelled { text: text.to_owned(), label: Some(label.to_owned()), group: None })
        };
        let answers: Vec<Labelled> = [WORK, LOVE].into_iter().zip(labels).flat_map(labelled).collect();
        let notes = [Unlabelled { text: "I read your paper on turbines.".to_owned(), columns: serde_json::Map::new() }];
        let given = Given { classifier: Classifier::shipped(), name: "the shipped model".to_owned() };
        let labels = given.classifier.about().heads[0].labels.clone();
        let learning = Learning::new("intent", &labels, notes.into(), Some(given));
        let learned = learning.pupil.learn(&answers).expect("a model");
        (learning, learned)
    }

    #[test]
    fn whichever_model_reads_the_answers_better_is_asked() {
        let (learning, learned) = learn_beside_the_shipped_model(["professional", "romantic"]);
        assert_eq!(learned.reader, Reader::Given, "20 answers teach less than what the shipped model knows");
        assert!(learned.given_macro_f1 > Some(0.8));
        let said = learning.said(&learned);
        assert!(said.starts_with("cross-validated macro-F1 0.") && said.contains(" on 20 notes; the shipped model: "), "{said}");
        // Who labels otherwise than the shipped model is better served by their own.
        let (learning, learned) = learn_beside_the_shipped_model(["strained-history", "professional"]);
        assert!(learned.given_macro_f1 < Some(0.2));
        let Reader::Learned(opinions) = learned.reader else { panic!("the answers are learned from") };
        let met: Vec<&String> = learning.pupil.labels.iter().zip(&opinions[0]).filter(|(_, p)| **p > 0.0).map(|(label, _)| label).collect();
        assert_eq!(met, ["professional", "strained-history"], "the others were never met");
    }
}
