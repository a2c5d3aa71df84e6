//! The command line as it is meant: plain values, options that belong together in one.

use std::path::PathBuf;
use std::time::Duration;

use crate::cli::args::{ColorArg, Format, Listing, Means, Method, RunArgs};
use crate::cli::exit::Name;

/// What running playbooks was asked for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Request {
    /// By which name converge was called.
    pub(crate) name: Name,
    /// The playbooks as named; empty means the default one.
    pub(crate) playbooks: Vec<PathBuf>,
    /// The inventories as named; empty means the default one.
    pub(crate) inventory: Vec<String>,
    /// `--extra-vars`, as given.
    pub(crate) extra_vars: Vec<String>,
    /// What is to be done.
    pub(crate) goal: Goal,
    /// Which hosts and tasks.
    pub(crate) selection: Selection,
    /// How hosts are reached.
    pub(crate) connecting: Connecting,
    /// How other users are become.
    pub(crate) escalation: Escalation,
    /// What is shown.
    pub(crate) output: Output,
    /// Run handlers even on hosts where a task failed.
    pub(crate) force_handlers: bool,
    /// How many hosts at once.
    pub(crate) forks: Option<usize>,
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Goal {
    /// Only list.
    List(Listing),
    /// Only show what would change.
    Check,
    /// Show what would change, ask, apply.
    Ask,
    /// Apply straight away, without asking.
    Yes,
    /// Apply straight away, as Ansible does.
    Straight,
}

/// Which hosts and tasks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Selection {
    /// `--limit`.
    pub(crate) limit: Option<String>,
    /// `--tags`, without the empty ones.
    pub(crate) tags: Vec<String>,
    /// `--skip-tags`, likewise.
    pub(crate) skip_tags: Vec<String>,
    /// `--start-at-task`.
    pub(crate) start_at: Option<String>,
}

/// How hosts are reached.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Connecting {
    /// `--user`.
    pub(crate) user: Option<String>,
    /// Where the password comes from.
    pub(crate) password: Password,
    /// `--private-key`.
    pub(crate) private_key: Option<PathBuf>,
    /// `--connection`.
    pub(crate) means: Option<Means>,
    /// `--timeout`.
    pub(crate) timeout: Option<Duration>,
    /// `--ssh-common-args`, then `--ssh-extra-args`, as given.
    pub(crate) ssh_args: Vec<String>,
}

/// How other users are become.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Escalation {
    /// `--become`.
    pub(crate) always: bool,
    /// `--become-user`.
    pub(crate) user: Option<String>,
    /// `--become-method`.
    pub(crate) method: Option<Method>,
    /// Where the password comes from.
    pub(crate) password: Password,
}

/// Where a password comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Password {
    /// There is none.
    #[default]
    None,
    /// It is asked for.
    Ask,
    /// It is the first line of a file.
    File(PathBuf),
}

/// What is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Output {
    /// For whom.
    pub(crate) format: Format,
    /// When colours are used.
    pub(crate) color: ColorArg,
    /// Show diffs while applying.
    pub(crate) diff: bool,
    /// How often `-v` was given.
    pub(crate) verbosity: u8,
}

impl Request {
    /// What the options mean. The only place that looks at [`RunArgs`].
    pub(crate) fn new(args: RunArgs, name: Name) -> Self {
        let goal = match args.select.listing() {
            Some(listing) => Goal::List(listing),
            None if args.check => Goal::Check,
            None if name == Name::AnsiblePlaybook => Goal::Straight,
            None if args.yes => Goal::Yes,
            None => Goal::Ask,
        };
        let password = |ask: bool, file: Option<PathBuf>| match (ask, file) {
            (_, Some(file)) => Password::File(file),
            (true, None) => Password::Ask,
            (false, None) => Password::None,
        };
        let connect = args.connect;
        let escalate = args.escalate;
        Self {
            name,
            playbooks: args.playbooks,
            inventory: args.inventory,
            extra_vars: args.extra_vars,
            goal,
            selection: Selection {
                limit: args.select.limit.filter(|limit| !limit.trim().is_empty()),
                tags: tags(&args.select.tags),
                skip_tags: tags(&args.select.skip_tags),
                start_at: args.select.start_at_task,
            },
            connecting: Connecting {
                user: connect.user,
                password: password(connect.ask_pass, connect.connection_password_file),
                private_key: connect.private_key,
                means: connect.connection,
                timeout: connect.timeout.map(|seconds| Duration::from_secs(seconds.into())),
                ssh_args: connect
                    .ssh_common_args
                    .into_iter()
                    .chain(connect.ssh_extra_args)
                    .collect(),
            },
            escalation: Escalation {
                always: escalate.r#become,
                user: escalate.become_user,
                method: escalate.become_method,
                password: password(escalate.ask_become_pass, escalate.become_password_file),
            },
            output: Output {
                format: args.output.format,
                color: args.output.color,
                diff: args.output.diff,
                verbosity: args.output.verbose,
            },
            force_handlers: args.force_handlers,
            forks: args.forks.and_then(|forks| usize::try_from(forks).ok()),
        }
    }

