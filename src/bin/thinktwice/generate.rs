//! `thinktwice completions` and `thinktwice man`: what a package installs beside the program.

use std::io::Write;

use anyhow::anyhow;
use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::{Cli, ExitStatus};

#[derive(Args)]
#[command(after_help = "\
Examples:
  thinktwice completions bash > ~/.local/share/bash-completion/completions/thinktwice
  thinktwice completions zsh > ~/.zfunc/_thinktwice
  thinktwice completions fish > ~/.config/fish/completions/thinktwice.fish")]
pub(super) struct CompletionsArgs {
    /// The shell to complete for
    #[arg(value_enum, value_name = "SHELL")]
    shell: Shell,
}

#[derive(Args)]
#[command(after_help = "\
Examples:
  thinktwice man | man -l -
  thinktwice man check > /usr/local/share/man/man1/thinktwice-check.1")]
pub(super) struct ManArgs {
    /// The command whose page to print; without it, the page of the whole program
    #[arg(value_name = "COMMAND")]
    command: Option<String>,
}

/// Prints a script. It is written whole to memory first, since the generator panics where a pipe is closed.
pub(super) fn completions(args: &CompletionsArgs) -> anyhow::Result<ExitStatus> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "thinktwice", &mut script);
    std::io::stdout().lock().write_all(&script)?;
    Ok(ExitStatus::Clear)
}

/// Prints a page in roff.
pub(super) fn man(args: &ManArgs) -> anyhow::Result<ExitStatus> {
    let mut command = Cli::command();
    command.build();
    let page = match &args.command {
        None => command,
        Some(name) => {
            let known: Vec<&str> = command.get_subcommands().map(clap::Command::get_name).collect();
            command.find_subcommand(name).ok_or_else(|| anyhow!("there is no command {name:?}, only {}", known.join(", ")))?.clone()
        }
    };
    clap_mangen::Man::new(page).render(&mut std::io::stdout().lock())?;
    Ok(ExitStatus::Clear)
}
