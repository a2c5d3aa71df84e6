//! What the command line asks for together with what `ansible.cfg` says where it is silent.

use std::sync::Arc;

use crate::cli::args::Means;
use crate::cli::exit::Name;
use crate::cli::options::{Goal, Password, Question, Request};
use crate::diagnostic::Diagnostic;
use crate::plan::explain::Explain;
use crate::plan::options::{ConnectionDefaults, EscalationDefaults, Options};
use crate::project::Config;
use crate::source::{Source, Span};
use crate::target::Connection;

/// The options of a run, passwords left out.
pub(crate) fn options(request: &Request, config: &Config) -> Result<Options, Vec<Diagnostic>> {
    let mut problems = Vec::new();
    let selection = &request.selection;
    let forks = request.forks.or(config.forks.and_then(|forks| usize::try_from(forks).ok()));
    let defaults = Options::default();
    let options = Options {
        limit: selection.limit.clone(),
        tags: selection.tags.clone(),
        skip_tags: selection.skip_tags.clone(),
        start_at: selection.start_at.clone(),
        force_handlers: request.force_handlers,
        probes: request.probes,
        looks: request.looks,
        forks: forks.unwrap_or(defaults.forks),
        // A plan shows what applying does, so it must not see that it is none. As Ansible it is Ansible's check.
        check: request.goal == Goal::Check && request.name == Name::AnsiblePlaybook,
        diff: request.output.diff,
        verbosity: request.output.verbosity,
        connection: connection(request, config, &mut problems),
        escalation: escalation(request, config),
        explain: request.question.as_ref().map(|question| {
            Arc::new(Explain::new(match question {
                Question::Task(name) => Some(name.clone()),
                Question::Everything => None,
            }))
        }),
        gather_facts: config.gathering.as_ref().is_none_or(|word| word.value != "explicit"),
        ..defaults
    };
    if problems.is_empty() { Ok(options) } else { Err(problems) }
}

/// Where the password for becoming another user comes from.
pub(crate) fn escalation_password(request: &Request, config: &Config) -> Password {
    match &request.escalation.password {
        Password::None if config.privilege_escalation.ask_pass == Some(true) => Password::Ask,
        given => given.clone(),
    }
}

fn connection(
    request: &Request,
    config: &Config,
    problems: &mut Vec<Diagnostic>,
) -> ConnectionDefaults {
    let given = &request.connecting;
    let mut ssh_args = Vec::new();
    for text in &config.ssh_args {
        match shlex::split(&text.value) {
            Some(words) => ssh_args.extend(words),
            None => problems.push(Diagnostic::error("unclosed quotes").at(&text.span, "")),
        }
    }
    for text in &given.ssh_args {
        match shlex::split(text) {
            Some(words) => ssh_args.extend(words),
            None => {
                let source = Source::new("--ssh-common-args", text.as_str());
                problems.push(Diagnostic::error("unclosed quotes").at(&Span::whole(&source), ""));
            }
        }
    }
    let seconds = |seconds: u32| std::time::Duration::from_secs(seconds.into());
    ConnectionDefaults {
        connection: given.means.map(|means| match means {
            Means::Ssh => Connection::Ssh,
            Means::Local => Connection::Local,
        }),
        user: given
            .user
            .clone()
            .or_else(|| config.remote_user.as_ref().map(|user| user.value.clone())),
        password: None,
        private_key: given.private_key.clone().or_else(|| config.private_key_file.clone()),
        ssh_args,
        check_host_key: config.host_key_checking,
        timeout: given.timeout.or(config.timeout.map(seconds)),
    }
}

fn escalation(request: &Request, config: &Config) -> EscalationDefaults {
    let given = &request.escalation;
    let configured = &config.privilege_escalation;
    EscalationDefaults {
        become_: given.always || configured.activate == Some(true),
        user: given
            .user
            .clone()
            .or_else(|| configured.user.as_ref().map(|user| user.value.clone())),
        method: given
            .method
            .map(|method| method.word().to_owned())
            .or_else(|| configured.method.as_ref().map(|method| method.value.clone())),
        password: None,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::path::Path;

    use super::options;
    use crate::cli::args::parse;
    use crate::cli::exit::Name;
    use crate::cli::options::Request;
    use crate::plan::options::Options;
    use crate::project::Config;
    use crate::source::Source;

    const CONFIG: &str = "[defaults]\nforks = 9\nremote_user = deploy\ntimeout = 3\ngathering = explicit\n\
                          [ssh_connection]\nssh_args = -o A=b\n[privilege_escalation]\nbecome = yes\nbecome_method = su\n";

    fn merged(line: &str, config: &str) -> Result<Options, String> {
        let words: Vec<_> = shlex::split(line).unwrap().into_iter().map(Into::into).collect();
        let name =
            if line.starts_with("converge") { Name::Converge } else { Name::AnsiblePlaybook };
        let request = Request::new(parse(&words).unwrap().run, name);
        let (config, _) = Config::read(&Source::new("ansible.cfg", config), Path::new("/p"));
        options(&request, &config).map_err(|problems| problems[0].to_string())
    }

    #[test]
    fn the_command_line_wins_over_the_configuration() {
        let silent = merged("converge", CONFIG).unwrap();
        assert_eq!((silent.forks, silent.connection.user.as_deref()), (9, Some("deploy")));
        assert_eq!(silent.connection.timeout.map(|time| time.as_secs()), Some(3));
        assert_eq!(silent.connection.ssh_args, ["-o", "A=b"]);
        assert!(silent.escalation.become_ && !silent.gather_facts && !silent.check);
        let line =
            "converge -C -f 2 -u root -T 7 --become-method doas --ssh-common-args '-o C=\"d e\"'";
        let told = merged(line, CONFIG).unwrap();
        assert_eq!((told.forks, told.connection.user.as_deref()), (2, Some("root")));
        assert_eq!(told.connection.timeout.map(|time| time.as_secs()), Some(7));
        assert_eq!(told.connection.ssh_args, ["-o", "A=b", "-o", "C=d e"]);
        assert_eq!(told.escalation.method.as_deref(), Some("doas"));
    }

    #[test]
    fn only_as_ansible_a_check_is_seen_by_templates() {
        assert!(!merged("converge --check", CONFIG).unwrap().check);
        assert!(merged("ansible-playbook --check x.yml", CONFIG).unwrap().check);
    }

    #[test]
    fn unclosed_quotes_are_shown_where_they_are() {
        let error = merged("converge --ssh-common-args \"-o 'x\"", "").unwrap_err();
        assert_eq!(error, "--ssh-common-args:1:1: unclosed quotes");
    }
}
