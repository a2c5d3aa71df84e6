//! What is new since the check before, and what recovered.

use std::collections::HashMap;

use crate::drift::{Class, Item, Report, Verdict};

impl Report {
    /// Compares with earlier checks: by the one `before`, each item knows since when it is seen; what drifted at the one `told` and
    /// does no longer has recovered, and what was not seen then is new.
    ///
    /// Of a host that can't be reached now, nothing has recovered: nobody looked.
    pub fn follow(&mut self, before: Option<&Self>, told: Option<&Self>) {
        // Of what a rule let pass until it expired, the drift is new.
        let known: HashMap<_, i64> = before
            .iter()
            .flat_map(|before| before.items.iter().chain(&before.unseen))
            .map(|item| ((item.key(), item.class), item.since_ms))
            .collect();
        let taken = self.taken_ms;
        let since: Vec<i64> = self
            .items
            .iter()
            .map(|item| known.get(&(item.key(), item.class)).copied().unwrap_or(taken))
            .collect();
        for (item, since) in self.items.iter_mut().zip(since) {
            item.since_ms = since;
        }
        let lost = |name: &str| {
            let hosts = before.into_iter().flat_map(|before| &before.hosts);
            hosts.filter(|host| host.name == name).find_map(|host| host.lost_ms)
        };
        for host in &mut self.hosts {
            let since = host.unreachable.as_ref().map(|_| lost(&host.name).unwrap_or(taken));
            host.lost_ms = since;
        }
        let whole = !matches!(self.verdict(), Verdict::Failed | Verdict::Unreachable);
        let success = before.and_then(|before| before.success_ms);
        self.success_ms = if whole { Some(taken) } else { success };
        self.previous_ms = told.map(|told| told.taken_ms);
        let looked_at = |name: &str| {
            self.hosts.iter().any(|host| host.name == name && host.unreachable.is_none())
        };
        let seen = |report: Option<&Self>| -> Vec<Item> {
            let items = report.map(|report| report.items.iter().chain(&report.unseen).cloned());
            items.into_iter().flatten().collect()
        };
        // Where the code moved, the host is as it was left.
        let held = || self.items.iter().filter(|item| item.class != Class::Pending);
        let still = |item: &Item| held().any(|other| other.key() == item.key());
        let mut unseen = seen(before);
        unseen.retain(|item| !looked_at(&item.host));
        let mut recovered = seen(told);
        recovered
            .retain(|item| item.class == Class::Drift && looked_at(&item.host) && !still(item));
        (self.unseen, self.recovered) = (unseen, recovered);
    }
}

#[cfg(test)]
mod tests {
    use crate::drift::testing::{host, item};
    use crate::drift::{Class, Host, Item, Report};

    fn report(taken_ms: i64, items: Vec<Item>) -> Report {
        let hosts = vec![host("web1"), host("web2")];
        let mut report = Report { taken_ms, items, hosts, ..Report::default() };
        report.follow(None, None);
        report
    }

    #[test]
    fn items_are_as_old_as_the_first_check_that_saw_them() {
        let first = report(1, vec![item(Class::Drift, "web1", "/a", "mode")]);
        assert_eq!(first.items[0].since_ms, 1);
        let both = vec![
            item(Class::Drift, "web1", "/a", "mode"),
            item(Class::Drift, "web1", "/a", "owner"),
        ];
        let mut second = report(2, both);
        second.follow(Some(&first), Some(&first));
        let since: Vec<i64> = second.items.iter().map(|item| item.since_ms).collect();
        assert_eq!(since, [1, 2]);
        assert_eq!(second.previous_ms, Some(1));
        assert_eq!(second.news().items.len(), 1);
        assert_eq!(second.counts().new, 1);
    }

    #[test]
    fn drift_recovers_only_where_somebody_looked() {
        let drifted = |host| item(Class::Drift, host, "/a", "mode");
        let first = report(1, vec![drifted("web1"), drifted("web2")]);
        let mut second = report(2, Vec::new());
        second.hosts[1] = Host { unreachable: Some("down".into()), ..host("web2") };
        second.follow(Some(&first), Some(&first));
        assert_eq!(second.recovered.len(), 1);
        assert_eq!(second.success_ms, Some(1), "it did not see everything");
        assert_eq!(second.recovered[0].host, "web1");
        assert!(second.is_newly_lost(&second.hosts[1]) && !second.is_no_news());
        let mut still = report(3, Vec::new());
        still.hosts[1] = Host { unreachable: Some("down".into()), ..host("web2") };
        still.follow(Some(&second), Some(&second));
        assert!(still.is_no_news(), "it was told");
        assert_eq!(still.hosts[1].lost_ms, Some(2));
        let mut third = report(3, vec![drifted("web2")]);
        third.follow(Some(&second), Some(&second));
        assert_eq!(third.items[0].since_ms, 1, "nobody has forgotten it");
        assert!(third.recovered.is_empty());
    }

    #[test]
    fn what_nobody_was_told_of_stays_new() {
        let first = report(1, Vec::new());
        let mut second = report(2, vec![item(Class::Drift, "web1", "/a", "mode")]);
        second.follow(Some(&first), Some(&first));
        let mut third = report(3, vec![item(Class::Drift, "web1", "/a", "mode")]);
        third.follow(Some(&second), Some(&first));
        assert_eq!((third.items[0].since_ms, third.news().items.len()), (2, 1));
    }

    #[test]
    fn what_a_rule_let_pass_is_new_when_the_rule_expired() {
        let first = report(1, vec![item(Class::Ignored, "web1", "/a", "mode")]);
        let mut second = report(2, vec![item(Class::Drift, "web1", "/a", "mode")]);
        second.follow(Some(&first), Some(&first));
        assert_eq!(second.items[0].since_ms, 2);
        let mut third = report(3, vec![item(Class::Ignored, "web1", "/a", "mode")]);
        third.follow(Some(&second), Some(&second));
        assert!(third.recovered.is_empty(), "it is still there");
    }
}
