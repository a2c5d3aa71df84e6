//! The module `yum_repository`.

mod ini;

use std::path::PathBuf;

use crate::args::{Args, Choice};
use crate::change::{Change, Changes, FileChange};
use crate::host::Host;
use crate::modules::Module;
use crate::modules::files::{Attributes, Edit, Subject};
use crate::modules::yum_repository::ini::RepoFile;
use crate::stop::{Result, Stop};

/// Keeps a repository of dnf or yum in a file below `/etc/yum.repos.d`.
#[derive(Args)]
#[module(name = "yum_repository")]
pub(crate) struct YumRepository {
    /// The repository's id.
    name: String,
    /// What it is called for people.
    description: Option<String>,
    /// The file it stands in, without `.repo`; its id where none is given.
    file: Option<String>,
    /// The folder of that file.
    #[arg(default = "/etc/yum.repos.d")]
    reposdir: PathBuf,
    /// Whether it shall be there.
    #[arg(default = "present")]
    state: State,
    /// Whether metadata is refreshed in the background.
    #[arg(name = "async")]
    r#async: Option<bool>,
    /// How much bandwidth may be used.
    bandwidth: Option<String>,
    /// Where the repository is; several are mirrors of each other.
    baseurl: Option<Vec<String>>,
    /// What it costs compared to others.
    cost: Option<String>,
    /// Whether this host is counted by the repository.
    countme: Option<bool>,
    /// How large metadata of delta packages may be.
    deltarpm_metadata_percentage: Option<String>,
    /// How large delta packages may be.
    deltarpm_percentage: Option<String>,
    /// Whether it is used.
    enabled: Option<bool>,
    /// Whether its groups count.
    enablegroups: Option<bool>,
    /// Packages that are never taken from it.
    #[arg(alias = "excludepkgs")]
    exclude: Option<Vec<String>>,
    /// In which order mirrors are tried: `roundrobin` or `priority`.
    failovermethod: Option<String>,
    /// The key that vouches for keys.
    gpgcakey: Option<String>,
    /// Whether packages must be signed.
    gpgcheck: Option<bool>,
    /// Where the keys are that packages are signed with.
    gpgkey: Option<Vec<String>>,
    /// What caches on the way may keep: `all`, `packages` or `none`.
    http_caching: Option<String>,
    /// A file of further configuration.
    include: Option<String>,
    /// The only packages that are taken from it.
    includepkgs: Option<Vec<String>>,
    /// Which addresses are used: `4`, `6`, `IPv4`, `IPv6` or `whatever`.
    ip_resolve: Option<String>,
    /// Whether connections are kept.
    keepalive: Option<bool>,
    /// Whether packages are kept: `0` or `1`.
    keepcache: Option<String>,
    /// How long metadata are good.
    metadata_expire: Option<String>,
    /// Which commands may use metadata that are not.
    metadata_expire_filter: Option<String>,
    /// Where a list of mirrors with digests is.
    metalink: Option<String>,
    /// Where a list of mirrors is.
    mirrorlist: Option<String>,
    /// How long that list is good.
    mirrorlist_expire: Option<String>,
    /// Whether its packages win over those of module streams.
    module_hotfixes: Option<bool>,
    /// The password that it asks for.
    password: Option<String>,
    /// Which repository wins; lower numbers do.
    priority: Option<String>,
    /// Whether packages of it are not replaced by others'.
    protect: Option<bool>,
    /// The proxy to it.
    proxy: Option<String>,
    /// The password that the proxy asks for.
    proxy_password: Option<String>,
    /// The user that the proxy asks for.
    proxy_username: Option<String>,
    /// Whether its metadata must be signed.
    repo_gpgcheck: Option<bool>,
    /// How often a download is tried.
    retries: Option<String>,
    /// Whether it lies in S3.
    s3_enabled: Option<bool>,
    /// Whether to go on without it where it does not answer.
    skip_if_unavailable: Option<bool>,
    /// Whether the certificate's file must be readable by few.
    ssl_check_cert_permissions: Option<bool>,
    /// The certificates of authorities that vouch for it.
    #[arg(alias = "ca_cert")]
    sslcacert: Option<String>,
    /// The certificate that it asks for.
    #[arg(alias = "client_cert")]
    sslclientcert: Option<String>,
    /// The key of that certificate.
    #[arg(alias = "client_key")]
    sslclientkey: Option<String>,
    /// Whether its certificate is checked.
    #[arg(alias = "validate_certs")]
    sslverify: Option<bool>,
    /// How fast downloads may be.
    throttle: Option<String>,
    /// How many seconds to wait for it.
    timeout: Option<String>,
    /// Variables that are shown in its name.
    ui_repoid_vars: Option<String>,
    /// The user that it asks for.
    username: Option<String>,
    /// Owner, group and mode of the file.
    #[arg(shared)]
    attributes: Attributes,
}

/// What shall be of a repository.
#[derive(Choice, Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// It is there.
    Present,
    /// It is not.
    Absent,
}

