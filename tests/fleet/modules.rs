//! Modules with their states: what each leaves on the host, and that it leaves it alone the second time.

use crate::hosts::Lent;
use crate::modules::Changes::{Always, Never, Once};
use crate::project::{Project, play};

/// A task, whether it changes something on a host where it was not run, and a command that holds afterwards.
pub(crate) struct Case(pub(crate) &'static str, pub(crate) Changes, pub(crate) &'static str);

#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Changes {
    /// The first time only.
    Once,
    /// Each time: it says so itself.
    Always,
    /// Never.
    Never,
}

/// Runs the cases one after the other on a host, which each finds as the one before left it.
#[track_caller]
pub(crate) fn check(host: &Lent, cases: &[Case]) {
    let project = Project::tasks(&[host], "");
    project.write("playbooks/files/src.txt", "from the controller\n");
    project.write("playbooks/files/folder/a", "a\n");
    project.write("playbooks/files/folder/deep/b", "b\n");
    project.write("playbooks/templates/t.j2", "port={{ port }}\n");
    project.write("playbooks/vars/more.yml", "port: 99\n");
    for Case(task, changes, holds) in cases {
        project.write("playbooks/site.yml", play(task));
        let plan = if *changes == Never { 0 } else { 2 };
        let ran = project.check(&[]).exits(plan);
        drop(ran);
        let ran = project.apply(&[]).exits(0);
        assert!(host.succeeds(holds), "`{holds}` does not hold after {task}: {ran}");
        let left = if *changes == Always { 2 } else { 0 };
        project.check(&[]).exits(left);
    }
}

/// One test on a Debian host and one on a CentOS-like one.
macro_rules! on_both_kinds {
    ($name:ident) => {
        mod $name {
            #[test]
            #[ignore = "needs hosts"]
            fn on_debian() {
                super::$name(&crate::hosts::debian());
            }

            #[test]
            #[ignore = "needs hosts"]
            fn on_centos() {
                super::$name(&crate::hosts::centos());
            }
        }
    };
}

/// Tasks that fail, and what they say. Nothing is changed.
#[track_caller]
pub(crate) fn fails(host: &Lent, cases: &[(&str, &str)]) {
    let project = Project::tasks(&[host], "");
    let before = host.done();
    for (task, says) in cases {
        project.write("playbooks/site.yml", play(task));
        project.apply(&[]).exits(1).says(says);
        assert_eq!(host.done(), before, "{task}");
    }
}

on_both_kinds!(files);

fn files(host: &Lent) {
    host.run("mkdir -p /srv/full/deep; echo x > /srv/full/deep/file; echo keep > /srv/kept; ln -s /srv/kept /srv/old");
    check(
        host,
        &[
            Case(
                "- file: {path: /srv/d/e, state: directory, mode: '0700', owner: deploy}",
                Once,
                "test \"$(stat -c '%a %U' /srv/d/e)\" = '700 deploy' && test \"$(stat -c '%a %U' /srv/d)\" = '700 deploy'",
            ),
            Case(
                "- file: {path: /srv/d/e, mode: 'u+x,g=rx,o-rwx'}",
                Once,
                "test $(stat -c %a /srv/d/e) = 750",
            ),
            Case(
                "- file: {path: /srv/kept, mode: '0600', state: file}",
                Once,
                "test $(stat -c %a /srv/kept) = 600 && grep keep /srv/kept",
            ),
            Case(
                "- file: {path: /srv/old, src: /srv/d, state: link}",
                Once,
                "test $(readlink /srv/old) = /srv/d",
            ),
            Case(
                "- file: {path: /srv/twin, src: /srv/kept, state: hard}",
                Once,
                "test /srv/twin -ef /srv/kept",
            ),
            Case("- file: {path: /srv/touch, state: touch}", Always, "test -f /srv/touch"),
            Case(
                "- file: {path: /srv/touch, state: touch, modification_time: preserve, access_time: preserve}",
                Never,
                "test -f /srv/touch",
            ),
            Case("- file: {path: /srv/full, state: absent}", Once, "! test -e /srv/full"),
            Case("- file: {path: /srv/none, state: absent}", Never, "! test -e /srv/none"),
        ],
    );
    fails(
        host,
        &[
            ("- file: {path: /srv/none, state: file}", "/srv/none"),
            ("- file: {path: /srv/kept, state: directory}", "/srv/kept"),
            ("- file: {path: /srv/kept, owner: no-such-user}", "no-such-user"),
            ("- file: {path: /srv/l, src: /srv/nowhere, state: link}", "/srv/nowhere"),
        ],
    );
}