    /// The options that a reader of the plan should know of, as they would be typed. Values of variables may be secrets, so
    /// only their names are told.
    pub(crate) fn told(&self) -> Vec<String> {
        let mut told = Vec::new();
        let mut option = |name: &str, value: &str| told.push(format!("{name} {value}"));
        let selection = &self.selection;
        selection.limit.iter().for_each(|limit| option("--limit", limit));
        if !selection.tags.is_empty() {
            option("--tags", &selection.tags.join(","));
        }
        if !selection.skip_tags.is_empty() {
            option("--skip-tags", &selection.skip_tags.join(","));
        }
        selection.start_at.iter().for_each(|name| option("--start-at-task", name));
        for vars in &self.extra_vars {
            let name = vars.split_once('=').map(|(name, _)| name.trim());
            match name {
                _ if vars.starts_with('@') => option("--extra-vars", vars),
                Some(name) if !name.contains(['{', '[', ' ']) => {
                    option("--extra-vars", &format!("{name}=…"));
                }
                _ => option("--extra-vars", "…"),
            }
        }
        self.connecting.user.iter().for_each(|user| option("--user", user));
        if self.escalation.always {
            told.push("--become".into());
        }
        told
    }
}

fn tags(tags: &[String]) -> Vec<String> {
    tags.iter().map(|tag| tag.trim()).filter(|tag| !tag.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::ffi::OsString;

    use super::{Goal, Password, Request};
    use crate::cli::args::{Means, Method, parse, parse_ansible};
    use crate::cli::exit::Name;

    fn words(line: &str) -> Vec<OsString> {
        shlex::split(line).unwrap().into_iter().map(OsString::from).collect()
    }

    fn request(line: &str) -> Request {
        Request::new(parse(&words(line)).unwrap().run, Name::Converge)
    }

    #[test]
    fn goals() {
        let goal = |line: &str| request(line).goal;
        assert_eq!(goal("converge"), Goal::Ask);
        assert_eq!(goal("converge -y"), Goal::Yes);
        assert_eq!(goal("converge -y -C"), Goal::Check);
        assert!(matches!(goal("converge -C --list-tags"), Goal::List(listing) if listing.tags));
        let straight = parse_ansible(&words("ansible-playbook site.yml")).unwrap();
        assert_eq!(Request::new(straight, Name::AnsiblePlaybook).goal, Goal::Straight);
        let check = parse_ansible(&words("ansible-playbook site.yml --check")).unwrap();
        assert_eq!(Request::new(check, Name::AnsiblePlaybook).goal, Goal::Check);
    }

    #[test]
    fn ansibles_options_mean_what_they_mean() {
        let request = request(
            "converge a.yml b.yml -i staging -i prod,dev -l 'web:!db' -t a,b -t ' c,' --skip-tags d -e x=1 -e '{\"y\": 2}' \
             -e @vars.yml -C -D -b --become-user app --become-method su -K -u deploy --key-file id -c local -T 5 -f 7 -vvv \
             --ssh-common-args '-o ProxyJump=b' --ssh-extra-args=-4 --force-handlers --flush-cache \
             --connection-password-file pw --start-at-task 'a task'",
        );
        assert_eq!(request.playbooks.len(), 2);
        assert_eq!(request.inventory, ["staging", "prod,dev"]);
        assert_eq!(request.selection.tags, ["a", "b", "c"]);
        assert_eq!(request.selection.skip_tags, ["d"]);
        assert_eq!(request.selection.start_at.as_deref(), Some("a task"));
        assert_eq!(request.extra_vars, ["x=1", "{\"y\": 2}", "@vars.yml"]);
        assert_eq!(request.escalation.method, Some(Method::Su));
        assert_eq!(request.escalation.password, Password::Ask);
        assert_eq!(request.connecting.password, Password::File("pw".into()));
        assert_eq!(request.connecting.private_key, Some("id".into()));
        assert_eq!(request.connecting.means, Some(Means::Local));
        assert_eq!(request.connecting.ssh_args, ["-o ProxyJump=b", "-4"]);
        assert_eq!((request.forks, request.output.verbosity), (Some(7), 3));
    }

    #[test]
    fn the_last_of_an_option_that_takes_one_value_counts() {
        assert_eq!(request("converge -l a -l b").selection.limit.as_deref(), Some("b"));
        assert_eq!(request("converge -c smart").connecting.means, Some(Means::Ssh));
        assert_eq!(request("converge -l ''").selection.limit, None);
    }

    #[test]
    fn options_are_told_without_the_values_of_variables() {
        let request = request(
            "converge -l web -t a,b -e token=hunter22 -e '{\"token\": \"hunter22=\"}' -e @v.yml -e 'a=1 token=hunter22' -b",
        );
        insta::assert_snapshot!(request.told().join("\n"), @r"
        --limit web
        --tags a,b
        --extra-vars token=…
        --extra-vars …
        --extra-vars @v.yml
        --extra-vars a=…
        --become
        ");
    }

    #[test]
    fn what_does_not_work_is_refused() {
        for line in [
            "converge --nonsense",
            "converge -f 0",
            "converge -f many",
            "converge --become-method magic",
            "converge -c telnet",
            "converge -k --connection-password-file x",
            "converge history extra",
        ] {
            assert!(parse(&words(line)).is_err(), "{line}");
        }
        assert!(parse_ansible(&words("ansible-playbook")).is_err(), "a playbook is needed");
        assert!(
            parse_ansible(&words("ansible-playbook history")).is_ok(),
            "a playbook of that name"
        );
    }
}
