//! The policy file: what a user wants to be different.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

use serde::Deserialize;
use toml::Value;
use toml::de::{DeTable, DeValue};

use super::{HeadPolicy, Policy, Rule, Strictness, Verdict};
use crate::error::Error;

/// Every key may be missing: the policy that it amends says it then.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct PolicyFile {
    limit: Option<Limit>,
    false_alarms: Option<Probability>,
    strictness: Option<Strictness>,
    accept: Option<Vec<String>>,
    off: Option<Vec<String>>,
    #[serde(default)]
    heads: BTreeMap<String, HeadFile>,
    #[serde(default)]
    too_long: AnswerFile,
    #[serde(default)]
    unknown: AnswerFile,
    #[serde(default)]
    ambiguous: AnswerFile,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", expecting = "a table with read-when or labels")]
struct HeadFile {
    read_when: Option<Vec<String>>,
    #[serde(default)]
    labels: BTreeMap<String, RuleFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table with verdict, threshold, message or help")]
struct RuleFile {
    verdict: Option<Verdict>,
    threshold: Option<Probability>,
    message: Option<String>,
    help: Option<String>,
}

/// What is said where no label decides: there is no probability to set a threshold for.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table with verdict, message or help")]
struct AnswerFile {
    verdict: Option<Verdict>,
    message: Option<String>,
    help: Option<String>,
}

/// A number from 0 to 1.
#[derive(Clone, Copy, Deserialize)]
#[serde(try_from = "Value")]
struct Probability(f32);

impl TryFrom<Value> for Probability {
    type Error = String;

    fn try_from(value: Value) -> Result<Self, String> {
        let number = match value {
            Value::Float(number) => Some(number as f32),
            Value::Integer(number) => Some(number as f32),
            _ => None,
        };
        match number.filter(|number| (0.0..=1.0).contains(number)) {
            Some(number) => Ok(Self(number)),
            None => Err(format!("must be a number from 0 to 1, not {}", shown(&value))),
        }
    }
}

/// A number of characters.
#[derive(Clone, Copy, Deserialize)]
#[serde(try_from = "Value")]
struct Limit(usize);

impl TryFrom<Value> for Limit {
    type Error = String;

    fn try_from(value: Value) -> Result<Self, String> {
        let number = value.as_integer().and_then(|number| usize::try_from(number).ok()).filter(|&number| number > 0);
        number.map(Self).ok_or_else(|| format!("must be a whole number of characters from 1 up, not {}", shown(&value)))
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => format!("{text:?}"),
        Value::Integer(number) => number.to_string(),
        Value::Float(number) => number.to_string(),
        other => format!("a value of type {}", other.type_str()),
    }
}

impl Policy {
    /// The text of a policy file, for [`Policy::amended`] or [`crate::Classifier::with_amended_policy`].
    ///
    /// # Errors
    ///
    /// [`Error::Read`], and [`Error::Policy`] with the line where the file is not UTF-8.
    pub fn text(path: &Path) -> Result<String, Error> {
        let bytes = std::fs::read(path).map_err(|cause| Error::Read { path: path.to_owned(), cause })?;
        String::from_utf8(bytes).map_err(|error| {
            let line = Some(line_at(&String::from_utf8_lossy(error.as_bytes()), error.utf8_error().valid_up_to()));
            Error::Policy { line, key: String::new(), what: "not UTF-8; save the file as UTF-8".to_owned() }.in_file(path)
        })
    }

