//! Passwords and their ages: shadow(5).

use std::path::Path;

use crate::clock::Clock;
use crate::host::{Command, Host};
use crate::modules::user::{UpdatePassword, UserModule};
use crate::stop::{Result, Stop};

use std::time::{Duration, UNIX_EPOCH};

/// What the shadow file has of an account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Shadow {
    password: String,
    min: Option<i64>,
    max: Option<i64>,
    warn: Option<i64>,
    inactive: Option<i64>,
    expires: Option<i64>,
}

const FILE: &str = "/etc/shadow";

const DAY: i64 = 86_400;

impl Shadow {
    /// What the host's file has; nothing of an account that is only planned.
    pub(super) fn of(name: &str, host: &dyn Host) -> Result<Self> {
        let file = match host.content(Path::new(FILE)) {
            Err(Stop::Failed(failure)) if host.identity().uid != Some(0) => {
                return Err(Stop::failed(format!(
                    "{}; passwords are managed as root (`become: true`)",
                    failure.msg
                )));
            }
            file => file?,
        };
        let text = file.text().unwrap_or_default();
        let line = text.lines().find(|line| line.split(':').next() == Some(name));
        Ok(line.map(Self::read).unwrap_or_default())
    }

    fn read(line: &str) -> Self {
        let fields: Vec<_> = line.split(':').collect();
        let number = |at: usize| fields.get(at).and_then(|field| field.parse().ok());
        Self {
            password: fields.get(1).map(ToString::to_string).unwrap_or_default(),
            min: number(3),
            max: number(4),
            warn: number(5),
            inactive: number(6),
            expires: number(7),
        }
    }
}

impl UserModule {
    /// Whether the shadow file has to be read to tell what changes.
    pub(super) fn minds_shadow(&self) -> bool {
        self.password.is_some() && self.update_password == UpdatePassword::Always
            || self.password_lock.is_some()
            || self.expires.is_some()
            || self.ages().iter().any(|(_, wanted, _)| wanted.is_some())
    }

    /// The commands that set the password, and what to say of them.
    pub(super) fn password(&self, now: &Shadow, new: bool) -> (Vec<Command>, Vec<String>) {
        let locked = now.password.starts_with('!');
        let bare = |hash: &str| hash.trim_start_matches('!').to_owned();
        let update = new || self.update_password == UpdatePassword::Always;
        if let Some(password) = self.password.as_ref().filter(|_| update) {
            let lock = self.password_lock == Some(true);
            let same = !new
                && bare(password) == bare(&now.password)
                && (self.password_lock.is_none() || lock == locked);
            if same {
                return (Vec::new(), Vec::new());
            }
            let hash = if lock { format!("!{}", bare(password)) } else { password.clone() };
            let mut command = Command::new(["chpasswd", "-e"]);
            command.stdin = Some(format!("{}:{hash}\n", self.name).into_bytes());
            let facts = if lock {
                vec!["password set".into(), "password locked".into()]
            } else {
                vec!["password set".into()]
            };
            return (vec![command], facts);
        }
        let usermod = |flag: &str| vec![Command::new(["usermod", flag, "--", &self.name])];
        match self.password_lock {
            Some(true) if !locked && !new => (usermod("-L"), vec!["password locked".into()]),
            Some(false) if locked && !bare(&now.password).is_empty() => {
                (usermod("-U"), vec!["password unlocked".into()])
            }
            _ => (Vec::new(), Vec::new()),
        }
    }

    /// The day that the account expires as usermod takes it, where that changes; empty for never.
    pub(super) fn expiry(&self, now: &Shadow) -> Option<String> {
        let expires = self.expires?;
        if expires < 0.0 {
            return now.expires.filter(|day| *day >= 0).map(|_| String::new());
        }
        let seconds = expires as i64;
        let day = seconds.div_euclid(DAY);
        let date = || {
            let stamp =
                Clock::default().stamp(UNIX_EPOCH + Duration::from_secs(seconds.unsigned_abs()));
            stamp.split(' ').next().unwrap_or_default().to_owned()
        };
        (now.expires != Some(day)).then(date)
    }

