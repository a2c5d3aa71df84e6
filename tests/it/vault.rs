//! `converge vault`, and runs whose variables are in a vault.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use crate::support::{Project, code, stderr, stdout};

const SECRET: &str = "hunter22-and-more";

fn project() -> Project {
    let project = Project::new(&[
        ("ansible.cfg", "[defaults]\nvault_password_file = password.txt\n"),
        ("password.txt", "open sesame\n"),
        ("other.txt", "another word\n"),
        ("inventory/group_vars/all.yml", &format!("password: {SECRET}\nport: 5432\n")),
        ("inventory/local", "here ansible_connection=local\n"),
    ]);
    let encrypted = project.converge("vault encrypt inventory/group_vars/all.yml");
    assert_eq!(code(&encrypted), 0, "{}", stderr(&encrypted));
    project
}

fn read(project: &Project, path: &str) -> String {
    fs::read_to_string(project.root().join(path)).unwrap()
}

#[test]
fn files_are_encrypted_viewed_rekeyed_and_decrypted() {
    let project = project();
    let file = "inventory/group_vars/all.yml";
    let clear = format!("password: {SECRET}\nport: 5432\n");
    assert!(read(&project, file).starts_with("$ANSIBLE_VAULT;1.1;AES256\n"));
    assert_eq!(stdout(&project.converge("vault view inventory/group_vars/all.yml")), clear);
    let twice = project.converge("vault encrypt inventory/group_vars/all.yml");
    assert!(stderr(&twice).contains("it is encrypted already"), "{}", stderr(&twice));
    let rekeyed =
        project.converge("vault rekey --new-vault-id prod@other.txt inventory/group_vars/all.yml");
    assert_eq!(code(&rekeyed), 0, "{}", stderr(&rekeyed));
    assert!(read(&project, file).starts_with("$ANSIBLE_VAULT;1.2;AES256;prod\n"));
    let wrong = project.converge("vault view inventory/group_vars/all.yml");
    assert_eq!(code(&wrong), 1);
    assert!(stderr(&wrong).contains("it is of the vault id `prod`"), "{}", stderr(&wrong));
    let decrypted =
        project.converge("vault decrypt --vault-id prod@other.txt inventory/group_vars/all.yml");
    assert_eq!(code(&decrypted), 0, "{}", stderr(&decrypted));
    assert_eq!(read(&project, file), clear);
}

#[test]
fn the_mode_of_a_file_stays_and_a_new_one_is_its_owners_only() {
    let project = project();
    let mode =
        |path: &str| fs::metadata(project.root().join(path)).unwrap().permissions().mode() & 0o777;
    let file = project.root().join("inventory/group_vars/all.yml");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
    assert_eq!(code(&project.converge("vault decrypt inventory/group_vars/all.yml")), 0);
    assert_eq!(mode("inventory/group_vars/all.yml"), 0o640);
    let line = "vault encrypt --output new.yml inventory/group_vars/all.yml";
    assert_eq!(code(&project.converge(line)), 0);
    assert_eq!(mode("new.yml"), 0o600);
}

#[test]
fn an_editor_sees_the_clear_text_and_nothing_of_it_stays() {
    let project = project();
    project.write("editor.sh", "#!/bin/sh\ngrep -q '^port' \"$1\" && echo 'more: 1' >> \"$1\"\n");
    let editor = project.root().join("editor.sh");
    fs::set_permissions(&editor, fs::Permissions::from_mode(0o755)).unwrap();
    let before = read(&project, "inventory/group_vars/all.yml");
    let edited = project.with_env(
        "EDITOR",
        &editor.display().to_string(),
        "vault edit inventory/group_vars/all.yml",
    );
    assert_eq!(code(&edited), 0, "{}", stderr(&edited));
    assert_ne!(read(&project, "inventory/group_vars/all.yml"), before);
    let view = stdout(&project.converge("vault view inventory/group_vars/all.yml"));
    assert!(view.ends_with("port: 5432\nmore: 1\n"), "{view}");
}

#[test]
fn what_is_in_a_vault_is_nowhere_to_be_read() {
    let project = project();
    let string = project.converge("vault encrypt-string --name token 'single-secret-value'");
    let token = stdout(&string);
    assert!(token.starts_with("token: !vault |\n          $ANSIBLE_VAULT;1.1;AES256\n"), "{token}");
    let target = project.home().join("conf");
    project.write(
        "playbooks/site.yml",
        &format!(
            "- hosts: all\n  gather_facts: false\n  vars:\n    {}  tasks:\n\
             \x20   - copy: {{dest: {}, content: \"p={{{{ password }}}} t={{{{ token }}}}\\n\", mode: '0600'}}\n\
             \x20   - debug: {{msg: \"{{{{ password }}}} {{{{ token }}}} {{{{ port }}}}\"}}\n\
             \x20   - command: echo {{{{ token }}}}\n\
             \x20   - fail: {{msg: \"no {{{{ password }}}}\"}}\n",
            token.replace("\n", "\n    ").trim_end_matches(' '),
            target.display()
        ),
    );
    let secrets = [SECRET, "single-secret-value", "open sesame"];
    let mut told = String::new();
    for line in [
        "-i local --check",
        "-i local --yes --diff -vvv",
        "-i local --yes --format json -v",
        "show last -v",
        "show last --json",
    ] {
        let output = project.converge(line);
        told.push_str(&stdout(&output));
        told.push_str(&stderr(&output));
    }
    assert_eq!(fs::read_to_string(&target).unwrap(), format!("p={SECRET} t=single-secret-value\n"));
    assert!(told.contains("p=••• t=•••"), "{told}");
    for secret in secrets {
        assert!(!told.contains(secret), "{secret} in {told}");
        let history = fs::read(project.history()).unwrap();
        let found = history.windows(secret.len()).any(|bytes| bytes == secret.as_bytes());
        assert!(!found, "{secret} in the history");
    }
}

#[test]
fn a_password_that_is_missing_or_wrong_stops_before_anything_runs() {
    let project = project();
    project.write(
        "playbooks/site.yml",
        "- hosts: all\n  gather_facts: false\n  tasks: [debug: {msg: \"{{ port }}\"}]\n",
    );
    project.write("ansible.cfg", "[defaults]\n");
    let locked = project.converge("-i local --check");
    assert_eq!(code(&locked), 1);
    let told = stderr(&locked);
    assert!(
        told.contains("group_vars/all.yml") && told.contains("--vault-password-file"),
        "{told}"
    );
    let wrong = project.converge("-i local --check --vault-password-file other.txt");
    assert!(stderr(&wrong).contains("no vault password fits"), "{}", stderr(&wrong));
    let right = project.with_env("ANSIBLE_VAULT_PASSWORD_FILE", "password.txt", "-i local --check");
    assert_eq!(code(&right), 0, "{}", stderr(&right));
}
