//! Which versions apt offers, as `apt-cache policy` tells: one process for all names.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use crate::host::{Command, Host, Manager, version};
use crate::modules::apt::wanted::Wanted;
use crate::stop::Result;

/// What apt offers of a package.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Offer {
    /// The version that apt would install; none of a virtual package.
    pub(crate) candidate: Option<String>,
    /// Every version that some source has.
    pub(crate) versions: Vec<String>,
}

/// The offers of these packages, by name; what apt does not know is left out.
pub(crate) fn ask(
    host: &dyn Host,
    release: Option<&str>,
    wanted: &[Wanted],
) -> Result<BTreeMap<String, Offer>> {
    let mut argv = vec!["apt-cache".to_owned()];
    if let Some(release) = release {
        argv.extend(["-t".to_owned(), release.to_owned()]);
    }
    argv.extend(["policy".to_owned(), "--".to_owned()]);
    argv.extend(wanted.iter().map(|wanted| wanted.name.clone()));
    Ok(read(&host.observe(&Command::new(argv))?.text()))
}

/// Every name that apt knows.
pub(crate) fn names(host: &dyn Host) -> Result<Vec<String>> {
    let output = host.observe(&Command::new(["apt-cache", "pkgnames"]))?;
    Ok(output.text().lines().map(ToOwned::to_owned).collect())
}

impl Offer {
    /// The version to install: the candidate where it will do, else the newest that will.
    pub(crate) fn best(&self, wanted: &Wanted) -> Option<&str> {
        let candidate = self.candidate.as_deref().filter(|version| wanted.accepts(version));
        candidate.or_else(|| {
            let fitting = self.versions.iter().map(String::as_str);
            fitting
                .filter(|version| wanted.accepts(version))
                .max_by(|one, other| version::compare(Manager::Apt, one, other))
        })
    }

    /// Whether what is installed is as new as what would be installed.
    pub(crate) fn is_met_by(&self, wanted: &Wanted, installed: &str) -> bool {
        let best = self.best(wanted);
        best.is_none_or(|best| version::compare(Manager::Apt, installed, best) != Ordering::Less)
    }
}

fn read(text: &str) -> BTreeMap<String, Offer> {
    let mut offers: BTreeMap<String, Offer> = BTreeMap::new();
    let mut name = String::new();
    for line in text.lines() {
        if !line.starts_with(' ') {
            name = line.trim_end_matches(':').to_owned();
            offers.insert(name.clone(), Offer::default());
            continue;
        }
        let Some(offer) = offers.get_mut(&name) else { continue };
        if let Some(candidate) = line.strip_prefix("  Candidate: ") {
            offer.candidate = Some(candidate.trim().to_owned()).filter(|word| word != "(none)");
        } else if let Some(entry) = line.strip_prefix(" *** ").or(line.strip_prefix("     "))
            && !entry.starts_with(' ')
            && let Some(version) = entry.split(' ').next()
        {
            offer.versions.push(version.to_owned());
        }
    }
    offers
}

#[cfg(test)]
mod tests {
    use super::read;
    use crate::modules::apt::wanted::Wanted;

    const POLICY: &str = include_str!("testdata/policy");

    #[test]
    fn what_apt_offers_is_read() {
        let offers = read(POLICY);
        assert_eq!(offers.keys().collect::<Vec<_>>(), ["awk", "libssl3", "nginx"]);
        let offer = &offers["nginx"];
        assert_eq!(offer.candidate.as_deref(), Some("1.22.1-9+deb12u3"));
        assert_eq!(offer.versions, ["1.26.2-1~bpo12+1", "1.22.1-9+deb12u3", "1.22.1-9"]);
        assert_eq!(offers["awk"].candidate, None);
        let best = |written: &str| offer.best(&Wanted::read(written).unwrap());
        assert_eq!(best("nginx=1.22.1-9"), Some("1.22.1-9"));
        assert_eq!(best("nginx=1.2*"), Some("1.22.1-9+deb12u3"));
        assert_eq!(best("nginx>=1.25"), Some("1.26.2-1~bpo12+1"));
        assert_eq!(best("nginx=1.30*"), None);
        assert!(offer.is_met_by(&Wanted::read("nginx").unwrap(), "1.22.1-9+deb12u3"));
        assert!(!offer.is_met_by(&Wanted::read("nginx").unwrap(), "1.22.1-9"));
    }
}