    /// This policy with the changes that `text` (TOML) names. Tables are merged key by key; a list replaces the list.
    ///
    /// ```
    /// # use thinktwice::{Policy, Verdict};
    /// let policy = Policy::shipped().amended("limit = 200\nheads.intent.labels.romantic.verdict = 'revise'")?;
    /// assert_eq!(policy.limit, 200);
    /// assert_eq!(policy.verdict("intent", "romantic"), Verdict::Revise);
    /// assert_eq!(policy.verdict("intent", "strained-history"), Verdict::Hold);
    /// # Ok::<(), thinktwice::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Policy`] with the line and the key that cannot be used. Whether a model has the labels, [`crate::Classifier::with_policy`] checks.
    pub fn amended(&self, text: &str) -> Result<Self, Error> {
        let file: PolicyFile = toml::from_str(text).map_err(|error| {
            let line = error.span().map(|span| line_at(text, span.start));
            let key = error.span().and_then(|span| match DeTable::parse(text) {
                Ok(table) => key_at(table.get_ref(), &span),
                Err(_) if error.message() == DUPLICATE => text.get(span).map(|key| key.trim().to_owned()),
                Err(_) => None,
            });
            Error::Policy { line, key: key.unwrap_or_default(), what: plain(error.message()) }
        })?;
        let mut policy = self.clone();
        replace(&mut policy.limit, file.limit.map(|limit| limit.0));
        replace(&mut policy.false_alarms, file.false_alarms.map(|share| share.0));
        replace(&mut policy.strictness, file.strictness);
        replace(&mut policy.accept, file.accept);
        replace(&mut policy.off, file.off);
        for (name, changes) in file.heads {
            let head = policy.heads.entry(name).or_insert_with(|| HeadPolicy { read_when: Vec::new(), labels: BTreeMap::new() });
            replace(&mut head.read_when, changes.read_when);
            for (label, changes) in changes.labels {
                let none = Rule { verdict: Verdict::Send, threshold: None, message: String::new(), help: String::new() };
                let rule = head.labels.entry(label).or_insert(none);
                rule.threshold = changes.threshold.map(|threshold| threshold.0).or(rule.threshold);
                rule.amend(AnswerFile { verdict: changes.verdict, message: changes.message, help: changes.help });
            }
        }
        policy.too_long.amend(file.too_long);
        policy.unknown.amend(file.unknown);
        policy.ambiguous.amend(file.ambiguous);
        policy.check().map_err(|error| error.at_line_of(text))?;
        Ok(policy)
    }
}

impl Rule {
    fn amend(&mut self, changes: AnswerFile) {
        replace(&mut self.verdict, changes.verdict);
        replace(&mut self.message, changes.message);
        replace(&mut self.help, changes.help);
    }
}

fn replace<T>(value: &mut T, by: Option<T>) {
    if let Some(by) = by {
        *value = by;
    }
}

impl Error {
    /// The same error with the line of `text` that its key stands in, where it is about a policy and does not have one yet.
    pub(crate) fn at_line_of(self, text: &str) -> Self {
        match self {
            Self::Policy { line: None, key, what } => {
                let line = DeTable::parse(text).ok().and_then(|table| key_start(table.get_ref(), &key)).map(|at| line_at(text, at));
                Self::Policy { line, key, what }
            }
            other => other,
        }
    }
}

/// The line of the byte at `at`, from 1.
fn line_at(text: &str, at: usize) -> usize {
    1 + text.bytes().take(at).filter(|&byte| byte == b'\n').count()
}

/// The path of the innermost key that `span` lies in or behind.
fn key_at(table: &DeTable<'_>, span: &Range<usize>) -> Option<String> {
    let encloses = |outer: Range<usize>| outer.start <= span.start && span.end <= outer.end;
    for (key, value) in table {
        if let DeValue::Table(inner) = value.get_ref()
            && let Some(rest) = key_at(inner, span)
        {
            return Some(format!("{}.{rest}", key.get_ref()));
        }
        if encloses(key.span()) || encloses(value.span()) {
            return Some(key.get_ref().to_string());
        }
    }
    None
}

/// Where the last key of a path starts.
fn key_start(table: &DeTable<'_>, path: &str) -> Option<usize> {
    for (key, value) in table {
        match path.strip_prefix(key.get_ref().as_ref()) {
            Some("") => return Some(key.span().start),
            Some(rest) => {
                if let (Some(rest), DeValue::Table(inner)) = (rest.strip_prefix('.'), value.get_ref())
                    && let Some(start) = key_start(inner, rest)
                {
                    return Some(start);
                }
            }
            None => {}
        }
    }
    None
}

/// What the parser says of a key that stands twice in its table, and points at.
const DUPLICATE: &str = "duplicate key";

/// The parser's words in this program's.
fn plain(message: &str) -> String {
    if message == DUPLICATE {
        return "stands here for the second time; keep one".to_owned();
    }
    let one_line = message.replace('\n', " ");
    for (start, is) in [("unknown field `", "no such key"), ("unknown variant `", "no such value")] {
        if let Some((name, expected)) = one_line.strip_prefix(start).and_then(|rest| rest.split_once("`, expected ")) {
            let allowed = expected.strip_prefix("one of ").unwrap_or(expected);
            return format!("{is} as `{name}`; allowed: {}", allowed.replace('`', ""));
        }
    }
    [
        ("invalid type: ", "wrong type: "),
        ("expected a sequence", "expected a list"),
        ("expected a map", "expected a table"),
        ("wanted string or table", "wrong type: expected a name in quotes"),
        (" as i128, expected any valid TOML value", " is too large a number"),
    ]
    .into_iter()
    .fold(one_line, |text, (from, to)| text.replace(from, to))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_says_only_what_differs() {
        let shipped = Policy::shipped();
        assert_eq!(shipped.amended("").expect("nothing to change"), shipped);
        assert_eq!(shipped.amended(include_str!("default.toml")).expect("usable"), shipped);
        let text = "strictness = 'strict'\noff = ['too-long']\n[heads.intent.labels.romantic]\nthreshold = 1\nhelp = 'Be kind.'\n[unknown]\nverdict = 'send'";
        let amended = shipped.amended(text).expect("usable");
        let mut expected = shipped;
        expected.strictness = Strictness::Strict;
        expected.off = vec!["too-long".to_owned()];
        expected.unknown.verdict = Verdict::Send;
        let rule = expected.heads.get_mut("intent").and_then(|head| head.labels.get_mut("romantic")).expect("a rule");
        (rule.threshold, rule.help) = (Some(1.0), "Be kind.".to_owned());
        assert_eq!(amended, expected);
    }

    #[test]
    fn errors_name_the_line_the_key_and_what_is_allowed() {
        for (text, parts) in [
            ("\nlimt = 3", ["line 2, limt: no such key", "limit, false-alarms, strictness"]),
            ("limit = 'long'", ["line 1, limit: must be a whole number", "not \"long\""]),
            ("limit = 0", ["line 1, limit: ", "not 0"]),
            ("limit = 3.5", ["line 1, limit: ", "not 3.5"]),
            ("false-alarms = 2", ["line 1, false-alarms: must be a number from 0 to 1", "not 2"]),
            ("strictness = 'mild'", ["line 1, strictness: no such value as `mild`", "relaxed, normal, strict"]),
            (
                "[heads.intent.labels.romantic]\nthreshold = 1.5",
                ["line 2, heads.intent.labels.romantic.threshold: ", "from 0 to 1, not 1.5"],
            ),
            (
                "[heads.intent.labels.romantic]\nthreshold = nan",
                ["line 2, heads.intent.labels.romantic.threshold: ", "from 0 to 1, not NaN"],
            ),
            ("[heads.intent.labels.a]\n\nverdict = 'stop'", ["line 3, heads.intent.labels.a.verdict", "send, revise, hold, unsure"]),
            ("[heads.intent.labels.a]\nmesage = ''", ["line 2, heads.intent.labels.a.mesage", "verdict, threshold, message, help"]),
            ("[too-long]\nthreshold = 0.5", ["line 2, too-long.threshold: no such key", "verdict, message, help"]),
            ("accept = 'coffee'", ["line 1, accept: wrong type", "expected a list"]),
            ("heads.intent.labels = 3", ["line 1, heads.intent.labels: wrong type", "expected a table"]),
            (
                "heads.intent.labels.a = 'hold'",
                ["line 1, heads.intent.labels.a: wrong type", "a table with verdict, threshold, message or help"],
            ),
            ("unknown = 1", ["line 1, unknown: wrong type", "a table with verdict, message or help"]),
            ("strictness = 2", ["line 1, strictness: wrong type", "a name in quotes"]),
            ("limit = 30000000000000000000000", ["line 1, limit: ", "too large"]),
            ("accept = [\n'coffee',\n3]", ["line 3, accept: ", "expected a string"]),
            ("\n\naccept = ['tea', ' ']", ["line 3, accept: there is nothing", "\" \""]),
            ("limit = 3\nlimit = 4", ["line 2, limit: stands here for the second time", "keep one"]),
            ("limit 3", ["line 1", ""]),
        ] {
            let error = Policy::shipped().amended(text).expect_err(text).to_string();
            for part in parts {
                assert!(error.contains(part), "{part:?} is not in {error:?}");
            }
        }
    }

    #[test]
    fn a_key_is_found_again() {
        let text = "limit = 3\nheads.intent.labels.\"a.b\".verdict = 'hold'\n\n[heads.reason.labels.missing]\nverdict = 'send'";
        let line = |key: &str| Error::policy(key, "wrong").at_line_of(text).to_string();
        assert_eq!(line("heads.intent.labels.a.b"), "unusable policy: line 2, heads.intent.labels.a.b: wrong");
        assert_eq!(line("heads.reason.labels.missing"), "unusable policy: line 4, heads.reason.labels.missing: wrong");
        assert_eq!(line("off"), "unusable policy: off: wrong");
    }

    proptest::proptest! {
        /// Parts of policies in any order, and any characters.
        #[test]
        fn any_text_is_a_policy_or_an_error(
            text in "(\\[heads|\\.intent|\\.labels|\\.romantic|\\]|\n|limit|accept|off|too-long| = |\\[|\"|'|0\\.5|-1|é|hold|\\{|\\}|,|\\PC){0,30}",
        ) {
            match Policy::shipped().amended(&text) {
                Ok(policy) => proptest::prop_assert!(policy.check().is_ok()),
                Err(error) => proptest::prop_assert!(!error.to_string().contains('\n')),
            }
        }
    }
}
