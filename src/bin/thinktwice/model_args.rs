//! Which model and policy to answer with.

use std::path::{Path, PathBuf};

use anyhow::anyhow;
use clap::{Args, ValueEnum};
use etcetera::BaseStrategy;
use thinktwice::policy::Strictness;
use thinktwice::{Classifier, Error, Policy};

/// The name of a policy file, wherever it is looked for.
const POLICY_FILE: &str = "thinktwice.toml";

#[derive(Args)]
#[command(next_help_heading = "Model and policy")]
pub(crate) struct ModelArgs {
    /// Answer with this model instead of the shipped one
    #[arg(long, value_name = "FILE")]
    model: Option<PathBuf>,
    /// Change the model's policy as this file (TOML) says [default: thinktwice.toml in the working folder or one above it, else
    /// in thinktwice/ in your configuration folder]
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// Leave a thinktwice.toml aside: answer with the policy in the model
    #[arg(long, conflicts_with = "policy")]
    no_policy: bool,
    /// How soon a note is held [default: the policy's, normal]
    #[arg(long, value_enum)]
    strictness: Option<StrictnessArg>,
    /// Don't hold this phrase against the note; may be given more than once
    #[arg(long, value_name = "PHRASE")]
    accept: Vec<String>,
    /// The longest note that the network accepts, in characters [default: the policy's, 300]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    limit: Option<u32>,
}

#[derive(Clone, Copy, ValueEnum)]
enum StrictnessArg {
    /// Hold only what is surely harmful: a quarter as many false alarms
    Relaxed,
    /// Hold what the policy's share of false alarms allows, 2 in 100 harmless notes
    Normal,
    /// Hold more, and accept two and a half times as many false alarms
    Strict,
}

impl From<StrictnessArg> for Strictness {
    fn from(arg: StrictnessArg) -> Self {
        match arg {
            StrictnessArg::Relaxed => Self::Relaxed,
            StrictnessArg::Normal => Self::Normal,
            StrictnessArg::Strict => Self::Strict,
        }
    }
}

impl ModelArgs {
    /// What to call the model.
    #[cfg(feature = "train")]
    pub(crate) fn name(&self) -> String {
        self.model.as_ref().map_or_else(|| "the shipped model".to_owned(), |path| path.display().to_string())
    }

    /// The model, with its policy changed first by the policy file and then by the arguments.
    pub(crate) fn classifier(&self) -> anyhow::Result<Classifier> {
        let mut classifier = match &self.model {
            None => Classifier::shipped(),
            Some(path) => Classifier::load(path)?,
        };
        if let Some(path) = &self.policy {
            classifier = amended(classifier, path)?;
        } else if let Some(path) = self.find_policy() {
            classifier = amended(classifier, &path)
                .map_err(|error| anyhow!("{error} (that file was found by its name; --no-policy leaves it aside)"))?;
        }
        if self.strictness.is_none() && self.accept.is_empty() && self.limit.is_none() {
            return Ok(classifier);
        }
        let mut policy = classifier.policy().clone();
        policy.strictness = self.strictness.map_or(policy.strictness, Strictness::from);
        policy.limit = self.limit.map_or(policy.limit, |limit| limit as usize);
        policy.accept.extend(self.accept.iter().cloned());
        Ok(classifier.with_policy(policy)?)
    }

    fn find_policy(&self) -> Option<PathBuf> {
        if self.no_policy {
            return None;
        }
        let here = std::env::current_dir().ok();
        let above = here.iter().flat_map(|here| here.ancestors()).map(|folder| folder.join(POLICY_FILE));
        let own = configuration_folder().map(|folder| folder.join("thinktwice").join(POLICY_FILE));
        above.chain(own).find(|path| path.is_file())
    }
}

/// `$XDG_CONFIG_HOME` or `~/.config` on Linux, `~/Library/Application Support` on macOS, `%APPDATA%` on Windows.
fn configuration_folder() -> Option<PathBuf> {
    let folders = etcetera::base_strategy::choose_native_strategy().ok()?;
    // What macOS calls preferences are property lists.
    Some(if cfg!(target_os = "macos") { folders.data_dir() } else { folders.config_dir() })
}

fn amended(classifier: Classifier, path: &Path) -> Result<Classifier, Error> {
    classifier.with_amended_policy(&Policy::text(path)?).map_err(|error| error.in_file(path))
}