on_both_kinds!(copies_templates_and_lines);

fn copies_templates_and_lines(host: &Lent) {
    host.run("printf 'a=1\\nb=2\\n#c=3\\n' > /srv/conf; mkdir /srv/dir; echo theirs > /srv/theirs");
    check(
        host,
        &[
            Case(
                "- copy: {src: src.txt, dest: /srv/new, mode: '0640', group: deploy}",
                Once,
                "grep -qx 'from the controller' /srv/new && test \"$(stat -c '%a %G' /srv/new)\" = '640 deploy'",
            ),
            Case("- copy: {src: src.txt, dest: /srv/dir/}", Once, "test -f /srv/dir/src.txt"),
            Case("- copy: {src: folder, dest: /srv}", Once, "test $(cat /srv/folder/deep/b) = b"),
            Case("- copy: {src: folder/, dest: /srv/flat}", Once, "test $(cat /srv/flat/a) = a"),
            Case(
                "- copy: {src: src.txt, dest: /srv/theirs, force: false}",
                Never,
                "grep -qx theirs /srv/theirs",
            ),
            Case(
                "- copy: {src: src.txt, dest: /srv/theirs, backup: true}",
                Once,
                "grep -qx theirs /srv/theirs.*~",
            ),
            Case(
                "- copy: {src: /srv/conf, dest: /srv/conf2, remote_src: true}",
                Once,
                "cmp /srv/conf /srv/conf2",
            ),
            Case(
                "- copy: {content: \"%sudo ALL\\n\", dest: /srv/sudoers, validate: 'grep -q ALL %s'}",
                Once,
                "grep -q ALL /srv/sudoers",
            ),
            Case(
                "- template: {src: t.j2, dest: /srv/t, mode: '0600'}\n  vars: {port: 80}",
                Once,
                "grep -qx port=80 /srv/t",
            ),
            Case(
                "- lineinfile: {path: /srv/conf, regexp: '^b=', line: b=3}",
                Once,
                "test \"$(sed -n 2p /srv/conf)\" = b=3",
            ),
            Case(
                "- lineinfile: {path: /srv/conf, regexp: '^#?c=', line: c=4}",
                Once,
                "test \"$(tail -n 1 /srv/conf)\" = c=4",
            ),
            Case(
                "- lineinfile: {path: /srv/conf, line: ab=1, insertafter: '^a='}",
                Once,
                "test \"$(sed -n 2p /srv/conf)\" = ab=1",
            ),
            Case(
                "- lineinfile: {path: /srv/conf, line: top, insertbefore: BOF}",
                Once,
                "test \"$(head -n 1 /srv/conf)\" = top",
            ),
            Case(
                "- lineinfile: {path: /srv/conf, regexp: '^top', state: absent}",
                Once,
                "! grep -q top /srv/conf",
            ),
            Case(
                "- lineinfile: {path: /srv/made, line: x, create: true}",
                Once,
                "test \"$(cat /srv/made)\" = x",
            ),
        ],
    );
    fails(
        host,
        &[
            ("- copy: {content: bad, dest: /srv/sudoers, validate: 'grep -q ALL %s'}", "validate"),
            ("- lineinfile: {path: /srv/none, line: x}", "/srv/none"),
            ("- copy: {content: x, dest: /srv/none/x}", "/srv/none"),
        ],
    );
}

on_both_kinds!(commands);

