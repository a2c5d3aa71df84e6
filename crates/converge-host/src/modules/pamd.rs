//! `pamd`: rules of a service of PAM.
//!
//! <https://man7.org/linux/man-pages/man5/pam.d.5.html>

use std::path::PathBuf;

use crate::args::{Args, Choice};
use crate::change::Changes;
use crate::data::Map;
use crate::host::Host;
use crate::modules::Module;
use crate::modules::files::{Attributes, Page};
use crate::stop::{Result, Stop};

/// Changes rules of a service of PAM: those of a type, a control and a module. Other lines stay as they are.
#[derive(Args, Debug)]
#[module(
    name = "pamd",
    collection = "community.general",
    required_if("state", "args_present", "module_arguments"),
    required_if("state", "args_absent", "module_arguments"),
    required_if("state", "before", "new_type", "new_control", "new_module_path"),
    required_if("state", "after", "new_type", "new_control", "new_module_path")
)]
pub(crate) struct Pamd {
    /// The service: a file below `path`.
    name: String,
    /// The type of the rules that are meant.
    #[arg(name = "type")]
    sort: Type,
    /// Their control: a word, or `[success=1 default=ignore]`.
    control: String,
    /// Their module.
    module_path: String,
    /// The type that they get, or that a new rule has.
    new_type: Option<Type>,
    /// The control that they get, or that a new rule has.
    new_control: Option<String>,
    /// The module that they get, or that a new rule has.
    new_module_path: Option<String>,
    /// Arguments of the module.
    module_arguments: Option<Vec<String>>,
    /// What becomes of the rules.
    #[arg(default = "updated")]
    state: State,
    /// The folder of the services.
    #[arg(default = "/etc/pam.d")]
    path: PathBuf,
    /// Keep a copy of the file.
    #[arg(default = "no")]
    backup: bool,
}

/// Types of rules. With a dash nobody complains of a module that is missing.
#[derive(Choice, Clone, Copy, Debug, PartialEq, Eq)]
enum Type {
    /// Whether somebody may come in.
    #[choice("account")]
    Account,
    /// The same.
    #[choice("-account")]
    QuietAccount,
    /// Who somebody is.
    #[choice("auth")]
    Auth,
    /// The same.
    #[choice("-auth")]
    QuietAuth,
    /// How passwords are changed.
    #[choice("password")]
    Password,
    /// The same.
    #[choice("-password")]
    QuietPassword,
    /// What is done before and after.
    #[choice("session")]
    Session,
    /// The same.
    #[choice("-session")]
    QuietSession,
}

/// What becomes of rules.
#[derive(Choice, Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// They go.
    Absent,
    /// A rule stands before them.
    Before,
    /// A rule stands after them.
    After,
    /// They lack some arguments.
    ArgsAbsent,
    /// They have some arguments.
    ArgsPresent,
    /// They get another type, control, module, or other arguments.
    Updated,
}

/// A rule.
#[derive(Clone, Debug, PartialEq)]
struct Rule {
    sort: String,
    control: String,
    module: String,
    arguments: Vec<String>,
}

impl Module for Pamd {
    fn plan(&self, host: &dyn Host, changes: &mut Changes) -> Result<()> {
        let given = words(&self.module_arguments.clone().unwrap_or_default().join(" "));
        let presence = matches!(self.state, State::ArgsPresent | State::ArgsAbsent);
        if let Some(complex) = given.iter().find(|word| presence && word.starts_with('[')) {
            return Err(Stop::failed(format!(
                "`{complex}` in brackets can only be given with `state: updated`"
            )));
        }
        let path = self.path.join(&self.name);
        let page = Page::open(&path, host)?;
        if !page.exists() {
            return Err(Stop::failed(format!("there is no service of PAM `{}`", path.display())));
        }
        let old: Vec<&str> = page.letters().lines().collect();
        let mut new: Vec<String> = Vec::new();
        let mut count = 0_i64;
        for (at, line) in old.iter().enumerate() {
            match Rule::read(line).filter(|rule| self.means(rule)) {
                Some(rule) => count += self.put(&rule, line, &old, at, &given, &mut new),
                None => new.push((*line).to_owned()),
            }
        }
        changes.set("change_count", count);
        changes.set("backupdest", "");
        if count == 0 {
            return Ok(());
        }
        let text: String = new.iter().map(|line| format!("{line}\n")).collect();
        page.write_as(&text, &Attributes::default(), self.backup, changes)
    }

    fn report(&self, _host: &dyn Host, performed: &Map, results: &mut Map) -> Result<()> {
        results.extend(performed.clone());
        if let Some(kept) = results.shift_remove("backup_file") {
            results.insert("backupdest".into(), kept);
        }
        Ok(())
    }
}

