//! Hosts and groups, and how groups hold each other.

use std::path::PathBuf;
use std::sync::Arc;

use indexmap::{IndexMap, IndexSet};

use crate::source::Span;
use crate::yaml::{Kind, Node};

/// The group that every host is in.
pub const ALL: &str = "all";
/// The group of the hosts that are in no other.
pub const UNGROUPED: &str = "ungrouped";
/// Names that mean the controller itself where no inventory has them.
pub const LOCALHOST: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// Hosts and groups. Names keep the order in which the inventory gives them.
#[derive(Clone, Debug)]
pub struct Inventory {
    pub(super) groups: IndexMap<Arc<str>, Group>,
    pub(super) hosts: IndexMap<Arc<str>, Host>,
    /// The folders that may have `group_vars` and `host_vars`: those of the sources, in order.
    pub(super) folders: Vec<PathBuf>,
}

/// A group of hosts.
#[derive(Clone, Debug)]
pub struct Group {
    /// Its name.
    pub name: Arc<str>,
    /// Hosts that are in it by name, not by a child.
    pub hosts: IndexSet<Arc<str>>,
    /// Groups in it.
    pub children: IndexSet<Arc<str>>,
    /// Groups it is in.
    pub parents: IndexSet<Arc<str>>,
    /// Its variables in the inventory itself.
    pub vars: Vars,
    /// How many groups it is inside of, at most: variables of deeper groups win.
    pub depth: usize,
    /// `ansible_group_priority`: of two groups of the same depth the higher one wins.
    pub priority: i64,
}

/// A managed machine.
#[derive(Clone, Debug)]
pub struct Host {
    /// Its name in the inventory, which may differ from its address.
    pub name: Arc<str>,
    /// Groups that name it.
    pub groups: IndexSet<Arc<str>>,
    /// Its variables in the inventory itself.
    pub vars: Vars,
    /// Where the inventory names it first; nothing for a host of the command line.
    pub at: Option<Span>,
    /// The inventory file that named it first.
    pub file: Option<PathBuf>,
    /// Whether it is the controller, which no inventory has to name.
    pub implicit: bool,
}

/// Variables by name, with the place of the name.
pub type Vars = IndexMap<Arc<str>, (Span, Node)>;

/// Why a group can't be put into another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Loop {
    /// It is the group itself.
    Itself,
    /// The other is already somewhere inside it.
    Inside,
}

impl Inventory {
    /// One with the groups `all` and `ungrouped` only.
    pub fn new() -> Self {
        let mut inventory =
            Self { groups: IndexMap::new(), hosts: IndexMap::new(), folders: Vec::new() };
        inventory.add_group(ALL);
        inventory.add_group(UNGROUPED);
        // Two known groups: this can't be a loop.
        let _ = inventory.add_child(ALL, UNGROUPED);
        inventory
    }

    /// A host by its name.
    pub fn host(&self, name: &str) -> Option<&Host> {
        self.hosts.get(name)
    }

    /// A group by its name.
    pub fn group(&self, name: &str) -> Option<&Group> {
        self.groups.get(name)
    }

    /// Every host, in the order of the inventory's text.
    pub fn hosts(&self) -> impl Iterator<Item = &Host> {
        self.hosts.values()
    }

    /// Every group, in the order of the inventory's text, after `all` and `ungrouped`.
    pub fn groups(&self) -> impl Iterator<Item = &Group> {
        self.groups.values()
    }

    /// The hosts in a group and in the groups inside it, in Ansible's order: those of nearer groups first.
    pub fn hosts_in(&self, group: &str) -> IndexSet<Arc<str>> {
        let mut found = IndexSet::new();
        for name in self.inside(group) {
            found.extend(self.groups[&name].hosts.iter().cloned());
        }
        found
    }

    /// The groups a host is in, directly or not, without `all`: the order in which their variables override each other.
    pub fn groups_of(&self, host: &str) -> Vec<&Group> {
        let mut names: IndexSet<&Arc<str>> =
            self.hosts.get(host).into_iter().flat_map(|host| &host.groups).collect();
        let mut at = 0;
        while at < names.len() {
            let parents: Vec<&Arc<str>> = self.groups[names[at]].parents.iter().collect();
            names.extend(parents);
            at += 1;
        }
        let mut groups: Vec<&Group> = names.into_iter().map(|name| &self.groups[name]).collect();
        groups.retain(|group| &*group.name != ALL);
        groups.sort_by(|left, right| {
            (left.depth, left.priority, &left.name).cmp(&(right.depth, right.priority, &right.name))
        });
        groups
    }

    /// Adds a group unless it is there.
    pub fn add_group(&mut self, name: &str) -> &mut Group {
        self.groups.entry(Arc::from(name)).or_insert_with_key(|name| Group {
            name: Arc::clone(name),
            hosts: IndexSet::new(),
            children: IndexSet::new(),
            parents: IndexSet::new(),
            vars: Vars::new(),
            depth: 0,
            priority: 1,
        })
    }

    /// Adds a host to a group; both are made unless they are there.
    pub fn add_host(&mut self, name: &str, group: &str) -> &mut Host {
        let name: Arc<str> = Arc::from(name);
        let group = self.add_group(group);
        group.hosts.insert(Arc::clone(&name));
        let group = Arc::clone(&group.name);
        let host = self.hosts.entry(name).or_insert_with_key(|name| Host {
            name: Arc::clone(name),
            groups: IndexSet::new(),
            vars: Vars::new(),
            at: None,
            file: None,
            implicit: false,
        });
        host.groups.insert(group);
        host
    }

