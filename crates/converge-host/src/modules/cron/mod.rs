//! The module `cron`.

mod table;

use std::path::Path;

use crate::args::{Args, Choice};
use crate::change::{ActChange, Change, Changes, Sign};
use crate::data::Data;
use crate::host::{Command, Host};
use crate::modules::Module;
use crate::modules::cron::table::Table;
use crate::modules::files::Page;
use crate::modules::known::value;
use crate::stop::{Result, Stop, Why};

/// Keeps a job, or a variable, in the crontab of a user or in a file below `/etc/cron.d`.
#[derive(Args, Debug)]
#[module(name = "cron", exclusive("insertafter", "insertbefore"))]
pub(crate) struct Cron {
    /// The name of the job, or of the variable.
    name: String,
    /// Whose crontab; in a file of jobs, who runs it.
    user: Option<String>,
    /// The command, or the value of the variable.
    #[arg(alias = "value")]
    job: Option<String>,
    /// Whether it shall be there.
    #[arg(default = "present")]
    state: State,
    /// A file of jobs: a name below `/etc/cron.d`, or a path.
    #[arg(path)]
    cron_file: Option<String>,
    /// Keep a copy of what is replaced.
    #[arg(default = "no")]
    backup: bool,
    /// Minutes: `*`, `0`, `*/5`, …
    #[arg(default = "*")]
    minute: String,
    /// Hours.
    #[arg(default = "*")]
    hour: String,
    /// Days of the month.
    #[arg(alias = "dom", default = "*")]
    day: String,
    /// Months.
    #[arg(default = "*")]
    month: String,
    /// Days of the week, 0 for Sunday.
    #[arg(alias = "dow", default = "*")]
    weekday: String,
    /// A time with a name, instead of the five above.
    special_time: Option<Special>,
    /// Keep it as a comment, so that it never runs.
    #[arg(default = "no")]
    disabled: bool,
    /// It is a variable and not a job.
    #[arg(default = "no")]
    env: bool,
    /// The variable that a new one comes after.
    insertafter: Option<String>,
    /// The variable that a new one comes before.
    insertbefore: Option<String>,
}

/// Whether something shall be there.
#[derive(Choice, Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// It shall not.
    Absent,
    /// It shall.
    Present,
}

/// Times with names, see crontab(5).
#[derive(Choice, Clone, Copy, Debug, PartialEq, Eq)]
enum Special {
    /// Once a year.
    Annually,
    /// At midnight.
    Daily,
    /// At every full hour.
    Hourly,
    /// On the first of a month.
    Monthly,
    /// When cron starts.
    Reboot,
    /// On Sundays.
    Weekly,
    /// Once a year.
    Yearly,
}

impl Module for Cron {
    fn plan(&self, host: &dyn Host, changes: &mut Changes) -> Result<()> {
        self.check()?;
        match &self.cron_file {
            Some(file) => self.in_file(file, host, changes),
            None => self.in_crontab(host, changes),
        }
    }
}

impl Cron {
    fn check(&self) -> Result<()> {
        let failed = |msg: &str| Err(Stop::failed(msg));
        if self.state == State::Present && self.job.is_none() {
            return failed("`job` must be given for what shall be there");
        }
        if self.cron_file.is_some()
            && self.user.is_none()
            && self.state == State::Present
            && !self.env
        {
            return failed("`user` must be given with `cron_file`: it says who runs the job");
        }
        let times = [&self.minute, &self.hour, &self.day, &self.month, &self.weekday];
        if self.special_time.is_some() && times.iter().any(|time| *time != "*") {
            return failed("`special_time` and the times of day and date exclude each other");
        }
        if let Some(text) =
            self.job.iter().chain([&self.name]).find(|text| text.contains(['\n', '\r']))
        {
            return Err(Stop::failed(format!(
                "`{text}` has a line break, but a crontab has one line for each"
            )));
        }
        if (self.insertafter.is_some() || self.insertbefore.is_some()) && !self.env {
            return failed("`insertafter` and `insertbefore` are for variables (`env: true`)");
        }
        if self.env && self.name.chars().any(char::is_whitespace) {
            return failed("the name of a variable has no blanks");
        }
        Ok(())
    }

