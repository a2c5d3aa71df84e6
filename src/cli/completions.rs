//! `converge completions` and `converge man`: made from the same declaration as everything else.

use std::io;

use clap_complete::Shell;

use crate::cli::args;
use crate::cli::exit::End;
use crate::cli::terminal::Terminal;

/// Prints the completions for a shell.
pub(crate) fn completions(shell: Shell, terminal: &Terminal) -> End {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut args::command(), "converge", &mut text);
    terminal.answer(&String::from_utf8_lossy(&text));
    End::Shown
}

/// Prints the manual page: the options of running playbooks, then every other command.
pub(crate) fn man(terminal: &Terminal) -> io::Result<End> {
    let mut text = Vec::new();
    let command = args::command();
    clap_mangen::Man::new(command.clone()).render(&mut text)?;
    for subcommand in command.get_subcommands() {
        let name = format!("converge {}", subcommand.get_name());
        let page = clap_mangen::Man::new(subcommand.clone().bin_name(name).disable_help_flag(true));
        text.extend_from_slice(
            format!(".SH {}\n", subcommand.get_name().to_uppercase()).as_bytes(),
        );
        page.render_description_section(&mut text)?;
        page.render_options_section(&mut text)?;
    }
    terminal.answer(&String::from_utf8_lossy(&text));
    Ok(End::Shown)
}
