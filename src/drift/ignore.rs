//! `drift-ignore.yml`: what may differ, why, and until when.
//!
//! A list of rules in the project's root. `resource` (a pattern) is what they are about; `attribute` and `host` (patterns, too) narrow
//! it. Each gives its `reason` and the day on which it `expires`: nothing is left alone for ever without somebody looking again.

use std::cell::Cell;
use std::sync::Arc;

use jiff::civil::Date;

use crate::diagnostic::{Diagnostic, nearest};
use crate::drift::{Class, Ignored, Item};
use crate::project::{Loader, glob};
use crate::source::Span;
use crate::yaml::{Kind, Node};

/// The name of the file, in the project's root.
pub const FILE: &str = "drift-ignore.yml";

/// The keys of a rule.
const KEYS: [&str; 5] = ["resource", "attribute", "host", "reason", "expires"];

/// All rules of a project.
#[derive(Debug, Default)]
pub struct Rules {
    rules: Vec<Rule>,
}

#[derive(Debug)]
struct Rule {
    resource: Arc<str>,
    attribute: Arc<str>,
    host: Arc<str>,
    reason: Arc<str>,
    expires: Date,
    at: Span,
    /// Whether it was about anything.
    used: Cell<bool>,
}

impl Rules {
    /// Reads the file of a project, if it has one, and tells what is wrong with it.
    pub fn load(loader: &Loader) -> (Self, Vec<Diagnostic>) {
        let path = loader.root().join(FILE);
        let mut told = Vec::new();
        if !loader.is_file(&path) {
            return (Self::default(), told);
        }
        let node = loader.yaml(&path, &mut told);
        let rules = node.map(|node| Self::read(&node, &mut told)).unwrap_or_default();
        (rules, told)
    }

    fn read(node: &Node, told: &mut Vec<Diagnostic>) -> Self {
        let items = match &node.kind {
            Kind::Null => &[],
            Kind::Seq(items) => &items[..],
            _ => {
                let wrong = format!("`{FILE}` must be a list of rules, not {}", node.describe());
                told.push(Diagnostic::error(wrong).at(&node.span, ""));
                &[]
            }
        };
        Self { rules: items.iter().filter_map(|item| rule(item, told)).collect() }
    }

    /// Marks what the rules of `today` let pass, and says which rules expired or are about nothing.
    pub fn apply(&self, items: &mut [Item], today: Date) -> Vec<String> {
        for item in items.iter_mut() {
            let mut about = self.rules.iter().filter(|rule| rule.is_about(item)).peekable();
            about.clone().for_each(|rule| rule.used.set(true));
            if let Some(rule) = about.find(|rule| rule.expires >= today)
                && matches!(item.class, Class::Drift | Class::Unknown)
            {
                item.class = Class::Ignored;
                item.ignored = Some(Ignored {
                    reason: rule.reason.to_string(),
                    until: rule.expires.to_string(),
                });
            }
        }
        let told = |rule: &Rule| {
            let what = match rule.used.get() {
                true if rule.expires < today => {
                    format!("the rule expired on {}; what it let pass alarms again", rule.expires)
                }
                false => format!("nothing differs that the rule for `{}` is about", rule.resource),
                true => return None,
            };
            Some(format!("{}: {what}", rule.at))
        };
        self.rules.iter().filter_map(told).collect()
    }
}

impl Rule {
    fn is_about(&self, item: &Item) -> bool {
        glob::matches(&self.resource, &item.resource)
            && glob::matches(&self.attribute, &item.attribute)
            && glob::matches(&self.host, &item.host)
    }
}