    /// Puts a group into another; both are made unless they are there.
    ///
    /// # Errors
    /// The parent is the child, or is inside it.
    pub fn add_child(&mut self, parent: &str, child: &str) -> Result<(), Loop> {
        if parent == child {
            return Err(Loop::Itself);
        }
        let parent = Arc::clone(&self.add_group(parent).name);
        let child = Arc::clone(&self.add_group(child).name);
        if self.inside(&child).contains(&parent) {
            return Err(Loop::Inside);
        }
        if self.groups[&parent].children.contains(&child) {
            return Ok(());
        }
        self.groups[&parent].children.insert(Arc::clone(&child));
        self.groups[&child].parents.insert(Arc::clone(&parent));
        self.deepen(&child, self.groups[&parent].depth + 1);
        Ok(())
    }

    /// Sets a variable of a group.
    pub(super) fn set_group_var(&mut self, group: &str, name: &str, at: Span, value: Node) {
        let group = self.add_group(group);
        if name == "ansible_group_priority" {
            match &value.kind {
                Kind::Int(priority) => group.priority = *priority,
                Kind::Str(text, _) => group.priority = text.parse().unwrap_or(group.priority),
                _ => {}
            }
            return;
        }
        group.vars.insert(Arc::from(name), (at, value));
    }

    /// Once all is read: every group is below `all`, and a host is in `ungrouped` if and only if it is in no other group.
    pub(super) fn settle(&mut self) {
        let orphans: Vec<Arc<str>> = self
            .groups
            .values()
            .filter(|group| group.parents.is_empty() && &*group.name != ALL)
            .map(|group| Arc::clone(&group.name))
            .collect();
        for name in orphans {
            // A group without parents can't hold `all`: reading refused that.
            let _ = self.add_child(ALL, &name);
        }
        for (name, host) in &mut self.hosts {
            let grouped = host.groups.iter().any(|group| &**group != ALL && &**group != UNGROUPED);
            if grouped {
                host.groups.shift_remove(UNGROUPED);
                self.groups[UNGROUPED].hosts.shift_remove(name);
            } else {
                host.groups.insert(Arc::from(UNGROUPED));
                self.groups[UNGROUPED].hosts.insert(Arc::clone(name));
            }
        }
    }

    /// A group and those inside it, nearer ones first.
    pub(super) fn inside(&self, group: &str) -> IndexSet<Arc<str>> {
        let mut found: IndexSet<Arc<str>> =
            self.groups.get(group).map(|group| Arc::clone(&group.name)).into_iter().collect();
        let mut at = 0;
        while at < found.len() {
            found.extend(self.groups[&found[at]].children.clone());
            at += 1;
        }
        found
    }

    fn deepen(&mut self, group: &Arc<str>, depth: usize) {
        let mut waiting = vec![(Arc::clone(group), depth)];
        while let Some((name, depth)) = waiting.pop() {
            let group = &mut self.groups[&name];
            if depth > group.depth {
                group.depth = depth;
                waiting.extend(group.children.iter().map(|child| (Arc::clone(child), depth + 1)));
            }
        }
    }
}

impl Default for Inventory {
    fn default() -> Self {
        Self::new()
    }
}

impl Host {
    /// The controller itself, under one of the names in [`LOCALHOST`]: in no group, reached without SSH.
    pub fn implicit(name: &str) -> Self {
        Self {
            name: Arc::from(name),
            groups: IndexSet::new(),
            vars: Vars::new(),
            at: None,
            file: None,
            implicit: true,
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::{Inventory, Loop};

    fn names<'a>(names: impl IntoIterator<Item = &'a std::sync::Arc<str>>) -> String {
        names.into_iter().map(|name| &**name).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn hosts_come_in_ansibles_order() {
        let mut inventory = Inventory::new();
        inventory.add_host("lone", "ungrouped");
        for host in ["web1", "web2"] {
            inventory.add_host(host, "web");
        }
        for host in ["db1", "web2"] {
            inventory.add_host(host, "db");
        }
        inventory.add_child("prod", "web").unwrap();
        inventory.add_child("prod", "db").unwrap();
        inventory.add_host("db1", "east");
        inventory.settle();
        assert_eq!(names(&inventory.hosts_in("all")), "lone db1 web1 web2");
        assert_eq!(names(&inventory.hosts_in("prod")), "web1 web2 db1");
    }

    #[test]
    fn deeper_groups_come_later() {
        let mut inventory = Inventory::new();
        inventory.add_host("h", "a");
        inventory.add_host("h", "b");
        inventory.add_child("c", "b").unwrap();
        inventory.add_child("d", "c").unwrap();
        inventory.settle();
        let order: Vec<_> =
            inventory.groups_of("h").iter().map(|group| (&*group.name, group.depth)).collect();
        assert_eq!(order, [("a", 1), ("d", 1), ("c", 2), ("b", 3)]);
        inventory.add_group("a").priority = 10;
        let order: Vec<_> = inventory.groups_of("h").iter().map(|group| &*group.name).collect();
        assert_eq!(order, ["d", "a", "c", "b"]);
    }

    #[test]
    fn loops_are_refused() {
        let mut inventory = Inventory::new();
        inventory.add_child("a", "b").unwrap();
        inventory.add_child("b", "c").unwrap();
        assert_eq!(inventory.add_child("c", "a"), Err(Loop::Inside));
        assert_eq!(inventory.add_child("a", "a"), Err(Loop::Itself));
    }

    #[test]
    fn ungrouped_is_exactly_the_rest() {
        let mut inventory = Inventory::new();
        inventory.add_host("h1", "all");
        inventory.add_host("h2", "ungrouped");
        inventory.add_host("h3", "ungrouped");
        inventory.add_host("h3", "web");
        inventory.settle();
        assert_eq!(names(&inventory.group("ungrouped").unwrap().hosts), "h2 h1");
        assert_eq!(names(&inventory.host("h3").unwrap().groups), "web");
    }
}