    /// The command that sets the ages of the password, and what to say of it.
    pub(super) fn aging(&self, now: &Shadow) -> (Vec<Command>, Vec<String>) {
        let current = [now.max, now.min, now.warn, now.inactive];
        let mut argv = vec!["chage".to_owned()];
        let mut facts = Vec::new();
        for ((flag, wanted, what), current) in self.ages().into_iter().zip(current) {
            if let Some(wanted) = wanted.filter(|wanted| current != Some(*wanted)) {
                argv.extend([flag.to_owned(), wanted.to_string()]);
                facts.push(format!("{what} {wanted} days"));
            }
        }
        if facts.is_empty() {
            return (Vec::new(), facts);
        }
        argv.extend(["--".to_owned(), self.name.clone()]);
        (vec![Command::new(argv)], facts)
    }

    fn ages(&self) -> [(&'static str, Option<i64>, &'static str); 4] {
        [
            ("-M", self.password_expire_max, "password valid for"),
            ("-m", self.password_expire_min, "password kept for at least"),
            ("-W", self.password_expire_warn, "warned before by"),
            ("-I", self.password_expire_account_disable, "disabled after"),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::Shadow;
    use crate::args::{Args, Bound};
    use crate::data::{Data, Map};
    use crate::modules::user::UserModule;

    fn user(args: &[(&str, Data)]) -> UserModule {
        let args: Map = args.iter().map(|(key, data)| ((*key).to_owned(), data.clone())).collect();
        let given = [("name".to_owned(), Data::from("u"))].into_iter().chain(args).collect();
        UserModule::read(&mut Bound::new(UserModule::SPEC, given).unwrap()).unwrap()
    }

    #[track_caller]
    fn check(line: &str, args: &[(&str, Data)], stdin: &str, facts: &[&str]) {
        let (commands, told) = user(args).password(&Shadow::read(line), false);
        let input = commands.first().map(|command| {
            let typed = command.stdin.clone().map(|bytes| String::from_utf8(bytes).unwrap());
            typed.unwrap_or_else(|| command.shown())
        });
        assert_eq!(
            (input.unwrap_or_default().as_str(), told),
            (stdin, facts.iter().map(ToString::to_string).collect())
        );
    }

    #[test]
    fn a_password_is_set_where_it_is_another() {
        let line = "u:$6$a$b:20000:0:99999:7:::";
        check(line, &[("password", "$6$a$b".into())], "", &[]);
        check(line, &[("password", "$6$a$c".into())], "u:$6$a$c\n", &["password set"]);
        let on_create = ("update_password", "on_create".into());
        check(line, &[("password", "$6$a$c".into()), on_create], "", &[]);
        let lock = ("password_lock", true.into());
        check(line, std::slice::from_ref(&lock), "usermod -L -- u", &["password locked"]);
        check("u:!$6$a$b:1:::::", std::slice::from_ref(&lock), "", &[]);
        check(
            "u:!$6$a$b:1:::::",
            &[("password_lock", false.into())],
            "usermod -U -- u",
            &["password unlocked"],
        );
        check("u:!:1:::::", &[("password_lock", false.into())], "", &[]);
    }

    #[test]
    fn ages_and_expiry_are_compared() {
        let now = Shadow::read("u:x:20000:0:90:7::20833:");
        let expiry = |seconds: f64| user(&[("expires", seconds.into())]).expiry(&now);
        assert_eq!(expiry(1_800_000_000.0), None);
        assert_eq!(expiry(1_800_100_000.0), Some("2027-01-16".into()));
        assert_eq!(expiry(-1.0), Some(String::new()));
        let aging = |max: i64| {
            let (commands, _) = user(&[("password_expire_max", max.into())]).aging(&now);
            commands.first().map(crate::host::Command::shown)
        };
        assert_eq!(aging(90), None);
        assert_eq!(aging(30), Some("chage -M 30 -- u".into()));
    }
}
