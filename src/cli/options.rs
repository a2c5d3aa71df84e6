//! The command line as it is meant: plain values, options that belong together in one.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::cli::args::{
    ColorArg, Format, Listing, Means, Method, OutputArgs, PlanArgs, ReachArgs, RunArgs, UnlockArgs,
};
use crate::cli::exit::Name;

/// What running playbooks was asked for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Request {
    /// By which name converge was called.
    pub(crate) name: Name,
    /// The playbooks as named; empty means the default one.
    pub(crate) playbooks: Vec<PathBuf>,
    /// A playbook that no file holds, in place of those named.
    pub(crate) written: Option<Written>,
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
    /// Where vault passwords come from.
    pub(crate) unlock: UnlockArgs,
    /// What is shown.
    pub(crate) output: Output,
    /// Run handlers even on hosts where a task failed.
    pub(crate) force_handlers: bool,
    /// Planning may run commands that change nothing.
    pub(crate) probes: bool,
    /// Hosts are only looked at, whatever comes of it.
    pub(crate) looks: bool,
    /// How many hosts at once.
    pub(crate) forks: Option<usize>,
    /// The file that the plan is saved in.
    pub(crate) out: Option<PathBuf>,
    /// The commit that the project is read from, in place of the working tree.
    pub(crate) at: Option<String>,
    /// Why a protected environment is applied all the same.
    pub(crate) overriding: Option<String>,
    /// What is to be explained.
    pub(crate) question: Option<Question>,
}

/// What is to be explained.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Question {
    /// A task, by its name or place.
    Task(String),
    /// Every task.
    Everything,
}

/// A playbook that no file holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Written {
    /// What it is called, below the project's root.
    pub(crate) name: PathBuf,
    /// Its text.
    pub(crate) text: String,
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Goal {
    /// Only list.
    List(Listing),
    /// Only show what would change.
    Check,
    /// Show what would change, and save it where a file is named.
    Plan,
    /// Show what would change, ask, apply.
    Ask,
    /// Apply straight away, without asking.
    Yes,
    /// Apply straight away, as Ansible does.
    Straight,
}

/// Which hosts and tasks.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
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
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Connecting {
    /// `--user`.
    pub(crate) user: Option<String>,
    /// Where the password comes from.
    #[serde(skip)]
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
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Escalation {
    /// `--become`.
    pub(crate) always: bool,
    /// `--become-user`.
    pub(crate) user: Option<String>,
    /// `--become-method`.
    pub(crate) method: Option<Method>,
    /// Where the password comes from.
    #[serde(skip)]
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
    /// Show long plans in a pager.
    pub(crate) pager: bool,
}

impl Password {
    /// Where a password comes from, by the options about it.
    pub(crate) fn new(ask: bool, file: Option<PathBuf>) -> Self {
        match (ask, file) {
            (_, Some(file)) => Self::File(file),
            (true, None) => Self::Ask,
            (false, None) => Self::None,
        }
    }
}

impl Output {
    /// What the options of what is shown mean.
    pub(crate) fn new(args: &OutputArgs) -> Self {
        Self {
            format: args.format,
            color: args.color,
            diff: args.diff,
            verbosity: args.verbose,
            pager: !args.no_pager,
        }
    }
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
        let ReachArgs { connect, escalate, unlock, output } = args.reach;
        let scope = args.scope;
        Self {
            name,
            playbooks: scope.playbooks,
            written: None,
            inventory: scope.inventory,
            extra_vars: scope.extra_vars,
            goal,
            selection: Selection {
                limit: args.select.limit.filter(|limit| !limit.trim().is_empty()),
                tags: tags(&args.select.tags),
                skip_tags: tags(&args.select.skip_tags),
                start_at: args.select.start_at_task,
            },
            connecting: Connecting {
                user: connect.user,
                password: Password::new(connect.ask_pass, connect.connection_password_file),
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
                password: Password::new(escalate.ask_become_pass, escalate.become_password_file),
            },
            unlock,
            output: Output::new(&output),
            force_handlers: args.force_handlers,
            probes: !scope.no_probes,
            looks: false,
            forks: scope.forks.and_then(|forks| usize::try_from(forks).ok()),
            out: None,
            at: args.at,
            overriding: args.overriding,
            question: None,
        }
    }

    /// What the options of a command mean that never does more than look.
    pub(crate) fn look(args: RunArgs) -> Self {
        Self { looks: true, ..Self::new(args, Name::Converge) }
    }

    /// What the options of `converge plan` mean.
    pub(crate) fn plan(args: PlanArgs) -> Self {
        let request = Self::new(args.run, Name::Converge);
        let goal = match request.goal {
            Goal::List(listing) => Goal::List(listing),
            _ => Goal::Plan,
        };
        Self { goal, out: args.out, ..request }
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
        self.extra_vars.iter().for_each(|vars| option("--extra-vars", &told_vars(vars)));
        self.connecting.user.iter().for_each(|user| option("--user", user));
        if self.escalation.always {
            told.push("--become".into());
        }
        self.at.iter().for_each(|revision| told.push(format!("--at {revision}")));
        told
    }
}

/// `--extra-vars` as they may be told: a file, or names without values.
pub(crate) fn told_vars(vars: &str) -> String {
    let name = vars.split_once('=').map(|(name, _)| name.trim());
    match name {
        _ if vars.starts_with('@') => vars.to_owned(),
        Some(name) if !name.contains(['{', '[', ' ']) => format!("{name}=…"),
        _ => "…".to_owned(),
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
    use crate::cli::args::{Command, Means, Method, parse, parse_ansible};
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
        let plan = |line: &str| match parse(&words(line)).unwrap().command {
            Some(Command::Plan(args)) => Request::plan(*args),
            other => panic!("{other:?}"),
        };
        let saved = plan("converge plan site.yml -i prod -l web -o prod.plan");
        assert_eq!((saved.goal, saved.out), (Goal::Plan, Some("prod.plan".into())));
        assert_eq!(
            (saved.inventory, saved.selection.limit),
            (vec!["prod".into()], Some("web".into()))
        );
        assert_eq!(plan("converge plan").out, None);
        assert!(matches!(plan("converge plan --list-tags").goal, Goal::List(_)));
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
            "converge plan --yes",
            "converge apply",
            "converge apply one.plan two.plan",
            "converge apply one.plan --limit web",
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
