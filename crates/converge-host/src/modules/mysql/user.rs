//! `mysql_user`: accounts of a server.

use crate::args::{Args, Choice};
use crate::blob::Digest;
use crate::change::{ActChange, Change, Changes, Sign};
use crate::data::{Data, Map};
use crate::host::Host;
use crate::modules::Module;
use crate::modules::known::value;
use crate::modules::mysql::grants::Grants;
use crate::modules::mysql::login::{Login, Server, statements};
use crate::modules::mysql::sql;
use crate::stop::Result;

/// Keeps an account of a MySQL or MariaDB server, and what it may do.
#[derive(Args, Debug)]
#[module(name = "mysql_user", collection = "community.mysql")]
pub(crate) struct MysqlUser {
    /// The account.
    #[arg(alias = "user")]
    name: String,
    /// From where it may come.
    #[arg(default = "localhost")]
    host: String,
    /// It is about the account from wherever it comes.
    #[arg(default = "no")]
    host_all: bool,
    /// Whether it shall exist.
    #[arg(default = "present")]
    state: State,
    /// Its password.
    password: Option<String>,
    /// The password is what servers keep of it.
    #[arg(default = "no")]
    encrypted: bool,
    /// When a password is set.
    #[arg(default = "always")]
    update_password: Update,
    /// What it may do: `shop.*:SELECT,INSERT/log.*:ALL`, or the same as a mapping.
    #[arg(name = "priv")]
    rights: Option<Data>,
    /// Leave it what it may do besides.
    #[arg(default = "no")]
    append_privs: bool,
    /// Take away what `priv` says.
    #[arg(default = "no")]
    subtract_privs: bool,
    /// How it proves who it is: `unix_socket`, `auth_socket`.
    plugin: Option<String>,
    /// What the server keeps for that.
    plugin_hash_string: Option<String>,
    /// What it shows for that.
    plugin_auth_string: Option<String>,
    /// What its connections must be: `SSL`, `X509`, or `SUBJECT`, `ISSUER` and `CIPHER`.
    tls_requires: Option<Map>,
    /// Taken and not used: the names of columns are kept as they are written.
    #[arg(name = "column_case_sensitive")]
    _column_case_sensitive: Option<bool>,
    /// Taken and not used.
    #[arg(name = "force_context", default = "no")]
    _force_context: bool,
    /// How the server is reached.
    #[arg(shared)]
    login: Login,
}

/// Whether an account shall exist.
#[derive(Choice, Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// It shall not.
    Absent,
    /// It shall.
    Present,
}

/// When a password is set.
#[derive(Choice, Clone, Copy, Debug, PartialEq, Eq)]
enum Update {
    /// Whenever it is another.
    Always,
    /// For a new account only.
    OnCreate,
    /// For an account of a new name only.
    OnNewUsername,
}

/// An account as the server has it.
struct Account {
    plugin: String,
    kept: String,
    grants: Grants,
    /// The statement that would make it.
    made: String,
}

impl Module for MysqlUser {
    fn plan(&self, host: &dyn Host, changes: &mut Changes) -> Result<()> {
        changes.set("user", self.name.as_str());
        changes.set("password_changed", false);
        let grants = self.rights.as_ref().filter(|rights| **rights != Data::Null);
        let grants = grants.map(Grants::written).transpose()?;
        let server = self.login.server(host)?;
        let hosts = if self.host_all { self.hosts(&server)? } else { vec![self.host.clone()] };
        for from in &hosts {
            self.account(from, grants.as_ref(), &server, host, changes)?;
        }
        Ok(())
    }

    fn report(&self, _host: &dyn Host, performed: &Map, results: &mut Map) -> Result<()> {
        let _ = performed;
        results.entry("user".to_owned()).or_insert_with(|| self.name.as_str().into());
        Ok(())
    }
}

