//! The inventories and playbooks that are shipped: staging and prod differ in data only, and everything in them can be read.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::support::{Project, code, stderr, stdout};

const HERE: &str = env!("CARGO_MANIFEST_DIR");

/// The groups of an inventory, and the names of the variables that hosts of each have.
fn shape(project: &Project, inventory: &str) -> BTreeMap<String, BTreeSet<String>> {
    let password = project.root().join("password");
    let line =
        format!("inventory -i {inventory} --list --vault-id {inventory}@{}", password.display());
    project.write("password", &format!("example-{inventory}\n"));
    let output = project.converge_in(HERE, &line);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let listed: Value = serde_json::from_str(&stdout(&output)).unwrap();
    let mut groups = BTreeMap::new();
    for (group, members) in listed.as_object().unwrap() {
        let names: BTreeSet<String> = members["hosts"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|host| listed["_meta"]["hostvars"][host.as_str()?].as_object())
            .flat_map(|variables| variables.keys().cloned())
            .collect();
        groups.insert(group.clone(), names);
    }
    groups
}

#[test]
fn staging_and_prod_differ_in_data_only() {
    let project = Project::new(&[]);
    let (staging, prod) = (shape(&project, "staging"), shape(&project, "prod"));
    assert!(staging["redis"].contains("redis_password") && staging.contains_key("monitoring"));
    assert_eq!(staging, prod);
}

#[test]
fn secrets_open_with_the_password_that_is_told_and_with_no_other() {
    let project = Project::new(&[]);
    for environment in ["staging", "prod"] {
        let file = format!("inventory/{environment}/group_vars/all/vault.yml");
        let path = project.root().join("password");
        let view = || {
            let line = format!("vault view --vault-id {environment}@{} {file}", path.display());
            project.converge_in(HERE, &line)
        };
        project.write("password", &format!("example-{environment}\n"));
        let seen = view();
        assert!(stdout(&seen).starts_with("vault_"), "{}", stderr(&seen));
        project.write("password", "another\n");
        assert_ne!(code(&view()), 0);
    }
}

#[test]
fn every_playbook_can_be_read_with_both() {
    let project = Project::new(&[]);
    let playbooks =
        ["site.yml", "chillout.yml", "upgrade.yml", "promote-replica.yml", "restore.yml"];
    for playbook in playbooks {
        for inventory in ["staging", "prod"] {
            let output =
                project.converge_in(HERE, &format!("{playbook} -i {inventory} --list-tasks"));
            assert_eq!(code(&output), 0, "{playbook} {inventory}: {}", stderr(&output));
            assert!(stdout(&output).contains("play #1"), "{}", stdout(&output));
        }
    }
}
