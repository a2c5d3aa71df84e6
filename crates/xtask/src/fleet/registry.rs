//! The list of running hosts, kept on disk because hosts outlive the command that started them.

use std::fs;
use std::io::{ErrorKind, Write};
use std::path::PathBuf;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use crate::fleet::host::Host;
use crate::fleet::place::Place;

/// The hosts of one fleet, and the network they share.
#[derive(Debug, Serialize, Deserialize)]
pub struct Registry {
    #[serde(skip)]
    path: PathBuf,
    /// The number of the network that this fleet has claimed, while it has hosts.
    pub slot: Option<u8>,
    /// The hosts, in the order in which they were started.
    pub hosts: Vec<Host>,
}

impl Registry {
    /// Reads the list; a missing file is an empty list.
    pub fn load(place: &Place) -> Result<Self> {
        let path = place.registry();
        match fs::read(&path) {
            Ok(bytes) => {
                let read: Self = serde_json::from_slice(&bytes)
                    .with_context(|| format!("`{}` is not a list of hosts; take the hosts down with the version of xtask that wrote it", path.display()))?;
                Ok(Self { path, ..read })
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {
                Ok(Self { path, slot: None, hosts: Vec::new() })
            }
            Err(error) => Err(error).with_context(|| format!("cannot read `{}`", path.display())),
        }
    }

    /// Writes the list as a whole: who reads it sees the old one or the new one.
    pub fn save(&self) -> Result<()> {
        let dir = self.path.parent().context("the list of hosts has no folder")?;
        let mut file = tempfile::NamedTempFile::new_in(dir)?;
        serde_json::to_writer_pretty(&mut file, self)?;
        file.write_all(b"\n")?;
        file.persist(&self.path)
            .with_context(|| format!("cannot write `{}`", self.path.display()))?;
        Ok(())
    }

    /// The host of this name.
    pub fn get(&self, name: &str) -> Option<&Host> {
        self.hosts.iter().find(|host| host.name == name)
    }

    /// Puts a host in, in place of one of the same name.
    pub fn put(&mut self, host: Host) {
        match self.hosts.iter_mut().find(|known| known.name == host.name) {
            Some(known) => *known = host,
            None => self.hosts.push(host),
        }
    }

    /// The lowest number that no host's addresses are made of.
    pub fn free_index(&self) -> u16 {
        (11..u16::MAX)
            .find(|index| self.hosts.iter().all(|host| host.index != *index))
            .unwrap_or(u16::MAX)
    }
}