fn rule(node: &Node, told: &mut Vec<Diagnostic>) -> Option<Rule> {
    let before = told.len();
    let Some(entries) = node.as_map() else {
        let wrong = format!("a rule must be a mapping, not {}", node.describe());
        told.push(Diagnostic::error(wrong).at(&node.span, ""));
        return None;
    };
    for (key, value) in entries {
        let name = key.as_str().unwrap_or_default();
        if !KEYS.contains(&name) {
            let problem = Diagnostic::error(format!("unknown key `{name}`")).at(&key.span, "");
            told.push(match nearest(name, KEYS) {
                Some(known) => problem.help(format!("did you mean `{known}`?")),
                None => problem.help(format!("there are {}", KEYS.join(", "))),
            });
        } else if !matches!(value.kind, Kind::Str(..)) {
            let wrong = format!("`{name}` must be a string, not {}", value.describe());
            told.push(Diagnostic::error(wrong).at(&value.span, ""));
        }
    }
    let text = |name: &str| match node.get(name).map(|value| &value.kind) {
        Some(Kind::Str(text, _)) if !text.trim().is_empty() => Some(Arc::clone(text)),
        _ => None,
    };
    let mut needed = |name: &str| {
        let found = text(name);
        if found.is_none() && told.len() == before {
            told.push(Diagnostic::error(format!("a rule needs `{name}`")).at(&node.span, ""));
        }
        found
    };
    let (resource, reason) = (needed("resource"), needed("reason"));
    let expires = needed("expires");
    let any = |name: &str| text(name).unwrap_or_else(|| Arc::from("*"));
    let (attribute, host) = (any("attribute"), any("host"));
    let day = expires.map(|text| (text.trim().parse::<Date>(), text));
    if let (Some((Err(_), text)), Some(value)) = (&day, node.get("expires")) {
        let wrong = format!("`{text}` is no day");
        let problem = Diagnostic::error(wrong).at(&value.span, "");
        told.push(problem.help("the last day on which the rule holds, as in `2027-01-31`"));
    }
    if told.len() > before {
        return None;
    }
    let (Some(resource), Some(reason), Some((Ok(expires), _))) = (resource, reason, day) else {
        return None;
    };
    let at = node.span.clone();
    Some(Rule { resource, attribute, host, reason, expires, at, used: Cell::new(false) })
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::Rules;
    use crate::drift::testing::item;
    use crate::drift::{Class, Item};
    use crate::source::Source;
    use crate::yaml::parse;

    #[track_caller]
    fn rules(text: &str, wrong: &[&str]) -> Rules {
        let (node, problems) = parse(&Source::new("d.yml", text));
        assert!(problems.is_empty(), "{problems:?}");
        let mut told = Vec::new();
        let rules = node.map(|node| Rules::read(&node, &mut told)).unwrap_or_default();
        let told: Vec<String> = told.iter().map(ToString::to_string).collect();
        assert_eq!(told, wrong, "{text}");
        rules
    }

    fn two() -> Vec<Item> {
        vec![
            item(Class::Drift, "web1", "/etc/motd", "content"),
            item(Class::Drift, "db1", "/etc/motd", "mode"),
        ]
    }

    #[test]
    fn a_rule_holds_for_what_it_is_about_until_its_day_is_over() {
        let text = "- {resource: /etc/m*, attribute: content, host: web*, reason: by hand, expires: '2027-01-31'}\n";
        let mut items = two();
        let told = rules(text, &[]).apply(&mut items, date(2027, 1, 31));
        assert_eq!(told, [""; 0]);
        assert_eq!((items[0].class, items[1].class), (Class::Ignored, Class::Drift));
        let ignored = items[0].ignored.clone().unwrap_or_else(|| panic!("no reason"));
        assert_eq!((&*ignored.reason, &*ignored.until), ("by hand", "2027-01-31"));
        let mut items = two();
        let told = rules(text, &[]).apply(&mut items, date(2027, 2, 1));
        assert_eq!(items[0].class, Class::Drift);
        assert_eq!(
            told,
            ["d.yml:1:3: the rule expired on 2027-01-31; what it let pass alarms again"]
        );
    }

    #[test]
    fn a_rule_about_nothing_is_told_and_pending_things_are_not_let_pass() {
        let text = "- {resource: /srv/*, reason: r, expires: '2027-01-31'}\n- {resource: /x, reason: r, expires: '2027-01-31'}\n";
        let mut items = vec![item(Class::Pending, "a", "/x", "mode")];
        let told = rules(text, &[]).apply(&mut items, date(2026, 1, 1));
        assert_eq!(items[0].class, Class::Pending);
        assert_eq!(told, ["d.yml:1:3: nothing differs that the rule for `/srv/*` is about"]);
    }

    #[test]
    fn mistakes_are_told_where_they_are() {
        rules("a: b\n", &["d.yml:1:1: `drift-ignore.yml` must be a list of rules, not a mapping"]);
        rules(
            "- x\n- {resuorce: /x}\n- {resource: /x, reason: r}\n- {resource: /x, reason: r, expires: soon}\n- {resource: [], reason: r, expires: '2027-01-01'}\n",
            &[
                "d.yml:1:3: a rule must be a mapping, not a string",
                "d.yml:2:4: unknown key `resuorce`",
                "d.yml:3:3: a rule needs `expires`",
                "d.yml:4:38: `soon` is no day",
                "d.yml:5:14: `resource` must be a string, not a list",
            ],
        );
    }
}
