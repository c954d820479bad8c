//! `--with-shipped-corpus`: whether the shipped notes help one's own.

use thinktwice::Classifier;
use thinktwice::train::combine::{Contender, ContenderFigures, Contest, check, contest, leave_copies_out};
use thinktwice::train::metrics::Figure;
use thinktwice::train::shipped::ShippedCorpus;
use thinktwice::train::{Beside, Corpus, Extras, FitSettings};

use super::speaker::Speaker;

/// The shipped notes, where one's own can be combined with them.
pub(super) fn for_labels_of(own: &Corpus, settings: &FitSettings) -> anyhow::Result<ShippedCorpus> {
    let shipped = ShippedCorpus::unpack();
    check(own, &shipped.corpus, &settings.heads)?;
    Ok(shipped)
}

/// Lets the shipped model, one's own notes alone and both contend, says who won, and adds the shipped notes to what is learned from.
pub(super) fn combine(
    own: &Corpus,
    mut shipped: ShippedCorpus,
    settings: &FitSettings,
    extras: &mut Extras,
    speaker: &Speaker,
) -> anyhow::Result<()> {
    let copies = leave_copies_out(own, &mut shipped.corpus);
    match copies.own.iter().filter(|is_copy| **is_copy).count() {
        0 => {}
        1 => anstream::eprintln!(
            "warning: one of your notes is nearly the same as a shipped one, which the shipped model has learned from; the contest leaves it out, and what it \
             is like is not learned from again"
        ),
        count => anstream::eprintln!(
            "warning: {count} of your notes are nearly the same as shipped ones, which the shipped model has learned from; the contest leaves them out, and \
             what they are like is not learned from again"
        ),
    }
    let contest = contest(own, &shipped.corpus, &copies, &Classifier::shipped(), settings, extras, &|progress| speaker.say(progress))?;
    print(&contest, shipped.corpus.notes.len());
    extras.out_of_scope.extend(shipped.out_of_scope);
    extras.beside = Some(Beside { corpus: shipped.corpus, own_weight: contest.own_weight });
    Ok(())
}

fn name(contender: Contender) -> &'static str {
    match contender {
        Contender::Others => "the shipped model",
        Contender::Own => "your own notes alone",
        Contender::Both => "both together",
    }
}

fn print(contest: &Contest, shipped: usize) {
    anstream::println!(
        "which model serves your own {} notes, of {} groups, best? Each is measured on notes that it has not learned from",
        contest.notes,
        contest.groups
    );
    for figures in &contest.figures {
        print_figures(figures);
    }
    let weights: Vec<String> = contest.weights.iter().map(|trial| format!("{} ({:.3})", trial.own_weight, trial.log_loss)).collect();
    anstream::println!("  as how many of the {shipped} shipped notes one of yours counts, with the log loss: {}", weights.join(", "));
    for difference in &contest.differences {
        anstream::println!(
            "  {} less {}: accuracy {}, macro-F1 {}, log loss {}",
            name(difference.of),
            name(difference.less),
            signed(&difference.accuracy),
            signed(&difference.macro_f1),
            signed(&difference.log_loss)
        );
    }
    anstream::println!("{}", conclusion(contest));
}

fn print_figures(figures: &ContenderFigures) {
    let shown = |figure: &Figure| format!("{:.3} ({:.3} to {:.3})", figure.value, figure.low, figure.high);
    anstream::println!(
        "  {:<22} accuracy {}, macro-F1 {}, log loss {}",
        name(figures.contender),
        shown(&figures.accuracy),
        shown(&figures.macro_f1),
        shown(&figures.log_loss)
    );
}

fn signed(figure: &Figure) -> String {
    format!("{:+.3} ({:+.3} to {:+.3})", figure.value, figure.low, figure.high)
}

/// What to do, in words.
fn conclusion(contest: &Contest) -> String {
    let unclear: Vec<&str> =
        contest.differences.iter().map(|difference| difference.less).filter(|&other| !contest.is_clear(other)).map(name).collect();
    let sure = if unclear.is_empty() {
        "by more than chance".to_owned()
    } else {
        format!("but perhaps by chance: the interval of the difference to {} includes 0", unclear.join(" and to "))
    };
    let advice = match contest.best {
        Contender::Both => "that is the model written here",
        Contender::Own => "to get it, fit again without --with-shipped-corpus",
        Contender::Others => "it is built in: thinktwice reads notes with it wherever no --model is given, so you need none of your own",
    };
    format!("your own notes are served best by {}, {sure}; {advice}", name(contest.best))
}
