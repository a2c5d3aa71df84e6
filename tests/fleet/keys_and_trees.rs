//! Modules that are planned beside the controller, and folders that are made like others, over SSH.

use crate::hosts::{Lent, debian};
use crate::modules::Changes::{Never, Once};
use crate::modules::{Case, check, fails};
use crate::project::Project;

#[test]
#[ignore = "needs hosts"]
fn keys_and_certificates_are_made_on_the_host() {
    let host = debian();
    check(
        &host,
        &[
            Case(
                "- file: {path: /etc/tls, state: directory, mode: '0750'}\n- community.crypto.openssl_privatekey: {path: /etc/tls/ca.key, type: ECC, curve: secp384r1}",
                Once,
                "test $(stat -c %a /etc/tls/ca.key) = 600 && openssl pkey -in /etc/tls/ca.key -noout -check",
            ),
            Case(
                "- community.crypto.openssl_csr: {path: /etc/tls/ca.csr, privatekey_path: /etc/tls/ca.key, common_name: Authority, basic_constraints: ['CA:TRUE'], basic_constraints_critical: true}\n- community.crypto.x509_certificate: {path: /etc/tls/ca.pem, csr_path: /etc/tls/ca.csr, privatekey_path: /etc/tls/ca.key, provider: selfsigned}",
                Once,
                "openssl verify -CAfile /etc/tls/ca.pem /etc/tls/ca.pem",
            ),
            // All of it in one run, over what is only planned.
            Case(
                "- community.crypto.openssl_privatekey: {path: /etc/tls/web.key, size: 2048, group: deploy, mode: '0640'}\n- community.crypto.openssl_csr: {path: /etc/tls/web.csr, privatekey_path: /etc/tls/web.key, common_name: web.test}\n- community.crypto.x509_certificate: {path: /etc/tls/web.pem, csr_path: /etc/tls/web.csr, provider: ownca, ownca_path: /etc/tls/ca.pem, ownca_privatekey_path: /etc/tls/ca.key}",
                Once,
                "openssl verify -CAfile /etc/tls/ca.pem /etc/tls/web.pem && test \"$(stat -c '%a %G' /etc/tls/web.key)\" = '640 deploy' && openssl x509 -in /etc/tls/web.pem -noout -checkhost web.test",
            ),
            Case(
                "- community.crypto.openssh_keypair: {path: /root/.ssh/id_ed25519, type: ed25519, comment: backup}",
                Once,
                "ssh-keygen -lf /root/.ssh/id_ed25519.pub | grep -q backup",
            ),
            Case(
                "- community.crypto.openssl_privatekey: {path: /etc/tls/ca.key, type: ECC, curve: secp384r1}\n  become: true",
                Never,
                "true",
            ),
        ],
    );
    fails(
        &host,
        &[
            (
                "- community.crypto.openssl_csr: {path: /etc/tls/x.csr, privatekey_path: /etc/tls/none.key}",
                "there is no private key `/etc/tls/none.key`",
            ),
            (
                "- community.crypto.openssl_privatekey: {path: /etc/tls/web.key, size: 3072, regenerate: fail}",
                "though it is of another sort or size",
            ),
        ],
    );
}

#[test]
#[ignore = "needs hosts"]
fn folders_are_made_alike_and_packed() {
    let host: Lent = debian();
    host.run("mkdir -p /srv/site; echo old > /srv/site/old; echo keep > /srv/site/data.log");
    check(
        &host,
        &[
            Case(
                "- ansible.posix.synchronize: {src: folder/, dest: /srv/site, delete: true, rsync_opts: ['--exclude=*.log', '--chown=deploy:deploy', '--chmod=D755,F644']}",
                Once,
                "test \"$(cd /srv/site && find . -type f | sort | tr '\\n' ' ')\" = './a ./data.log ./deep/b ' && test $(stat -c %U /srv/site/deep/b) = deploy",
            ),
            Case(
                "- ansible.posix.synchronize: {src: /srv/site, dest: /srv/copy/, archive: true, rsync_opts: ['--mkpath']}\n  delegate_to: '{{ inventory_hostname }}'",
                Once,
                "diff -r /srv/site /srv/copy/site",
            ),
            Case(
                "- community.general.archive: {path: /srv/site, dest: /srv/site.tgz, mode: '0600'}",
                Once,
                "tar tzf /srv/site.tgz | grep -q site/deep/b && test $(stat -c %a /srv/site.tgz) = 600",
            ),
            Case(
                "- community.general.htpasswd: {path: /etc/web.users, name: ann, password: secret, hash_scheme: bcrypt, mode: '0640'}",
                Once,
                "grep -q '^ann:\\$2b\\$12\\$' /etc/web.users",
            ),
        ],
    );
    let project = Project::tasks(
        &[&host],
        "- ansible.posix.synchronize: {mode: pull, src: /srv/site/, dest: '{{ playbook_dir }}/brought', rsync_opts: ['--no-owner', '--no-group']}",
    );
    project.check(&[]).exits(2);
    project.apply(&[]).exits(0);
    let brought = project.folder().join("playbooks/brought");
    assert_eq!(std::fs::read_to_string(brought.join("deep/b")).unwrap(), "b\n");
    assert_eq!(std::fs::read_to_string(brought.join("data.log")).unwrap(), "keep\n");
    project.check(&[]).exits(0);
    // A long file goes over when it is missing, and not again.
    host.run("head -c 300000 /dev/urandom > /srv/site/long");
    project.apply(&[]).exits(0);
    assert_eq!(std::fs::metadata(brought.join("long")).unwrap().len(), 300_000);
    project.check(&[]).exits(0);
}
