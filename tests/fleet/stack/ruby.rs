//! A Ruby that rbenv builds from its source, which takes minutes: `cargo xtask test --slow`.

use std::time::Duration;

use xtask::fleet::host::Kind;

use crate::hosts::lend;
use crate::stack::outside::Site;

/// Another user than the one whose Ruby is fetched as an archive, in a project of its own.
const PLAY: &str = "
- hosts: all
  tasks:
    - user: {name: builder, shell: /bin/bash}
    - include_role: {name: rbenv}
      vars:
        rbenv_user: builder
        rbenv_version: VERSION-mirrored
        rbenv_build_revision: REVISION
        rbenv_mirror: MIRROR
        rbenv_archive: ''
        rbenv_environment: {RUBY_CONFIGURE_OPTS: --disable-install-doc, MAKE_OPTS: -j2}
";

#[test]
#[ignore = "needs hosts, and minutes"]
fn stack_ruby_is_built_which_takes_minutes() {
    let [host, outside] = lend([Kind::Debian, Kind::Debian]);
    let groups = format!("all: {{hosts: {{{}: {{ansible_host: '{}'}}}}}}", host.name, host.ipv6);
    let site = Site::new(&outside, &groups);
    let (mirror, version, revision) = site.world.mirror().unwrap();
    let play = [("MIRROR", &mirror), ("VERSION", &version), ("REVISION", &revision)];
    let play = play.iter().fold(PLAY.to_owned(), |play, (word, text)| play.replace(word, text));
    let playbook = site.project.write("playbooks/site.yml", play).display().to_string();
    site.run_within(&playbook, &["--yes"], Duration::from_secs(2400)).exits(0).says("failed=0");
    site.run(&playbook, &["--check"]).exits(0).says("No changes.");
    let said = "runuser -l builder -c 'ruby -e \"require %q(openssl); print RUBY_VERSION\"; rbenv version-name; which bundle'";
    let expected = format!("{version}{version}-mirrored\n/home/builder/.rbenv/shims/bundle\n");
    assert_eq!(host.run(said), expected);
}
