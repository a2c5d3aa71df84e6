//! The options of a plan, as its file keeps them: enough to make the same plan again, and no value of a variable.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::cli::args::ApplyArgs;
use crate::cli::exit::Name;
use crate::cli::options::{
    Connecting, Escalation, Goal, Output, Password, Request, Selection, told_vars,
};
use crate::record::Head;
use crate::saved::PlanKey;
use crate::value::Value;

/// What the digests of variables are for.
const PURPOSE: &str = "variables";

/// The options of a plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Kept {
    selection: Selection,
    connecting: Connecting,
    escalation: Escalation,
    force_handlers: bool,
    forks: Option<usize>,
    diff: bool,
    verbosity: u8,
    extra_vars: Vec<Extra>,
    answers: Vec<Extra>,
    /// The commit that the project was read from, in place of the working tree.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) at: Option<String>,
}

/// Variables that were given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Extra {
    /// In a file, which is read again.
    File(PathBuf),
    /// In words, which have to be given again.
    Words {
        /// What they are called.
        told: String,
        /// Their keyed digest.
        digest: String,
    },
}

impl Kept {
    /// The options of a request that was made in the folder `here`. Files are named from the project's root where they lie in it.
    pub(super) fn new(
        request: &Request,
        answers: &[(String, Value)],
        here: &Path,
        name: impl Fn(&Path) -> PathBuf,
        key: &PlanKey,
    ) -> Self {
        let extra = |text: &String| match text.strip_prefix('@') {
            Some(file) => Extra::File(name(&here.join(file))),
            None => {
                Extra::Words { told: told_vars(text), digest: key.digest(PURPOSE, text.as_bytes()) }
            }
        };
        let mut connecting = request.connecting.clone();
        connecting.private_key = connecting.private_key.map(|file| here.join(file));
        Self {
            selection: request.selection.clone(),
            connecting,
            escalation: request.escalation.clone(),
            force_handlers: request.force_handlers,
            forks: request.forks,
            diff: request.output.diff,
            verbosity: request.output.verbosity,
            extra_vars: request.extra_vars.iter().map(extra).collect(),
            answers: answered(answers, key),
            at: None,
        }
    }

    /// The request that makes the same plan again from the project's root. `Err` says what has to be given, and is not.
    pub(super) fn request(
        &self,
        head: &Head,
        args: &ApplyArgs,
        key: &PlanKey,
    ) -> Result<Request, String> {
        let mut given = args.extra_vars.iter();
        let mut extra_vars = Vec::new();
        for kept in &self.extra_vars {
            match kept {
                Extra::File(file) => extra_vars.push(format!("@{}", file.display())),
                Extra::Words { told, digest } => match given.next() {
                    Some(text) if key.digest(PURPOSE, text.as_bytes()) == *digest => {
                        extra_vars.push(text.clone());
                    }
                    Some(_) => {
                        return Err(format!("`--extra-vars {told}` is not what it was then"));
                    }
                    None => return Err(format!("`--extra-vars {told}` was given then")),
                },
            }
        }
        if let Some(more) = given.next() {
            return Err(format!("`--extra-vars {}` was not given then", told_vars(more)));
        }
        let forks = args.forks.and_then(|forks| usize::try_from(forks).ok());
        let connecting = Connecting {
            password: Password::new(args.ask_pass, args.connection_password_file.clone()),
            private_key: args.private_key.clone().or(self.connecting.private_key.clone()),
            ..self.connecting.clone()
        };
        let escalation = Escalation {
            password: Password::new(args.ask_become_pass, args.become_password_file.clone()),
            ..self.escalation.clone()
        };
        // Templates see what they saw then.
        let output = Output {
            diff: self.diff || args.output.diff,
            verbosity: self.verbosity,
            ..Output::new(&args.output)
        };
        Ok(Request {
            name: Name::Converge,
            playbooks: head.playbooks.iter().map(PathBuf::from).collect(),
            written: None,
            inventory: head.inventory.clone(),
            extra_vars,
            goal: Goal::Plan,
            selection: self.selection.clone(),
            connecting,
            escalation,
            unlock: args.unlock.clone(),
            output,
            force_handlers: self.force_handlers,
            probes: true,
            looks: false,
            forks: forks.or(self.forks),
            out: None,
            at: self.at.clone(),
            overriding: args.overriding.clone(),
            question: None,
        })
    }

    /// Whether what was answered to `vars_prompt` is what was answered then.
    pub(super) fn answered_alike(&self, answers: &[(String, Value)], key: &PlanKey) -> bool {
        self.answers == answered(answers, key)
    }
}

fn answered(answers: &[(String, Value)], key: &PlanKey) -> Vec<Extra> {
    let one = |(name, value): &(String, Value)| {
        let text = crate::value::text(value).unwrap_or_default();
        let digest = key.digest(PURPOSE, format!("{name}={text}").as_bytes());
        Extra::Words { told: format!("{name}=…"), digest }
    };
    answers.iter().map(one).collect()
}
