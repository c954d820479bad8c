//! A policy applied to a model: what it makes of each label, looked up once and not for every note.

use crate::assessment::Reading;
use crate::error::Error;
use crate::model::Head;
use crate::policy::{AMBIGUOUS, Policy, TOO_LONG, UNKNOWN, Verdict};

/// The verdict on a label, and the probability from which it counts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Ruling {
    pub(crate) verdict: Verdict,
    pub(crate) threshold: f32,
}

/// What a policy makes of every label of every head, in the model's order. A label without a rule, or whose finding is switched off, is clear to send.
#[derive(Clone, Debug)]
pub(crate) struct Rulings(Vec<Vec<Ruling>>);

impl Rulings {
    pub(crate) fn new(policy: &Policy, heads: &[Head]) -> Self {
        let ruling = |index: usize, label: usize| {
            let head = &heads[index];
            let name = &head.labels[label];
            let rule = policy.rule(&head.name, name).filter(|_| !policy.is_off(&finding_id(index, &head.name, name)));
            Ruling {
                verdict: rule.map_or(Verdict::Send, |rule| rule.verdict),
                threshold: rule.and_then(|rule| rule.threshold).unwrap_or_else(|| head.threshold(label, policy.strictness)),
            }
        };
        Self((0..heads.len()).map(|index| (0..heads[index].labels.len()).map(|label| ruling(index, label)).collect()).collect())
    }

    /// Those of a head's labels.
    pub(crate) fn of(&self, head: usize) -> &[Ruling] {
        &self.0[head]
    }

    /// Of the further heads that are read for a note: the index of each whose likeliest label calls for something, and that label's ruling.
    pub(crate) fn further<'a>(&'a self, readings: &'a [Reading]) -> impl Iterator<Item = (usize, Ruling)> + 'a {
        readings.iter().enumerate().skip(1).filter(|(_, reading)| reading.read).filter_map(|(index, reading)| {
            let label = reading.probabilities.iter().position(|(label, _)| *label == reading.label)?;
            let ruling = self.0[index][label];
            (ruling.verdict != Verdict::Send && reading.confidence >= ruling.threshold).then_some((index, ruling))
        })
    }
}

/// The id of what is found where a head's label calls for something: labels of the first head stand for themselves.
pub(crate) fn finding_id(head: usize, name: &str, label: &str) -> String {
    if head == 0 { label.to_owned() } else { format!("{name}-{label}") }
}

/// The ids of all findings that a policy can lead to with a model of these heads.
pub(crate) fn finding_ids(policy: &Policy, heads: &[Head]) -> Vec<String> {
    let of_head = |(index, head): (usize, &Head)| {
        let rules = policy.heads.get(&head.name);
        let calls = |label: &&String| rules.and_then(|head| head.labels.get(*label)).is_some_and(|rule| rule.verdict != Verdict::Send);
        head.labels.iter().filter(calls).map(|label| finding_id(index, &head.name, label)).collect::<Vec<_>>()
    };
    let fixed = [TOO_LONG, UNKNOWN, AMBIGUOUS].map(str::to_owned);
    heads.iter().enumerate().flat_map(of_head).chain(fixed).collect()
}

/// Checks that a policy speaks of what the model has, or of what the model's `own` policy speaks of in vain already.
pub(crate) fn check(policy: &Policy, own: &Policy, heads: &[Head]) -> Result<(), Error> {
    policy.check()?;
    for (name, rules) in &policy.heads {
        let Some(head) = heads.iter().find(|head| &head.name == name) else {
            let known: Vec<&str> = heads.iter().map(|head| head.name.as_str()).collect();
            return Err(Error::policy(format!("heads.{name}"), format!("the model has no such head, only {}", known.join(", "))));
        };
        if let Some(label) = rules.labels.keys().find(|label| !head.labels.contains(label)) {
            let what = format!("the model has no such label, only {}", head.labels.join(", "));
            return Err(Error::policy(format!("heads.{name}.labels.{label}"), what));
        }
        let is_own = |label: &&String| own.heads.get(name).is_some_and(|own| own.read_when.contains(label));
        if let Some(label) = rules.read_when.iter().find(|label| !heads[0].labels.contains(label) && !is_own(label)) {
            let what = format!("the model's first head has no label {label:?}, only {}", heads[0].labels.join(", "));
            return Err(Error::policy(format!("heads.{name}.read-when"), what));
        }
    }
    // A label that a file has made harmless may still be switched off: its id is what it was.
    let labels =
        heads.iter().enumerate().flat_map(|(index, head)| head.labels.iter().map(move |label| finding_id(index, &head.name, label)));
    let known: Vec<String> = labels.chain([TOO_LONG, UNKNOWN, AMBIGUOUS].map(str::to_owned)).collect();
    match policy.off.iter().find(|id| !known.contains(id) && !own.off.contains(id)) {
        Some(id) => Err(Error::policy("off", format!("there is no finding {id:?}, only {}", finding_ids(policy, heads).join(", ")))),
        None => Ok(()),
    }
}