impl Pamd {
    fn means(&self, rule: &Rule) -> bool {
        rule.sort == name(self.sort)
            && rule.control == self.control
            && rule.module == self.module_path
    }

    /// Writes a rule that is meant, or what stands for it. Returns how much was changed.
    fn put(
        &self,
        rule: &Rule,
        line: &str,
        old: &[&str],
        at: usize,
        given: &[String],
        new: &mut Vec<String>,
    ) -> i64 {
        let wanted = match self.state {
            State::Absent => return 1,
            State::Before | State::After => {
                let added = self.added(given);
                let before = self.state == State::Before;
                let beside = match before {
                    true => old[..at].iter().rev().find_map(|line| Rule::read(line)),
                    false => old[at + 1..].iter().find_map(|line| Rule::read(line)),
                };
                if beside.is_some_and(|beside| beside.is_like(&added)) {
                    new.push(line.to_owned());
                    return 0;
                }
                let (added, line) = (added.text(), line.to_owned());
                new.extend(if before { [added, line] } else { [line, added] });
                return 1;
            }
            State::ArgsPresent => with(rule, given),
            State::ArgsAbsent => {
                let mut rule = rule.clone();
                rule.arguments.retain(|argument| !given.contains(argument));
                rule
            }
            State::Updated => Rule {
                sort: self.new_type.map_or_else(|| rule.sort.clone(), |sort| name(sort).to_owned()),
                control: self.new_control.clone().unwrap_or_else(|| rule.control.clone()),
                module: self.new_module_path.clone().unwrap_or_else(|| rule.module.clone()),
                arguments: match &self.module_arguments {
                    Some(_) => given.to_vec(),
                    None => rule.arguments.clone(),
                },
            },
        };
        if wanted == *rule {
            new.push(line.to_owned());
            return 0;
        }
        new.push(wanted.text());
        1
    }

    /// The rule that is put beside another.
    fn added(&self, given: &[String]) -> Rule {
        Rule {
            sort: self.new_type.map(name).unwrap_or_default().to_owned(),
            control: self.new_control.clone().unwrap_or_default(),
            module: self.new_module_path.clone().unwrap_or_default(),
            arguments: given.to_vec(),
        }
    }
}

impl Rule {
    /// The rule of a line; none of a comment or an inclusion.
    fn read(line: &str) -> Option<Self> {
        let (sort, rest) = line.trim().split_once(char::is_whitespace)?;
        if !matches!(sort.trim_start_matches('-'), "account" | "auth" | "password" | "session") {
            return None;
        }
        let mut words = words(rest).into_iter();
        Some(Self {
            sort: sort.to_owned(),
            control: words.next()?,
            module: words.next()?,
            arguments: words.collect(),
        })
    }

    fn is_like(&self, other: &Self) -> bool {
        self.sort == other.sort && self.control == other.control && self.module == other.module
    }

    fn text(&self) -> String {
        let Self { sort, control, module, arguments } = self;
        let arguments: String = arguments.iter().map(|argument| format!(" {argument}")).collect();
        format!("{sort:<11}{control} {module}{arguments}")
    }
}

/// A rule with some arguments: one with a value takes the place of that of its name.
fn with(rule: &Rule, given: &[String]) -> Rule {
    let mut rule = rule.clone();
    for argument in given {
        let key = argument.split_once('=').map(|(key, _)| key);
        let there = rule.arguments.iter().position(|own| match key {
            Some(key) => own.split_once('=').is_some_and(|(own, _)| own == key),
            None => own == argument,
        });
        match there {
            Some(at) => rule.arguments[at].clone_from(argument),
            None => rule.arguments.push(argument.clone()),
        }
    }
    rule
}

/// Words, of which one in brackets may have spaces in it.
fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut depth = 0_usize;
    for letter in text.chars() {
        match letter {
            '[' => depth += 1,
            ']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if letter.is_whitespace() && depth == 0 {
            words.extend(Some(std::mem::take(&mut word)).filter(|word| !word.is_empty()));
        } else {
            word.push(letter);
        }
    }
    words.extend(Some(word).filter(|word| !word.is_empty()));
    words
}

fn name(sort: Type) -> &'static str {
    match sort {
        Type::Account => "account",
        Type::QuietAccount => "-account",
        Type::Auth => "auth",
        Type::QuietAuth => "-auth",
        Type::Password => "password",
        Type::QuietPassword => "-password",
        Type::Session => "session",
        Type::QuietSession => "-session",
    }
}

