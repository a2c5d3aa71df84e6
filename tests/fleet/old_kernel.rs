//! Hosts with the system calls of Linux 3.10, which CentOS 7 has: everything newer answers that it does not exist.
//!
//! What is reached over SSH is a second sshd. It lets systemd run every command under a filter of seccomp(2), so that the helper
//! and all that it starts find `ENOSYS` where an old kernel has nothing. sshd itself and what systemd starts of its own are not
//! held back, as their versions need a newer kernel. New flags of old system calls are not covered.

use xtask::fleet::host::Kind;

use crate::hosts::{Lent, lend};
use crate::project::Project;

/// Every system call of x86_64 that came after 3.10, from `sched_setattr` (number 314) on. Those that the host's libseccomp has
/// not heard of can be named all the same.
const NEWER: &str = "\
    sched_setattr sched_getattr renameat2 seccomp getrandom memfd_create kexec_file_load bpf execveat userfaultfd membarrier \
    mlock2 copy_file_range preadv2 pwritev2 pkey_mprotect pkey_alloc pkey_free statx io_pgetevents rseq pidfd_send_signal \
    io_uring_setup io_uring_enter io_uring_register open_tree move_mount fsopen fsconfig fsmount fspick pidfd_open clone3 \
    close_range openat2 pidfd_getfd faccessat2 process_madvise epoll_pwait2 mount_setattr quotactl_fd \
    landlock_create_ruleset landlock_add_rule landlock_restrict_self memfd_secret process_mrelease futex_waitv \
    set_mempolicy_home_node cachestat fchmodat2 map_shadow_stack futex_wake futex_wait futex_requeue";

/// The filter holds: `statx` (332) and `getrandom` (318) answer error 38, and old `getpid` (39) does not.
const PROOF: &str = "- command: perl -e 'syscall(39) > 0 or exit 3; for (332, 318, 435) { syscall($_, 0, 0, 0, 0, 0) == -1 && $! == 38 or exit 4 }'
  changed_when: false";

const TASKS: &str = "
    - file: {path: /srv/old/deep/folder, state: directory, mode: '0750', owner: deploy}
    - copy: {force: false, content: \"one\\ntwo\\n\", dest: /srv/old/file, mode: '0640', backup: true}
    - copy: {src: large, dest: /srv/old/large}
    - template: {src: t.j2, dest: /srv/old/template}
    - lineinfile: {path: /srv/old/file, regexp: '^t(w)o', line: 'T\\1O', backrefs: true}
    - blockinfile: {path: /srv/old/file, block: three}
    - replace: {path: /srv/old/file, regexp: one, replace: eins}
    - copy: {src: /srv/old/file, dest: /srv/old/again, remote_src: true}
    - file: {src: file, dest: /srv/old/link, state: link}
    - file: {path: /srv/old/touched, state: touch, access_time: preserve, modification_time: preserve}
    - group: {name: old}
    - user: {name: old, group: old, groups: [deploy], shell: /bin/sh}
    - shell: umask > /srv/old/umask
      args: {creates: /srv/old/umask}
    - command: id -un
      become: true
      become_user: old
      changed_when: false
      register: who
    - assert: {that: who.stdout == 'old'}
    - apt: {update_cache: true, cache_valid_time: 3600}
      when: ansible_facts.os_family == 'Debian'
    - package: {name: tree, state: present}
    - systemd: {name: old-kernel, state: started}
    - wait_for: {port: 2222}
    - stat: {path: /srv/old/file}
      register: file
    - slurp: {src: /srv/old/file}
      register: text
    - assert: {that: [file.stat.size > 8, \"'eins' in (text.content | b64decode)\"]}";

/// Starts the sshd whose commands are held back.
fn hold_back(host: &Lent) {
    host.run(&format!(
        "cat > /usr/local/bin/old-kernel <<'END'\n#!/bin/sh\n\
         exec systemd-run --quiet --pipe --wait --collect --setenv=HOME=\"$HOME\" --property=WorkingDirectory=\"$HOME\" \
         --property='SystemCallFilter=~{NEWER}' --property=SystemCallErrorNumber=ENOSYS /bin/sh -c \"$SSH_ORIGINAL_COMMAND\"\n\
         END\n\
         chmod 755 /usr/local/bin/old-kernel"
    ));
    host.run(
        "systemd-run --quiet --unit=old-kernel /usr/sbin/sshd -D -p 2222 -o PidFile=none \
         -o ForceCommand=/usr/local/bin/old-kernel",
    );
    host.run("for _ in $(seq 100); do ss -Hltn sport = :2222 | grep -q . && exit; sleep 0.1; done; exit 1");
}

#[test]
#[ignore = "needs hosts"]
fn the_helper_needs_no_system_call_that_is_newer_than_3_10() {
    for host in lend([Kind::Debian, Kind::Centos]) {
        hold_back(&host);
        let project = Project::tasks(&[&host], PROOF);
        project.ssh_config(&host, &format!("Host *\n  Port 2222\n  HostKeyAlias {}", host.name));
        project.apply(&[]).exits(0);
        project.write("playbooks/files/large", "many words ".repeat(100_000));
        project.write(
            "playbooks/templates/t.j2",
            "{{ ansible_facts.distribution }} {{ inventory_hostname }}\\n",
        );
        let facts =
            crate::project::play(TASKS).replace("gather_facts: false", "gather_facts: true");
        project.write("playbooks/site.yml", facts);
        project.converges();
        assert_eq!(host.text("/srv/old/file").lines().take(2).collect::<Vec<_>>(), ["eins", "TwO"]);
    }
}