impl MysqlUser {
    /// From where the account may come by now.
    fn hosts(&self, server: &Server<'_>) -> Result<Vec<String>> {
        let query = format!("SELECT Host FROM mysql.user WHERE User = {}", sql::text(&self.name));
        let hosts: Vec<String> = server.rows(&query)?.firsts().map(ToOwned::to_owned).collect();
        let none = hosts.is_empty() && self.state == State::Present;
        Ok(if none { vec![self.host.clone()] } else { hosts })
    }

    fn account(
        &self,
        from: &str,
        grants: Option<&Grants>,
        server: &Server<'_>,
        host: &dyn Host,
        changes: &mut Changes,
    ) -> Result<()> {
        let label = self.login.label(&format!("account {}@{from}", self.name));
        let wanted = self.wanted();
        let mut found = None;
        let now = value(host, &label, || {
            found = self.read(from, server)?;
            Ok(found.as_ref().map(|_| "there".to_owned()))
        })?;
        let title = format!("database account {}@{from}", self.name);
        let account = sql::account(&self.name, from);
        if self.state == State::Absent {
            if now.is_some() {
                let act = ActChange::new(Sign::Remove, title).sets(label, now, None);
                let drop = [format!("DROP USER {account}")];
                changes.push(Change::Act(statements(act, server, &drop)));
                changes.set("msg", "User deleted");
            }
            return Ok(());
        }
        // The same as was planned before needs nothing more.
        if now.as_deref() == Some(wanted.as_str()) {
            return Ok(());
        }
        let (sign, mut steps) = match &now {
            None => (Sign::Create, self.create(&account, server)?),
            Some(_) => (Sign::Modify, self.alter(&account, found.as_ref(), server)?),
        };
        let sets = |(_, told): &(String, String)| told.ends_with("password");
        changes.set("password_changed", now.is_some() && steps.iter().any(sets));
        let none = Grants::default();
        let has = found.as_ref().map_or(&none, |found| &found.grants);
        if let Some(grants) = grants {
            let only = !self.append_privs;
            steps.extend(match self.subtract_privs {
                true => grants.taken(has, &account),
                false => grants.from(has, &account, only),
            });
        }
        if steps.is_empty() {
            return Ok(());
        }
        let mut act = ActChange::new(sign, title).sets(label, now.clone(), Some(wanted));
        act.facts =
            steps.iter().map(|(_, told)| told.clone()).filter(|told| !told.is_empty()).collect();
        let queries: Vec<String> = steps.into_iter().map(|(query, _)| query).collect();
        changes.set("msg", if now.is_some() { "User updated" } else { "User added" });
        changes.push(Change::Act(statements(act, server, &queries)));
        Ok(())
    }

    /// What is asked for, in words that tell no secret.
    fn wanted(&self) -> String {
        let password = self.password.as_ref().map(|password| Digest::of(password.as_bytes()).hex());
        format!(
            "{password:?} {:?} {} {} {:?} {:?}",
            self.rights, self.append_privs, self.subtract_privs, self.plugin, self.tls_requires
        )
    }

    fn read(&self, from: &str, server: &Server<'_>) -> Result<Option<Account>> {
        let query = format!(
            "SELECT * FROM mysql.user WHERE User = {} AND Host = {}",
            sql::text(&self.name),
            sql::text(from)
        );
        let row = server.rows(&query)?;
        if row.is_empty() {
            return Ok(None);
        }
        let text = |column: &str| row.first(column).unwrap_or_default().to_owned();
        let kept = [text("authentication_string"), text("Password")];
        let account = sql::account(&self.name, from);
        let grants = server.rows(&format!("SHOW GRANTS FOR {account}"))?;
        let made = match self.requires().is_some() {
            true => server.rows(&format!("SHOW CREATE USER {account}"))?.firsts().collect(),
            false => String::new(),
        };
        Ok(Some(Account {
            plugin: text("plugin"),
            kept: kept.into_iter().find(|kept| !kept.is_empty()).unwrap_or_default(),
            grants: Grants::told(grants.firsts()),
            made,
        }))
    }