    /// Makes a crontab what it shall be. Says whether that changed anything.
    fn edit(&self, table: &mut Table, changes: &mut Changes) -> Result<bool> {
        let changed = match (self.env, self.state) {
            (true, State::Absent) => table.remove_variable(&self.name),
            (true, State::Present) => {
                let line = format!("{}=\"{}\"", self.name, self.job.as_deref().unwrap_or_default());
                let (after, before) = (self.insertafter.as_deref(), self.insertbefore.as_deref());
                table.set_variable(&self.name, &line, after, before).map_err(Stop::failed)?
            }
            (false, State::Absent) => table.remove_job(&self.name),
            (false, State::Present) => table.set_job(&self.name, &self.line()),
        };
        changes.set("jobs", Data::from(table.jobs()));
        changes.set("envs", Data::from(table.variables()));
        Ok(changed)
    }

    fn line(&self) -> String {
        let job = self.job.as_deref().unwrap_or_default().trim_matches(['\r', '\n']);
        let off = if self.disabled { "#" } else { "" };
        let time = match self.special_time {
            Some(special) => format!("@{special:?}").to_lowercase(),
            None => {
                let Self { minute, hour, day, month, weekday, .. } = self;
                format!("{minute} {hour} {day} {month} {weekday}")
            }
        };
        match (&self.cron_file, &self.user) {
            (Some(_), Some(user)) => format!("{off}{time} {user} {job}"),
            _ => format!("{off}{time} {job}"),
        }
    }

    fn in_file(&self, file: &str, host: &dyn Host, changes: &mut Changes) -> Result<()> {
        changes.set("cron_file", file);
        let path = Path::new("/etc/cron.d").join(file);
        let page = Page::own(&path, host)?;
        let mut table = Table::new(page.letters());
        if !self.edit(&mut table, changes)? {
            return Ok(());
        }
        let text = table.text();
        if text.is_empty() {
            changes.set("state", "absent");
            return page.remove(self.backup, changes);
        }
        let mode = (!page.exists()).then_some("0644");
        page.write(&text, mode, self.backup, changes)
    }

    fn in_crontab(&self, host: &dyn Host, changes: &mut Changes) -> Result<()> {
        let own = host.identity();
        let user = self.user.as_deref().unwrap_or(&own.name);
        let other = (user != own.name).then_some(["-u", user]);
        let crontab = |words: &[&str]| {
            let other = other.iter().flatten().copied();
            Command::new(["crontab"].into_iter().chain(other).chain(words.iter().copied()))
        };
        let label = format!("crontab {user}");
        let unknown = absent(host, user)?;
        let look = crontab(&["-l"]);
        let mut seen = None;
        let now = value(host, &label, || {
            if unknown.is_some() {
                return Ok(None);
            }
            let output = host.observe(&look)?;
            let told = output.error_text();
            if !output.ok() && !told.contains("no crontab") && output.rc != 1 {
                return Err(crate::modules::known::refused(&look, &output));
            }
            seen = Some(crate::change::Seen::of(&look, &output));
            Ok(output.ok().then(|| output.text()))
        })?;
        let old = now.clone().unwrap_or_default();
        let mut table = Table::new(&old);
        if !self.edit(&mut table, changes)? {
            return Ok(());
        }
        let text = table.text();
        let mut install = crontab(&["-"]);
        install.stdin = Some(text.clone().into_bytes());
        let mut back = crontab(if now.is_some() { &["-"] } else { &["-r"] });
        back.stdin = now.clone().map(String::into_bytes);
        let sign = if now.is_some() { Sign::Modify } else { Sign::Create };
        let mut act = ActChange::new(sign, format!("crontab of {user}"))
            .sets(label, now, Some(text.clone()))
            .undone_by(back);
        if self.backup {
            act = act.does(kept(&old, user));
        }
        act = act.does(install);
        changes.push(Change::Act(ActChange { diff: Some((old, text)), seen, unknown, ..act }));
        Ok(())
    }
}