fn commands(host: &Lent) {
    let asserted = |task: &'static str, changes| Case(task, changes, "true");
    check(
        host,
        &[
            Case(
                "- command: touch /srv/made\n  args: {creates: /srv/made}",
                Once,
                "test -f /srv/made",
            ),
            Case(
                "- command: rm /srv/made\n  args: {removes: /srv/made}",
                Once,
                "! test -e /srv/made",
            ),
            Case(
                "- command: {argv: [touch, '/srv/with blank'], creates: /srv/with blank}",
                Once,
                "test -f '/srv/with blank'",
            ),
            Case(
                "- command: {cmd: touch here, chdir: /srv, creates: here}",
                Once,
                "test -f /srv/here",
            ),
            Case(
                "- command: {cmd: tee /srv/typed, stdin: some text, creates: /srv/typed}",
                Once,
                "grep -qx 'some text' /srv/typed",
            ),
            Case(
                "- shell: echo $((1 + 1)) | tee /srv/sum\n  args: {creates: /srv/sum}",
                Once,
                "test $(cat /srv/sum) = 2",
            ),
            Case(
                "- shell: '[[ a == a ]] && touch /srv/bash'\n  args: {executable: /bin/bash, creates: /srv/bash}",
                Once,
                "test -f /srv/bash",
            ),
            Case(
                "- command: env\n  environment: {WORD: spoken}\n  changed_when: false\n  register: out\n  failed_when: \"'WORD=spoken' not in out.stdout_lines\"",
                Never,
                "true",
            ),
            Case(
                "- command: /bin/false\n  register: out\n  failed_when: out.rc != 1\n  changed_when: false",
                Never,
                "true",
            ),
            Case("- raw: echo raw > /srv/raw", Always, "test $(cat /srv/raw) = raw"),
            asserted("- command: /bin/true", Always),
            asserted("- command: /bin/true\n  changed_when: false", Never),
            asserted(
                "- shell: |\n    printf 'one\\ntwo'; printf err >&2\n  changed_when: false\n  register: out\n- assert: {that: [\"out.stdout_lines == ['one', 'two']\", out.stderr == 'err', out.rc == 0, out.start is string, out.delta is string]}",
                Never,
            ),
        ],
    );
    let project = Project::tasks(&[host], "- command: sh -c 'echo out; echo why >&2; exit 7'");
    project.apply(&[]).exits(1).says("why").says("rc").says("7");
    project.write("playbooks/site.yml", play("- command: /no/such/program"));
    project.apply(&[]).exits(1).says("/no/such/program");
}

on_both_kinds!(accounts);

fn accounts(host: &Lent) {
    check(
        host,
        &[
            Case("- group: {name: crew, gid: 3000}", Once, "getent group crew | grep -q :3000:"),
            Case("- group: {name: crew, gid: 3001}", Once, "getent group crew | grep -q :3001:"),
            Case(
                "- group: {name: sys1, system: true}",
                Once,
                "test $(getent group sys1 | cut -d: -f3) -lt 1000",
            ),
            Case(
                "- user: {name: ada, uid: 3000, group: crew, shell: /bin/bash, comment: Ada}",
                Once,
                "test \"$(getent passwd ada)\" = 'ada:x:3000:3001:Ada:/home/ada:/bin/bash' && test -d /home/ada",
            ),
            Case(
                "- user: {name: ada, groups: [sys1], append: true}",
                Once,
                "id -nG ada | grep -qw sys1",
            ),
            Case("- user: {name: ada, groups: []}", Once, "! id -nG ada | grep -qw sys1"),
            Case(
                "- user: {name: ada, password: '$6$salt$IxDD3jeSOb5eB1CX5LBsqZFVkJdido3OUILO5Ifz5iwMuTS4XMS130MTSuDDl3aCI6WouIL9AjRbLCelDCy.g.'}",
                Once,
                "getent shadow ada | grep -qF '$6$salt$'",
            ),
            Case(
                "- user: {name: ada, password: '$6$other$x', update_password: on_create}",
                Never,
                "getent shadow ada | grep -qF '$6$salt$'",
            ),
            Case(
                "- user: {name: ada, shell: /bin/sh, home: /srv/ada, move_home: true}",
                Once,
                "test -d /srv/ada && ! test -e /home/ada",
            ),
            Case(
                "- user: {name: ada, expires: 1893456000}",
                Once,
                "test $(getent shadow ada | cut -d: -f8) = 21915",
            ),
            Case(
                "- user: {name: svc, system: true, create_home: false, shell: /usr/sbin/nologin}",
                Once,
                "test $(id -u svc) -lt 1000 && ! test -e /home/svc",
            ),
            Case(
                "- user: {name: ada, state: absent, remove: true}",
                Once,
                "! id ada && ! test -e /srv/ada",
            ),
            Case("- user: {name: svc, state: absent}", Once, "! id svc"),
            Case("- group: {name: crew, state: absent}", Once, "! getent group crew"),
            Case("- group: {name: nothing, state: absent}", Never, "true"),
        ],
    );
    fails(
        host,
        &[
            ("- user: {name: x, group: no-such-group}", "no-such-group"),
            ("- user: {name: x, uid: 0}", "0"),
        ],
    );
}