    /// How the account is known, and words about it.
    fn identified(&self, server: &Server<'_>) -> Result<Option<(String, String)>> {
        let text = sql::text;
        if let Some(plugin) = &self.plugin {
            let mut words = format!("IDENTIFIED WITH {}", sql::word(plugin));
            if let Some(hash) = &self.plugin_hash_string {
                words.push_str(&format!(" AS {}", text(hash)));
            } else if let Some(shown) = &self.plugin_auth_string {
                words.push_str(&format!(" BY {}", text(shown)));
            }
            return Ok(Some((words, format!("known by {plugin}"))));
        }
        let Some(password) = &self.password else { return Ok(None) };
        let words = match (self.encrypted, password.is_empty()) {
            (true, false) if Version::of(server)?.mariadb => {
                format!("IDENTIFIED BY PASSWORD {}", text(password))
            }
            (true, false) => format!("IDENTIFIED WITH mysql_native_password AS {}", text(password)),
            _ => format!("IDENTIFIED BY {}", text(password)),
        };
        Ok(Some((words, "with a password".into())))
    }

    /// What connections must be.
    fn requires(&self) -> Option<String> {
        let wanted = self.tls_requires.as_ref().filter(|wanted| !wanted.is_empty())?;
        let word = |(key, value): (&String, &Data)| {
            let key = sql::word(&key.to_uppercase());
            match value.as_str().filter(|_| !matches!(key.as_str(), "SSL" | "X509" | "NONE")) {
                Some(value) => format!("{key} {}", sql::text(value)),
                None => key,
            }
        };
        let words: Vec<String> = wanted.iter().map(word).collect();
        Some(format!("REQUIRE {}", words.join(" AND ")))
    }

    fn create(&self, account: &str, server: &Server<'_>) -> Result<Vec<(String, String)>> {
        let mut words = format!("CREATE USER {account}");
        let known = match self.update_password {
            Update::OnNewUsername => self.as_before(server)?,
            _ => None,
        };
        let known = known.map_or_else(|| self.identified(server), |known| Ok(Some(known)))?;
        let (how, told) = known.unwrap_or_default();
        if !how.is_empty() {
            words.push_str(&format!(" {how}"));
        }
        words.extend(self.requires().map(|requires| format!(" {requires}")));
        Ok(vec![(words, told)])
    }

    /// How an account of this name is known already, from wherever it comes.
    fn as_before(&self, server: &Server<'_>) -> Result<Option<(String, String)>> {
        let query = format!("SELECT * FROM mysql.user WHERE User = {}", sql::text(&self.name));
        let rows = server.rows(&query)?;
        let text = |column: &str| rows.first(column).filter(|text| !text.is_empty());
        let kept = text("authentication_string").or_else(|| text("Password"));
        let plugin = text("plugin").unwrap_or("mysql_native_password");
        Ok(kept.map(|kept| {
            let how = format!("IDENTIFIED WITH {} AS {}", sql::word(plugin), sql::text(kept));
            (how, "with the password of the others of this name".to_owned())
        }))
    }

    /// What makes an account that exists as it shall be. Where nothing is known of it, all of it is set.
    fn alter(
        &self,
        account: &str,
        now: Option<&Account>,
        server: &Server<'_>,
    ) -> Result<Vec<(String, String)>> {
        let mut words = String::new();
        let mut told = Vec::new();
        if self.update_password == Update::Always
            && let Some((how, _)) = self.identified(server)?
            && !now.is_some_and(|now| self.is_so(now, server).unwrap_or(false))
        {
            words.push_str(&format!(" {how}"));
            told.push(match &self.plugin {
                Some(plugin) => format!("known by {plugin}"),
                None => "another password".to_owned(),
            });
        }
        if let Some(requires) = self.requires()
            && !now.is_some_and(|now| now.made.contains(&requires))
        {
            words.push_str(&format!(" {requires}"));
            told.insert(0, requires);
        }
        if words.is_empty() {
            return Ok(Vec::new());
        }
        // Old servers alter nothing of an account but its password.
        if let (None, None, Some(password)) = (&self.plugin, self.requires(), &self.password)
            && Version::of(server)?.is_old()
        {
            let word = sql::text(password);
            let word = if self.encrypted { word } else { format!("PASSWORD({word})") };
            return Ok(vec![(format!("SET PASSWORD FOR {account} = {word}"), told.join(", "))]);
        }
        Ok(vec![(format!("ALTER USER {account}{words}"), told.join(", "))])
    }