/// Why it can't be told what the crontab of a user is: the program or the user will come.
fn absent(host: &dyn Host, user: &str) -> Result<Option<Why>> {
    match host.program("crontab") {
        Ok(Some(_)) => {}
        Err(Stop::Unknown(why)) => return Ok(Some(why)),
        Err(stop) => return Err(stop),
        Ok(None) => {
            return Err(Stop::failed(
                "this host has no `crontab`; install a cron first, or use `cron_file`",
            ));
        }
    }
    match host.user(user) {
        Ok(Some(account)) if account.uid.is_none() => {
            Ok(Some(Why(format!("user {user} being made"))))
        }
        Ok(Some(_)) => Ok(None),
        Ok(None) => Err(Stop::failed(format!("there is no user `{user}`"))),
        Err(Stop::Unknown(why)) => Ok(Some(why)),
        Err(stop) => Err(stop),
    }
}

/// Keeps a copy of a crontab beside root's files.
fn kept(text: &str, user: &str) -> Command {
    let script = "umask 077; f=$(mktemp \"/tmp/crontab-$1.XXXXXX\") && cat > \"$f\"";
    let mut command = Command::new(["/bin/sh", "-c", script, "sh", user]);
    command.stdin = Some(text.to_owned().into_bytes());
    command
}

#[cfg(test)]
mod tests {
    use crate::data::Data;
    use crate::host::memory::Memory;
    use crate::modules::desk::{Desk, commands, words};

    #[test]
    fn a_job_is_kept_in_a_crontab() {
        let memory = Memory::new().with_output("crontab -l", 1, "").with_user("app", 1000);
        let mut desk = Desk::new(memory.with_output("crontab -u app -l", 0, "# own\n"));
        let args = [("name", "a b".into()), ("minute", "*/5".into()), ("job", "x > /y".into())];
        let done = desk.run("cron", &args);
        assert_eq!(done.results["jobs"], Data::from(vec!["a b"]));
        let diff = done.changes[0].effect().describe().diff.unwrap();
        assert_eq!(
            diff.after,
            crate::change::Text::Known("#Ansible: a b\n*/5 * * * * x > /y\n".into())
        );
        let args = [
            ("name", "n".into()),
            ("special_time", "daily".into()),
            ("job", "x".into()),
            ("disabled", true.into()),
            ("user", "app".into()),
        ];
        let done = desk.run("cron", &args);
        assert_eq!(commands(&done.changes[0]), ["crontab -u app -"]);
        let env = [("name", "PATH".into()), ("env", true.into()), ("value", "/bin".into())];
        assert_eq!(desk.run("cron", &env).results["envs"], Data::from(vec!["PATH"]));
    }

    #[test]
    fn a_file_of_jobs_is_a_file() {
        let mut desk = Desk::new(Memory::new());
        let args = [
            ("name", "j".into()),
            ("cron_file", "app".into()),
            ("user", "root".into()),
            ("job", "x".into()),
        ];
        let done = desk.run("cron", &args);
        assert_eq!(words(&done.changes).len(), 2, "the folder and the file");
        assert_eq!(desk.text("/etc/cron.d/app"), "#Ansible: j\n* * * * * root x\n");
        let gone = [("name", "j".into()), ("cron_file", "app".into()), ("state", "absent".into())];
        assert!(desk.run("cron", &gone).changed);
        desk.fails("cron", &args[..3], "`job` must be given for what shall be there");
    }

    #[test]
    fn a_cron_that_will_come_leaves_the_plan_open() {
        let mut desk = Desk::new(Memory::new());
        let args = [("name", "j".into()), ("job", "x".into())];
        desk.fails(
            "cron",
            &args,
            "this host has no `crontab`; install a cron first, or use `cron_file`",
        );
        desk.answerer.expected.package_pending("cron");
        let done = crate::modules::scenario::done(desk.ask("cron", &args));
        assert_eq!(done.changes[0].effect().describe().unknown.unwrap().0, "package cron");
    }
}
