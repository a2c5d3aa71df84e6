//! `become`: as which user a task runs.

use converge_host::wire::BecomeMethod;

use crate::plan::eval::Eval;
use crate::plan::halt::Halt;
use crate::plan::options::EscalationDefaults;
use crate::playbook::Scope;
use crate::redact::Secret;
use crate::vars::Vars;

/// The change of user that a task asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Escalation {
    /// To whom.
    pub(crate) user: String,
    /// By which program.
    pub(crate) method: BecomeMethod,
    /// Further flags for the program.
    pub(crate) flags: Vec<String>,
    /// What the program asks for.
    pub(crate) password: Option<Secret>,
}

impl Escalation {
    /// What the task, its surroundings, the inventory and the command line say, in the order of Ansible's precedence:
    /// variables `ansible_become*` win over keywords, and keywords over the command line.
    pub(crate) fn of(
        scope: &Scope,
        vars: &Vars,
        eval: &Eval,
        defaults: &EscalationDefaults,
    ) -> Result<Option<Self>, Halt> {
        let asked = match variable(vars, eval, &["ansible_become"])? {
            Some(value) => eval.boolean(&value.into())?,
            None => match scope.nearest(|own| &own.r#become) {
                Some(node) => eval.flag(node, vars)?,
                None => defaults.become_,
            },
        };
        if !asked {
            return Ok(None);
        }
        let keyword =
            |node: Option<&crate::yaml::Node>| node.map(|node| eval.text(node, vars)).transpose();
        let method = match variable(vars, eval, &["ansible_become_method"])? {
            Some(method) => Some(method),
            None => keyword(scope.nearest(|own| &own.become_method))?
                .or_else(|| defaults.method.clone()),
        };
        let method = method.as_deref().unwrap_or("sudo");
        let method = match method
            .strip_prefix("ansible.builtin.")
            .or(method.strip_prefix("community.general."))
            .unwrap_or(method)
        {
            "sudo" => BecomeMethod::Sudo,
            "su" => BecomeMethod::Su,
            "doas" => BecomeMethod::Doas,
            other => {
                return Err(Halt::new(format!("there is no become method `{other}`"))
                    .help("there are sudo, su and doas"));
            }
        };
        let program = match method {
            BecomeMethod::Sudo => "sudo",
            BecomeMethod::Su => "su",
            BecomeMethod::Doas => "doas",
        };
        let named = |suffix: &str| {
            [format!("ansible_become_{suffix}"), format!("ansible_{program}_{suffix}")]
        };
        let user = match variable(vars, eval, &named("user"))? {
            Some(user) => Some(user),
            None => {
                keyword(scope.nearest(|own| &own.become_user))?.or_else(|| defaults.user.clone())
            }
        };
        let flags = match variable(vars, eval, &named("flags"))? {
            Some(flags) => Some(flags),
            None => keyword(scope.nearest(|own| &own.become_flags))?,
        };
        let passwords: Vec<String> = named("password").into_iter().chain(named("pass")).collect();
        let password = variable(vars, eval, &passwords)?
            .map(Secret::from)
            .or_else(|| defaults.password.clone());
        let flags = flags.map(|flags| shlex::split(&flags).unwrap_or_default()).unwrap_or_default();
        Ok(Some(Self { user: user.unwrap_or_else(|| "root".into()), method, flags, password }))
    }
}

/// The first of these variables that is defined, as text.
pub(crate) fn variable<S: AsRef<str>>(
    vars: &Vars,
    eval: &Eval,
    names: &[S],
) -> Result<Option<String>, Halt> {
    for name in names {
        if vars.contains(name.as_ref()) {
            let value = eval.variable(name.as_ref(), vars)?;
            if !value.is_null() {
                return eval.shown(&value).map(Some);
            }
        }
    }
    Ok(None)
}