#[cfg(test)]
mod tests {
    use crate::data::Data;
    use crate::modules::scenario::Scenario;

    const SERVICE: &str = "#%PAM-1.0\nauth\trequired\tpam_env.so\nauth        sufficient    pam_unix.so nullok\nauth required pam_deny.so\n\npassword requisite pam_pwquality.so try_first_pass local_users_only retry=3\npassword [success=1 default=ignore] pam_unix.so obscure sha512\n@include common-x\n-session optional pam_systemd.so\nsession required pam_limits.so\n";

    /// What becomes of the lines that change, as ansible's module leaves them.
    #[track_caller]
    fn check(rule: [&str; 3], more: &[(&'static str, &str)], gone: &[&str], made: &[&str]) {
        let scenario = Scenario::new(&[&format!("svc={SERVICE}")]);
        let [sort, control, module] = rule;
        let mut args: Vec<(&str, Data)> = vec![
            ("path", "$T".into()),
            ("name", "svc".into()),
            ("type", sort.into()),
            ("control", control.into()),
            ("module_path", module.into()),
        ];
        args.extend(more.iter().map(|(name, value)| (*name, Data::from(*value))));
        let done = scenario.run("pamd", &args);
        let text = scenario.text("svc");
        let left: Vec<&str> =
            SERVICE.lines().filter(|line| !text.lines().any(|own| own == *line)).collect();
        let new: Vec<&str> =
            text.lines().filter(|line| !SERVICE.lines().any(|own| own == *line)).collect();
        assert_eq!((left.as_slice(), new.as_slice()), (gone, made));
        assert_eq!(done.results["change_count"], Data::Int(i64::from(done.changed)));
    }

    #[test]
    fn rules_become_what_ansible_makes_of_them() {
        let env = ["auth", "required", "pam_env.so"];
        check(
            env,
            &[("new_control", "sufficient")],
            &["auth\trequired\tpam_env.so"],
            &["auth       sufficient pam_env.so"],
        );
        let lock = [
            ("new_type", "auth"),
            ("new_control", "required"),
            ("new_module_path", "pam_faillock.so"),
        ];
        let beside = |state| {
            [&lock[..], &[("state", state), ("module_arguments", "preauth silent")]].concat()
        };
        for state in ["before", "after"] {
            check(
                ["auth", "required", "pam_deny.so"],
                &beside(state),
                &[],
                &["auth       required pam_faillock.so preauth silent"],
            );
        }
        let quality = ["password", "requisite", "pam_pwquality.so"];
        let was = "password requisite pam_pwquality.so try_first_pass local_users_only retry=3";
        check(
            quality,
            &[("state", "args_present"), ("module_arguments", "retry=5 minlen=9")],
            &[was],
            &[
                "password   requisite pam_pwquality.so try_first_pass local_users_only retry=5 minlen=9",
            ],
        );
        check(
            quality,
            &[("state", "args_absent"), ("module_arguments", "local_users_only,none")],
            &[was],
            &["password   requisite pam_pwquality.so try_first_pass retry=3"],
        );
        check(
            ["password", "[success=1 default=ignore]", "pam_unix.so"],
            &[("module_arguments", "sha512,shadow")],
            &["password [success=1 default=ignore] pam_unix.so obscure sha512"],
            &["password   [success=1 default=ignore] pam_unix.so sha512 shadow"],
        );
        check(
            ["session", "required", "pam_limits.so"],
            &[("state", "absent")],
            &["session required pam_limits.so"],
            &[],
        );
        check(
            ["-session", "optional", "pam_systemd.so"],
            &[("new_control", "required"), ("module_arguments", "")],
            &["-session optional pam_systemd.so"],
            &["-session   required pam_systemd.so"],
        );
        check(["auth", "required", "pam_none.so"], &[("new_control", "optional")], &[], &[]);
    }

    #[test]
    fn what_can_not_be_is_a_failure() {
        let scenario = Scenario::new(&[&format!("svc={SERVICE}")]);
        let args = |name: &str, state: &str, arguments: &str| {
            [
                ("path", "$T"),
                ("name", name),
                ("type", "auth"),
                ("control", "required"),
                ("module_path", "x.so"),
                ("state", state),
                ("module_arguments", arguments),
            ]
            .map(|(name, value)| (name, Data::from(value)))
        };
        scenario.fails(
            "pamd",
            &args("none", "updated", ""),
            "there is no service of PAM `$T/none`",
        );
        scenario.fails(
            "pamd",
            &args("svc", "args_present", "a [b c]=d"),
            "`[b c]=d` in brackets can only be given with `state: updated`",
        );
    }
}
