//! The same project by converge and by ansible-core on twins: what it leaves on the hosts is the same.

use std::process::Command;

use xtask::fleet::host::Kind;
use xtask::fleet::upper::{Noise, upper_diff};
use xtask::reference::Reference;

use crate::hosts::lend;
use crate::project::Project;

/// Files, links, modes, owners, users, groups and units in many forms.
const TASKS: &str = r#"
- group: name=crew gid=2200
- group: name=ops gid=2201 system=true
- user: name=ada uid=2200 group=crew groups=ops shell=/bin/bash comment="Ada L." create_home=true
- user: name=bob uid=2202 create_home=false home=/srv/bob
- user: name=svc uid=2203 system=true shell=/usr/sbin/nologin password="!"
- user: name=ada groups=sudo append=true
- user: name=deploy state=absent remove=true
- group: name=games state=absent
  ignore_errors: true
- user: name=backup home=/srv/deep/backup
- user: name=games home=/srv/games create_home=false
- file: path=/srv/tree/a/b state=directory mode=0750 owner=ada group=crew
- file: path=/srv/tree state=directory recurse=true owner=ada
- file: path=/srv/touched state=touch mode=u=rw,g=r,o= access_time=preserve modification_time=preserve
- file: path=/srv/link src=tree/a state=link
- file: path=/srv/hard src=/srv/touched state=hard
- file: path=/srv/dangling src=/srv/nothing state=link force=true
- file: path=/etc/motd state=absent
- copy: src=folder dest=/srv/whole mode=0640 directory_mode=0751
- copy: src=folder/ dest=/srv/contents
- copy: src=folder/one dest=/srv/tree/ owner=ada mode=preserve
- copy:
    dest: /srv/content
    content: "{{ {'a': [1, 2]} | to_json }}"
- copy: src=/etc/hostname dest=/srv/remote remote_src=true mode="a=r"
- template: src=t.j2 dest=/srv/templated mode=0604
- lineinfile: path=/etc/login.defs regexp='^UMASK' line='UMASK 027'
- lineinfile: path=/srv/lines line=first create=true mode=0600
- lineinfile: path=/srv/lines line=zeroth insertbefore=BOF
- lineinfile: path=/srv/lines line=last insertafter=EOF
- lineinfile: path=/srv/lines regexp='^(f)irst' line='\1ound' backrefs=true
- lineinfile: path=/srv/lines regexp='^last' state=absent
- copy:
    dest: /etc/systemd/system/twin.service
    content: "[Service]\nExecStart=/bin/sleep 1000\n[Install]\nWantedBy=multi-user.target\n"
    mode: "0644"
- systemd: name=twin.service enabled=true state=started daemon_reload=true
- service: name=ssh enabled=true state=restarted
- systemd: name=fstrim.timer masked=false
- command: touch made creates=/srv/made chdir=/srv
- shell: echo "$WORD" > /srv/shell; umask >> /srv/shell
  environment: {WORD: from the environment}
- command: rm /srv/made removes=/srv/made
- package: {update_cache: true}
- apt: {name: tree, update_cache: true, install_recommends: false}
"#;

#[test]
#[ignore = "needs hosts"]
fn twins_are_left_alike_by_converge_and_by_ansible() {
    let reference = Reference::ansible("test").unwrap();
    let [own, theirs] = lend([Kind::Debian, Kind::Python]);
    let project = Project::tasks(&[&own], TASKS);
    for (path, text) in [("one", "1\n"), ("two words", "2\n"), ("sub/three", "3\n")] {
        project.write(&format!("playbooks/files/folder/{path}"), text);
    }
    project.write("playbooks/templates/t.j2", "{% if true %}\n  {{ ansible_managed | default('x') | length > 0 }}\n{% endif %}\n{{ 'end' }}\n");
    project.converge(&["-i", "test", "--yes"]).run().exits(0);
    project.write("inventory/test", format!("{} ansible_host={}\n", theirs.name, theirs.ipv4));
    let output = Command::new(reference.program("ansible-playbook"))
        .args(["-i", "inventory/test", "playbooks/site.yml"])
        .current_dir(project.folder())
        .env_clear()
        .envs([("HOME", project.home()), ("ANSIBLE_LOCAL_TEMP", project.home().join("tmp"))])
        .env(
            "PATH",
            std::env::join_paths([reference.bin(), "/usr/bin".into(), "/bin".into()]).unwrap(),
        )
        .env("LANG", "C.UTF-8")
        .env("ANSIBLE_SSH_ARGS", format!("-F {}", project.home().join(".ssh/config").display()))
        .env("ANSIBLE_PIPELINING", "1")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    // Their names and machine ids differ, and only one of them has Python.
    let noise = Noise::default()
        .and("root/.cache")
        .and("srv/remote")
        .and("usr/lib/python3")
        .and("var/lib/dpkg/status")
        .and("etc/shadow");
    let differences = upper_diff(&own, &theirs, &noise).unwrap();
    let told: Vec<String> = differences.iter().map(ToString::to_string).collect();
    assert_eq!(told, [""; 0]);
    // The days of the last change of a password are those of today on both.
    let shadow = |host: &crate::hosts::Lent| {
        host.run("getent shadow ada bob svc; getent gshadow crew ops 2>/dev/null || true")
    };
    assert_eq!(shadow(&own), shadow(&theirs));
    assert_eq!(
        own.run("id ada; id bob; id svc; getent group sudo"),
        theirs.run("id ada; id bob; id svc; getent group sudo")
    );
    let packages = "dpkg-query -Wf '${Package} ${Version} ${db:Status-Abbrev}\\n' tree";
    assert_eq!(own.run(packages), theirs.run(packages));
    let units = "systemctl is-enabled twin ssh; systemctl is-active twin ssh";
    assert_eq!(own.run(units), theirs.run(units));
}