on_both_kinds!(services);

fn services(host: &Lent) {
    host.run("printf '[Service]\\nExecStart=/bin/sleep 1000\\nExecReload=/bin/touch /srv/reloaded\\n[Install]\\nWantedBy=multi-user.target\\n' > /etc/systemd/system/one.service; systemctl daemon-reload");
    check(
        host,
        &[
            Case(
                "- service: {name: one, state: started}",
                Once,
                "systemctl is-active one && ! systemctl is-enabled one",
            ),
            Case("- service: {name: one, enabled: true}", Once, "systemctl is-enabled one"),
            Case(
                "- systemd: {name: one.service, state: restarted}",
                Always,
                "systemctl is-active one",
            ),
            Case("- systemd: {name: one, state: reloaded}", Always, "test -f /srv/reloaded"),
            Case(
                "- systemd: {name: one, state: stopped, enabled: false}",
                Once,
                "! systemctl is-active one && ! systemctl is-enabled one",
            ),
            Case(
                "- systemd: {name: fstrim.timer, masked: false}",
                Once,
                "! test -e /etc/systemd/system/fstrim.timer",
            ),
            Case(
                "- systemd: {name: fstrim.timer, masked: true}",
                Once,
                "test $(readlink /etc/systemd/system/fstrim.timer) = /dev/null",
            ),
            Case("- systemd: {daemon_reload: true}", Never, "true"),
        ],
    );
    fails(
        host,
        &[
            ("- service: {name: no-such-unit, state: started}", "no-such-unit"),
            ("- systemd: {name: no-such-unit, enabled: true}", "no-such-unit"),
        ],
    );
}

on_both_kinds!(what_only_looks);

fn what_only_looks(host: &Lent) {
    host.run("echo 12345 > /srv/file; chmod 640 /srv/file; ln -s file /srv/link");
    check(
        host,
        &[
            Case("- ping:\n  register: out\n- assert: {that: out.ping == 'pong'}", Never, "true"),
            Case(
                "- stat: {path: /srv/file}\n  register: out\n- assert: {that: [out.stat.exists, out.stat.size == 6, out.stat.mode == '0640', out.stat.isreg, out.stat.pw_name == 'root', out.stat.checksum == '0e4e84f3f3ab3f6b5cc3b5a3e2e7c4c7b8b0ab5c' or out.stat.checksum | length == 40]}",
                Never,
                "true",
            ),
            Case(
                "- stat: {path: /srv/link}\n  register: out\n- assert: {that: [out.stat.islnk, out.stat.lnk_source == '/srv/file']}",
                Never,
                "true",
            ),
            Case(
                "- stat: {path: /srv/none}\n  register: out\n- assert: {that: not out.stat.exists}",
                Never,
                "true",
            ),
            Case(
                "- setup: {gather_subset: '!all', filter: ansible_distribution*}\n  register: out\n- assert: {that: [ansible_distribution | length > 0, \"'ansible_memtotal_mb' not in out.ansible_facts\"]}",
                Never,
                "true",
            ),
            Case(
                "- set_fact: {word: said}\n- debug: {var: word}\n- assert: {that: word == 'said'}",
                Never,
                "true",
            ),
            Case(
                "- include_vars: vars/more.yml\n- assert: {that: port == 99, success_msg: ok}",
                Never,
                "true",
            ),
            Case("- wait_for: {port: 22, timeout: 5}", Never, "true"),
            Case("- wait_for: {path: /srv/file, search_regex: '^1', timeout: 5}", Never, "true"),
            Case("- meta: flush_handlers\n- meta: noop", Never, "true"),
        ],
    );
    fails(
        host,
        &[
            ("- wait_for: {port: 1, timeout: 1, msg: nobody is there}", "nobody is there"),
            ("- fail: {msg: on purpose}", "on purpose"),
            ("- assert: {that: 1 == 2, fail_msg: not so}", "not so"),
            ("- include_vars: vars/none.yml", "none.yml"),
        ],
    );
}