impl Module for YumRepository {
    fn plan(&self, host: &dyn Host, changes: &mut Changes) -> Result<()> {
        changes.set("repo", self.name.as_str());
        changes.set("state", if self.state == State::Present { "present" } else { "absent" });
        let present = self.state == State::Present;
        if present && self.baseurl.is_none() && self.metalink.is_none() && self.mirrorlist.is_none()
        {
            return Err(Stop::failed(
                "one of `baseurl`, `mirrorlist` and `metalink` must be given",
            ));
        }
        if present && self.description.is_none() {
            return Err(Stop::failed(
                "`description` must be given for a repository that shall be there",
            ));
        }
        let path = self.reposdir.join(format!("{}.repo", self.file.as_ref().unwrap_or(&self.name)));
        let edit =
            Edit { path: &path, attributes: &self.attributes, backup: false, validate: None };
        let (subject, text) = edit.open(host)?;
        let mut file = match &text {
            Some(text) => RepoFile::read(&text.letters)
                .map_err(|why| Stop::failed(format!("can't read `{}`: {why}", path.display())))?,
            None => RepoFile::default(),
        };
        let changed =
            if present { file.set(&self.name, self.options()) } else { file.remove(&self.name) };
        if !present && text.is_none() {
            return Ok(());
        }
        if file.is_empty() {
            return gone(&subject, changes);
        }
        edit.write(&subject, host, changed.then(|| file.text().into_bytes()), changes)?;
        Ok(())
    }
}

impl YumRepository {
    /// The options of its section, sorted.
    fn options(&self) -> Vec<(String, String)> {
        let flag =
            |value: Option<bool>| value.map(|value| if value { "1" } else { "0" }.to_owned());
        let joined = |items: Option<&[String]>, by: &str| items.map(|items| items.join(by));
        let mut options = vec![
            ("name", self.description.clone()),
            ("async", flag(self.r#async)),
            ("bandwidth", self.bandwidth.clone()),
            ("baseurl", joined(self.baseurl.as_deref(), "\n")),
            ("cost", self.cost.clone()),
            ("countme", flag(self.countme)),
            ("deltarpm_metadata_percentage", self.deltarpm_metadata_percentage.clone()),
            ("deltarpm_percentage", self.deltarpm_percentage.clone()),
            ("enabled", flag(self.enabled)),
            ("enablegroups", flag(self.enablegroups)),
            ("exclude", joined(self.exclude.as_deref(), " ")),
            ("failovermethod", self.failovermethod.clone()),
            ("gpgcakey", self.gpgcakey.clone()),
            ("gpgcheck", flag(self.gpgcheck)),
            ("gpgkey", joined(self.gpgkey.as_deref(), "\n")),
            ("http_caching", self.http_caching.clone()),
            ("include", self.include.clone()),
            ("includepkgs", joined(self.includepkgs.as_deref(), " ")),
            ("ip_resolve", self.ip_resolve.clone()),
            ("keepalive", flag(self.keepalive)),
            ("keepcache", self.keepcache.clone()),
            ("metadata_expire", self.metadata_expire.clone()),
            ("metadata_expire_filter", self.metadata_expire_filter.clone()),
            ("metalink", self.metalink.clone()),
            ("mirrorlist", self.mirrorlist.clone()),
            ("mirrorlist_expire", self.mirrorlist_expire.clone()),
            ("module_hotfixes", flag(self.module_hotfixes)),
            ("password", self.password.clone()),
            ("priority", self.priority.clone()),
            ("protect", flag(self.protect)),
            ("proxy", self.proxy.clone()),
            ("proxy_password", self.proxy_password.clone()),
            ("proxy_username", self.proxy_username.clone()),
            ("repo_gpgcheck", flag(self.repo_gpgcheck)),
            ("retries", self.retries.clone()),
            ("s3_enabled", flag(self.s3_enabled)),
            ("skip_if_unavailable", flag(self.skip_if_unavailable)),
            ("ssl_check_cert_permissions", flag(self.ssl_check_cert_permissions)),
            ("sslcacert", self.sslcacert.clone()),
            ("sslclientcert", self.sslclientcert.clone()),
            ("sslclientkey", self.sslclientkey.clone()),
            ("sslverify", flag(self.sslverify)),
            ("throttle", self.throttle.clone()),
            ("timeout", self.timeout.clone()),
            ("ui_repoid_vars", self.ui_repoid_vars.clone()),
            ("username", self.username.clone()),
        ];
        options.sort();
        options.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))).collect()
    }
}

/// A file without any repository goes.
fn gone(subject: &Subject<'_>, changes: &mut Changes) -> Result<()> {
    let before = subject.before_with_content()?;
    changes.push(Change::File(FileChange::new(&subject.path, before, None)));
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::data::Data;
    use crate::modules::scenario::Scenario;

    fn args(more: &[(&'static str, Data)]) -> Vec<(&'static str, Data)> {
        let mut args = vec![("name", "epel".into()), ("reposdir", "$T".into())];
        args.extend(more.iter().cloned());
        args
    }

    #[test]
    fn a_repository_is_kept_in_its_file() {
        let scenario = Scenario::new(&[]);
        let urls: Data = vec!["http://a/1", "http://a/2"].into();
        let given = args(&[
            ("description", "EPEL".into()),
            ("baseurl", urls),
            ("exclude", vec!["a", "b"].into()),
            ("gpgcheck", true.into()),
            ("enabled", false.into()),
        ]);
        scenario.run("yum_repository", &given);
        let want = "[epel]\nbaseurl = http://a/1\n\thttp://a/2\nenabled = 0\nexclude = a b\ngpgcheck = 1\nname = EPEL\n\n";
        assert_eq!(scenario.text("epel.repo"), want);
        assert!(!scenario.run("yum_repository", &given).changed);
        assert!(scenario.run("yum_repository", &args(&[("state", "absent".into())])).changed);
        assert!(!scenario.run("yum_repository", &args(&[("state", "absent".into())])).changed);
    }
}
