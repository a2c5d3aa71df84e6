//! A rule in the words of iptables.

use crate::data::{Data, Map};
use crate::modules::iptables::Iptables;

impl Iptables {
    /// The words of the rule, modules that match before what they are asked.
    pub(super) fn rule(&self) -> Vec<String> {
        let mut words = Words(Vec::new());
        words.given("-p", self.protocol.as_deref());
        words.given("-s", self.source.as_deref());
        words.given("-d", self.destination.as_deref());
        for module in self.matches.iter().flatten() {
            words.given("-m", Some(module));
        }
        if let Some(flags) = &self.tcp_flags {
            words.add(&["--tcp-flags", &joined(flags, "flags"), &joined(flags, "flags_set")]);
        }
        words.given("-j", self.jump.as_deref());
        if self.jump.as_deref().is_some_and(|jump| jump.to_lowercase() == "tee") {
            words.given("--gateway", self.gateway.as_deref());
        }
        words.given("--log-prefix", self.log_prefix.as_deref());
        words.given("--log-level", self.log_level.as_deref());
        words.given("--to-destination", self.to_destination.as_deref());
        let ports = self.destination_ports.as_deref().unwrap_or_default();
        if !ports.is_empty() {
            self.module("multiport", &mut words);
            words.given("--dports", Some(&ports.join(",")));
        }
        words.given("--to-source", self.to_source.as_deref());
        words.given("-g", self.goto.as_deref());
        words.given("-i", self.in_interface.as_deref());
        words.given("-o", self.out_interface.as_deref());
        words.given("-f", self.fragment.as_deref());
        words.given("-c", self.set_counters.as_deref());
        words.given("--set-dscp", self.set_dscp_mark.as_deref());
        words.given("--set-dscp-class", self.set_dscp_mark_class.as_deref());
        let states = self.ctstate.as_deref().unwrap_or_default();
        if !states.is_empty() {
            if !self.matches.iter().flatten().any(|module| module == "state") {
                self.module("conntrack", &mut words);
                words.given("--ctstate", Some(&states.join(",")));
            } else {
                words.given("--state", Some(&states.join(",")));
            }
        }
        if self.src_range.is_some() || self.dst_range.is_some() {
            self.module("iprange", &mut words);
            words.given("--src-range", self.src_range.as_deref());
            words.given("--dst-range", self.dst_range.as_deref());
        }
        if let Some(set) = &self.match_set {
            self.module("set", &mut words);
            let flags = self.match_set_flags.as_deref().unwrap_or("src");
            let (not, set) = set.strip_prefix('!').map_or((false, set.as_str()), |set| (true, set));
            words.0.extend(not.then(|| "!".to_owned()));
            words.add(&["--match-set", set.trim(), flags]);
        }
        if self.limit.is_some() || self.limit_burst.is_some() {
            self.module("limit", &mut words);
            words.given("--limit", self.limit.as_deref());
            words.given("--limit-burst", self.limit_burst.as_deref());
        }
        if self.uid_owner.is_some() || self.gid_owner.is_some() {
            self.module("owner", &mut words);
            words.given("--uid-owner", self.uid_owner.as_deref());
            words.given("--gid-owner", self.gid_owner.as_deref());
        }
        words.given("--sport", self.source_port.as_deref());
        words.given("--dport", self.destination_port.as_deref());
        words.given("--to-ports", self.to_ports.as_deref());
        words.given("--reject-with", self.reject_with.as_deref());
        words.given("--icmp-type", self.icmp_type.as_deref());
        match self.syn.as_str() {
            "match" => words.add(&["--syn"]),
            "negate" => words.add(&["!", "--syn"]),
            _ => {}
        }
        if let Some(comment) = &self.comment {
            self.module("comment", &mut words);
            words.add(&["--comment", comment]);
        }
        words.0
    }

    /// A module that matches, unless it is asked for already.
    fn module(&self, name: &str, words: &mut Words) {
        if !self.matches.iter().flatten().any(|module| module == name) {
            words.add(&["-m", name]);
        }
    }
}

struct Words(Vec<String>);

impl Words {
    fn add(&mut self, words: &[&str]) {
        self.0.extend(words.iter().map(ToString::to_string));
    }

    /// A word and its value, where there is one; a value with `!` before means all others.
    fn given(&mut self, word: &str, value: Option<&str>) {
        let Some(value) = value else { return };
        match value.strip_prefix('!') {
            Some(rest) if word != "--log-prefix" => self.add(&["!", word, rest.trim()]),
            _ => self.add(&[word, value]),
        }
    }
}

fn joined(flags: &Map, key: &str) -> String {
    match flags.get(key) {
        Some(Data::List(items)) => {
            items.iter().filter_map(Data::as_str).collect::<Vec<_>>().join(",")
        }
        Some(Data::Str(text)) => text.clone(),
        _ => "NONE".into(),
    }
}
