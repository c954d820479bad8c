//! `thinktwice explain`: the page on a finding.

use std::io::{self, Write};

use anstyle::Style;
use anyhow::anyhow;
use clap::Args;

use super::ExitStatus;
use super::pages::{PAGES, Page};
use super::render::{BOLD, DIM};

#[derive(Args)]
#[command(after_help = "\
Examples:
  thinktwice explain                    the findings, a line each
  thinktwice explain strained-history   the page on one of them
  thinktwice explain romantic too-long  the pages on several

The findings of a model that you trained yourself have no page: what is said of them stands in its policy.")]
pub(super) struct ExplainArgs {
    /// The findings; without any, all are listed
    #[arg(value_name = "ID")]
    ids: Vec<String>,
}

pub(super) fn run(args: &ExplainArgs) -> anyhow::Result<ExitStatus> {
    let mut out = anstream::stdout().lock();
    if args.ids.is_empty() {
        write_list(&mut out, super::terminal_width())?;
        return Ok(ExitStatus::Clear);
    }
    let pages: Vec<&Page> = args.ids.iter().map(|id| found(id)).collect::<anyhow::Result<_>>()?;
    for page in pages {
        write_page(&mut out, page.text, super::terminal_width())?;
    }
    Ok(ExitStatus::Clear)
}

/// Writes a line for each page, or two where the terminal is too narrow for that.
fn write_list(out: &mut impl Write, width: usize) -> io::Result<()> {
    let column = 2 + PAGES.iter().map(|page| page.id.len()).max().unwrap_or(0);
    let is_wide = PAGES.iter().all(|page| column + page.title().len() <= width);
    for page in &PAGES {
        if is_wide {
            writeln!(out, "{BOLD}{}{BOLD:#}{:gap$}{}", page.id, "", page.title(), gap = column - page.id.len())?;
        } else {
            writeln!(out, "{BOLD}{}{BOLD:#}", page.id)?;
            for line in textwrap::wrap(page.title(), textwrap::Options::new(width).initial_indent("  ").subsequent_indent("  ")) {
                writeln!(out, "{line}")?;
            }
        }
    }
    Ok(())
}

fn found(id: &str) -> anyhow::Result<&'static Page> {
    Page::of(id).ok_or_else(|| {
        let known: Vec<&str> = PAGES.iter().map(|page| page.id).collect();
        anyhow!("there is no page on {id:?}; there is one on each of {}", known.join(", "))
    })
}

/// Writes the few forms of Markdown that pages use: headings, paragraphs, quotations, lists and code.
fn write_page(out: &mut impl Write, text: &str, width: usize) -> io::Result<()> {
    let mut in_code = false;
    for block in text.trim_end().split("\n\n") {
        for line in block.lines() {
            if line.starts_with("```") {
                in_code = !in_code;
            } else if in_code {
                writeln!(out, "    {line}")?;
            } else {
                let (style, first, further, line) = if line.starts_with('#') {
                    (BOLD, "", "", line.trim_start_matches(['#', ' ']))
                } else if let Some(quoted) = line.strip_prefix("> ") {
                    (DIM, "  │ ", "  │ ", quoted)
                } else if let Some(item) = line.strip_prefix("- ") {
                    (Style::new(), "- ", "  ", item)
                } else {
                    (Style::new(), "", "", line)
                };
                let options = textwrap::Options::new(width).initial_indent(first).subsequent_indent(further);
                for wrapped in textwrap::wrap(&line.replace('`', ""), options) {
                    writeln!(out, "{style}{wrapped}{style:#}")?;
                }
            }
        }
        writeln!(out)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_fits_the_terminal() {
        for width in [20, 40, 60, 100] {
            let mut out = Vec::new();
            write_list(&mut out, width).expect("written");
            let text = anstream::adapter::strip_str(std::str::from_utf8(&out).expect("text")).to_string();
            assert!(text.lines().all(|line| line.chars().count() <= width), "{text}");
            assert_eq!(text.lines().count() == PAGES.len(), width >= 60, "{text}");
        }
    }

    #[test]
    fn a_page_fits_the_terminal() {
        for width in [40, 60, 100] {
            for page in &PAGES {
                let mut out = Vec::new();
                write_page(&mut out, page.text, width).expect("written");
                let text = anstream::adapter::strip_str(std::str::from_utf8(&out).expect("text")).to_string();
                for line in text.lines().filter(|line| !line.starts_with("    ")) {
                    assert!(line.chars().count() <= width, "{}: {line:?}", page.id);
                }
                assert!(!text.contains('`') && !text.contains("\n#"), "{text}");
            }
        }
    }
}
