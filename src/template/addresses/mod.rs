//! IP addresses and networks, for the filters `ansible.utils.ipaddr` and its kin.

mod net;
mod query;

pub(crate) use net::{Mac, Net};
pub(crate) use query::{Outcome, ask, nth_usable};
