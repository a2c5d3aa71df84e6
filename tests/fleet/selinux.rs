//! SELinux contexts on a host that takes itself for one with SELinux. The kernel below the fleet has none, so a program stands
//! in for the policy; the contexts are real extended attributes of real files.

use xtask::fleet::host::Kind;

use crate::hosts::{Lent, lend};
use crate::project::Project;

/// What tells that the kernel has SELinux, a policy that labels everything alike, and what was labelled before.
const BEFORE: &str = r#"
mkdir -p /run/fs/selinux /run/fs/cgroup && echo 0 > /run/fs/selinux/enforce
mount --rbind /sys/fs/cgroup /run/fs/cgroup && mount --rbind /run/fs /sys/fs
cat > /usr/sbin/restorecon <<'END'
#!/usr/bin/python3
import os, sys
os.setxattr(sys.argv[-1], "security.selinux", b"system_u:object_r:default_t:s0\0", follow_symlinks=False)
END
chmod 755 /usr/sbin/restorecon
echo old > /etc/app.conf && chmod 644 /etc/app.conf
python3 -c 'import os
for path, kind in ("/", b"root_t"), ("/etc/app.conf", b"etc_t"):
    os.setxattr(path, "security.selinux", b"system_u:object_r:" + kind + b":s0\0")'
"#;

const TASKS: &str = r#"
- copy: {dest: /etc/app.conf, content: "new\n", owner: daemon, mode: '0600', setype: app_etc_t}
- copy: {dest: /srv/page, content: "one\n", force: false, setype: httpd_sys_content_t}
- lineinfile: {path: /srv/page, line: two}
- file: {path: /srv/plain, state: directory}
- file: {path: /srv/pages, state: directory, seuser: staff_u, setype: httpd_sys_content_t}
- file: {path: /srv/link, src: page, state: link}
"#;

fn label(host: &Lent, path: &str) -> String {
    let command =
        format!("python3 -c 'import os; print(os.getxattr(\"{path}\", \"security.selinux\"))'");
    let told = host.run(&command);
    told.trim().trim_start_matches("b'").trim_end_matches("\\x00'").to_owned()
}

#[test]
#[ignore = "needs hosts"]
fn contexts_are_planned_shown_and_set() {
    let [host] = lend([Kind::Python]);
    host.run(BEFORE);
    let project = Project::tasks(&[&host], TASKS);
    project
        .converge(&["plan", "-i", "test", "-o", "a.plan"])
        .run()
        .exits(2)
        .says("mode 0644 → 0600, owner root → daemon")
        .says("context system_u:object_r:etc_t:s0 → system_u:object_r:app_etc_t:s0")
        .says("-old")
        .says("context …:…:httpd_sys_content_t:…")
        .says("context staff_u:…:httpd_sys_content_t:…");
    let told = project.converge(&["apply", "a.plan"]).run().exits(0).out;
    let run = told.split("`converge show ").nth(1).and_then(|rest| rest.split('`').next()).unwrap();
    assert_eq!(label(&host, "/etc/app.conf"), "system_u:object_r:app_etc_t:s0");
    assert_eq!(host.access("/etc/app.conf"), "0600 daemon:root");
    assert_eq!(label(&host, "/srv/page"), "system_u:object_r:httpd_sys_content_t:s0");
    assert_eq!(host.text("/srv/page"), "one\ntwo\n");
    assert_eq!(label(&host, "/srv/plain"), "system_u:object_r:default_t:s0");
    assert_eq!(label(&host, "/srv/pages"), "staff_u:object_r:httpd_sys_content_t:s0");
    project.apply(&[]).exits(0).says("nothing changed");
    project.converge(&["revert", run, "--yes"]).run().exits(0);
    assert_eq!(label(&host, "/etc/app.conf"), "system_u:object_r:etc_t:s0");
    assert_eq!(host.access("/etc/app.conf"), "0644 root:root");
    assert_eq!(host.text("/etc/app.conf"), "old\n");
    assert!(!host.has("/srv/page") && !host.has("/srv/pages"));
}
