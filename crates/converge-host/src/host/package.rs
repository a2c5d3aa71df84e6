//! Packages.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Name → version of what is installed. The version is as the manager prints it (`1.22.1-9`, `1:1.20.1-14.el7`); empty where
/// it is planned and can't be told.
pub type Installed = BTreeMap<String, String>;

/// The package managers.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub enum Manager {
    /// dpkg and apt.
    #[default]
    Apt,
    /// rpm with dnf, or with yum where there is no dnf.
    Rpm,
}

impl Manager {
    /// Where its repositories are configured: files, and folders of files.
    pub fn sources(self) -> &'static [&'static str] {
        match self {
            Self::Apt => &["/etc/apt"],
            Self::Rpm => &[
                "/etc/yum.repos.d",
                "/etc/yum.conf",
                "/etc/yum",
                "/etc/dnf",
                "/etc/distro.repos.d",
            ],
        }
    }
}