    /// Whether the account is known as it shall be.
    fn is_so(&self, now: &Account, server: &Server<'_>) -> Result<bool> {
        if let Some(plugin) = &self.plugin {
            let hash = self.plugin_hash_string.as_ref();
            let same = hash.is_none_or(|hash| *hash == now.kept);
            // What is shown can't be compared with what is kept of it.
            return Ok(now.plugin == *plugin && same);
        }
        let Some(password) = &self.password else { return Ok(true) };
        if password.is_empty() {
            return Ok(now.kept.is_empty() || now.kept == "invalid");
        }
        let native = matches!(now.plugin.as_str(), "" | "mysql_native_password");
        if self.encrypted {
            return Ok(now.kept == *password);
        }
        if !native {
            // It is kept in a way that can't be compared, so it is tried.
            return server.admits(&self.name, password);
        }
        let query = format!(
            "SELECT CONCAT('*', UPPER(SHA1(UNHEX(SHA1({}))))) AS hash",
            sql::text(password)
        );
        Ok(server.rows(&query)?.first("hash") == Some(now.kept.as_str()))
    }
}

/// Which server it is.
struct Version {
    mariadb: bool,
    numbers: Vec<u32>,
}

impl Version {
    fn of(server: &Server<'_>) -> Result<Self> {
        let rows = server.rows("SELECT VERSION() AS version")?;
        Ok(Self::read(rows.first("version").unwrap_or_default()))
    }

    fn read(text: &str) -> Self {
        let numbers = text.split(['.', '-']).map_while(|number| number.parse().ok()).collect();
        Self { mariadb: text.contains("MariaDB"), numbers }
    }

    /// Whether it knows no `ALTER USER` that sets a password.
    fn is_old(&self) -> bool {
        let first: &[u32] = if self.mariadb { &[10, 2] } else { &[5, 7, 6] };
        !self.numbers.is_empty() && self.numbers.as_slice() < first
    }
}

#[cfg(test)]
mod tests {
    use super::Version;
    use crate::host::memory::Memory;
    use crate::modules::desk::{Desk, commands, words};
    use crate::modules::mysql::login::tests::ASKS;

    #[test]
    fn old_servers_are_known() {
        let is_old = |text: &str| Version::read(text).is_old();
        assert!(is_old("5.5.68-MariaDB") && is_old("10.1.48-MariaDB-1") && is_old("5.6.51"));
        assert!(!is_old("10.11.6-MariaDB-0+deb12u1") && !is_old("5.7.44") && !is_old("8.0.36"));
    }

    #[test]
    fn an_account_is_made_and_its_password_stays_hidden() {
        let memory =
            Memory::new().with_file("/usr/bin/mysql", "", 0o755, "root").with_output(ASKS, 0, "");
        let mut desk = Desk::new(memory);
        let args = [
            ("name", "app".into()),
            ("password", "s3'cret".into()),
            ("priv", "shop.*:ALL/log.*:SELECT".into()),
        ];
        let done = desk.run("mysql_user", &args);
        assert_eq!(
            words(&done.changes),
            [
                "database account app@localhost; with a password; SELECT on log.*; ALL PRIVILEGES on shop.*"
            ]
        );
        assert_eq!(commands(&done.changes[0]), [ASKS]);
        let wrong = [("name", "x".into()), ("priv", "shop".into())];
        desk.fails(
            "mysql_user",
            &wrong,
            "`shop` is no privilege: it is written as `database.table:PRIVILEGE`",
        );
    }
}
