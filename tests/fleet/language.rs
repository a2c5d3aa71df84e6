//! The language on real hosts: what runs where, in which order, and what it leaves.

use xtask::fleet::host::Kind;

use crate::hosts::{Lent, debian, lend};
use crate::plan::performed;
use crate::project::{Project, indent, play};

/// Leaves the time at which it ran, to the nanosecond.
fn stamp(name: &str) -> String {
    format!(
        "- shell: date +%s%N > /var/tmp/{name}; sleep 0.2\n  args: {{creates: /var/tmp/{name}}}\n"
    )
}

fn time(host: &Lent, name: &str) -> u64 {
    host.text(&format!("/var/tmp/{name}")).trim().parse().unwrap()
}

#[test]
#[ignore = "needs hosts"]
fn handlers_run_once_in_their_order_and_only_where_something_changed() {
    let host = debian();
    let log = |word: &str| format!("shell: echo {word} >> /var/tmp/log");
    let site = format!(
        "- hosts: all\n  gather_facts: false\n  pre_tasks:\n{}\n  tasks:\n{}\n  handlers:\n{}",
        indent("- copy: {dest: /etc/a, content: a}\n  notify: first", 4),
        indent(
            "
            - copy: {dest: /etc/b, content: b}
              notify: [second, first]
            - copy: {dest: /etc/c, content: c}
              notify: topic
            - copy: {dest: /etc/issue, content: ''}
              when: false
              notify: never
            ",
            4
        ),
        indent(
            &format!(
                "- name: first\n  {}\n- name: second\n  {}\n- name: third\n  listen: topic\n  {}\n- name: never\n  {}\n",
                log("first"),
                log("second"),
                log("third"),
                log("never")
            ),
            4
        )
    );
    let project = Project::new(&[&host], &[("playbooks/site.yml", &site)]);
    project.check(&[]).exits(2).says("handler first").never_says("handler never");
    assert!(host.touched().is_empty());
    project.apply(&[]).exits(0);
    assert_eq!(
        host.text("/var/tmp/log"),
        "first\nfirst\nsecond\nthird\n",
        "pre_tasks flush theirs"
    );
    host.run("rm /var/tmp/log");
    project.apply(&[]).exits(0).says("nothing changed");
    assert!(!host.has("/var/tmp/log"));
}

#[test]
#[ignore = "needs hosts"]
fn what_fails_leaves_its_handlers_alone_unless_forced() {
    let host = debian();
    let site = |forced: bool| {
        format!(
            "- hosts: all\n  gather_facts: false\n  force_handlers: {forced}\n  tasks:\n{}\n  handlers:\n    - name: told\n      copy: {{dest: /var/tmp/told, content: x}}\n",
            indent(
                "
                - copy: {dest: /etc/a, content: '{{ forced }}'}
                  notify: told
                - command: /bin/false
                - copy: {dest: /etc/never, content: x}
                ",
                4
            )
        )
    };
    let project = Project::new(&[&host], &[("playbooks/site.yml", &site(false))]);
    let ran = project.apply(&["-e", "forced=no"]).exits(1);
    assert!(ran.recap(&host.name).starts_with("ok=1 changed=1 unreachable=0 failed=1"), "{ran}");
    assert!(host.has("/etc/a") && !host.has("/var/tmp/told") && !host.has("/etc/never"));
    project.write("playbooks/site.yml", site(true));
    project.apply(&["-e", "forced=yes"]).exits(1);
    assert!(host.has("/var/tmp/told") && !host.has("/etc/never"));
}

#[test]
#[ignore = "needs hosts"]
fn hosts_meet_at_every_task_that_changes_something() {
    let hosts = lend([Kind::Debian, Kind::Debian, Kind::Centos]);
    let [one, two, three] = &hosts;
    let project = Project::tasks(&[one, two, three], &(stamp("first") + &stamp("second")));
    project.apply(&[]).exits(0);
    let firsts = hosts.iter().map(|host| time(host, "first")).max().unwrap();
    let seconds = hosts.iter().map(|host| time(host, "second")).min().unwrap();
    assert!(firsts < seconds, "the second task began before the first was over everywhere");
}

#[test]
#[ignore = "needs hosts"]
fn serial_batches_go_one_after_the_other() {
    let hosts = lend([Kind::Debian, Kind::Debian, Kind::Centos]);
    let [one, two, three] = &hosts;
    let site = play(&(stamp("first") + &stamp("second"))).replacen(
        "gather_facts",
        "serial: [1, 2]\n  gather_facts",
        1,
    );
    let project = Project::new(&[one, two, three], &[("playbooks/site.yml", &site)]);
    project.apply(&[]).exits(0);
    for later in [two, three] {
        assert!(time(one, "second") < time(later, "first"), "batches overlap");
    }
    assert!(
        time(two, "first").max(time(three, "first"))
            < time(two, "second").min(time(three, "second"))
    );
}

#[test]
#[ignore = "needs hosts"]
fn limit_tags_variables_and_start_at_narrow_a_run() {
    let [one, two] = lend([Kind::Debian, Kind::Centos]);
    let project = Project::tasks(
        &[&one, &two],
        "
        - name: the first
          copy: {dest: /var/tmp/first, content: '{{ word | default(\"none\") }}'}
          tags: [early, files]
        - name: the second
          copy: {dest: /var/tmp/second, content: x}
          tags: files
        - name: the third
          copy: {dest: /var/tmp/third, content: x}
        - name: always
          copy: {dest: /var/tmp/always, content: x}
          tags: always
        ",
    );
    let made = |host: &Lent| {
        let found = ["first", "second", "third", "always"]
            .map(|name| (name, host.has(&format!("/var/tmp/{name}"))));
        host.run("rm -f /var/tmp/first /var/tmp/second /var/tmp/third /var/tmp/always");
        found
            .into_iter()
            .filter(|(_, found)| *found)
            .map(|(name, _)| name)
            .collect::<Vec<_>>()
            .join(" ")
    };
    for (args, on_one, on_two) in [
        (&["-l", &one.name] as &[&str], "first second third always", ""),
        (&["-l", &format!("all:!{}", one.name)], "", "first second third always"),
        (&["-t", "early"], "first always", "first always"),
        (&["--tags", "files", "--skip-tags", "early"], "second always", "second always"),
        (&["--skip-tags", "always,files"], "third", "third"),
        (&["--start-at-task", "the third", "-l", &two.name], "", "third always"),
    ] {
        project.apply(args).exits(0);
        assert_eq!((made(&one), made(&two)), (on_one.to_owned(), on_two.to_owned()), "{args:?}");
    }
    project.write("vars.yml", "word: from a file\n");
    for (args, word) in [
        (["-e", "word=typed"], "typed"),
        (["-e", "{\"word\": \"json\"}"], "json"),
        (["-e", "@vars.yml"], "from a file"),
    ] {
        project.apply(&["-t", "early", "-l", &one.name]).exits(0);
        project.apply(&args).exits(0);
        assert_eq!(
            (one.text("/var/tmp/first"), two.text("/var/tmp/first")),
            (word.into(), word.into())
        );
    }
    let listed = project.converge(&["-i", "test", "--list-hosts"]).run().exits(0);
    assert!(listed.out.contains(&one.name) && listed.out.contains(&two.name), "{listed}");
    project
        .converge(&["-i", "test", "--list-tasks"])
        .run()
        .exits(0)
        .says("the second")
        .says("files");
    project.converge(&["-i", "test", "--list-tags"]).run().exits(0).says("early");
    project.converge(&["-i", "test", "--syntax-check"]).run().exits(0);
}

#[test]
#[ignore = "needs hosts"]
fn delegation_run_once_and_what_hosts_tell_each_other() {
    let [one, two] = lend([Kind::Debian, Kind::Centos]);
    let project = Project::tasks(
        &[&one, &two],
        &format!(
            "
            - copy: {{dest: '/var/tmp/about-{{{{ inventory_hostname }}}}', content: x}}
              delegate_to: {first}
            - command: cat /proc/sys/kernel/hostname
              changed_when: false
              register: told
            - copy:
                dest: /var/tmp/others
                content: \"{{% for host in ansible_play_hosts %}}{{{{ hostvars[host].told.stdout }}}} {{% endfor %}}\"
            - copy: {{dest: /var/tmp/once, content: '{{{{ inventory_hostname }}}}'}}
              run_once: true
            - copy: {{dest: '{{{{ folder }}}}/here', content: x}}
              delegate_to: localhost
              run_once: true
            ",
            first = one.name
        ),
    );
    let folder = format!("folder={}", project.home().display());
    project.check(&["-e", &folder]).exits(2);
    project.apply(&["-e", &folder]).exits(0);
    project.check(&["-e", &folder]).exits(0);
    for name in [&one.name, &two.name] {
        assert!(
            one.has(&format!("/var/tmp/about-{name}"))
                && !two.has(&format!("/var/tmp/about-{name}"))
        );
    }
    for host in [&one, &two] {
        assert_eq!(host.text("/var/tmp/others"), format!("{} {} ", one.name, two.name));
    }
    assert!(one.text("/var/tmp/once") == one.name && !two.has("/var/tmp/once"));
    assert!(project.home().join("here").exists());
}

#[test]
#[ignore = "needs hosts"]
fn blocks_rescue_and_always() {
    let [one, two] = lend([Kind::Debian, Kind::Centos]);
    let project = Project::tasks(
        &[&one, &two],
        &format!(
            "
        - block:
            - copy: {{dest: /srv/tried, content: x}}
            - shell: test $(cat /proc/sys/kernel/hostname) != {broken}
              changed_when: false
            - copy: {{dest: /srv/went-on, content: x}}
          rescue:
            - copy: {{dest: /srv/rescued, content: '{{{{ ansible_failed_result.rc }}}}'}}
          always:
            - copy: {{dest: /srv/always, content: x}}
        - command: /bin/false
          ignore_errors: true
        - copy: {{dest: /srv/after, content: x}}
        ",
            broken = one.name
        ),
    );
    let ran = project.apply(&[]).exits(0);
    assert_eq!(
        ran.recap(&one.name),
        "ok=5 changed=5 unreachable=0 failed=0 skipped=0 rescued=1 ignored=1",
        "{ran}"
    );
    assert_eq!(
        ran.recap(&two.name),
        "ok=6 changed=5 unreachable=0 failed=0 skipped=0 rescued=0 ignored=1",
        "{ran}"
    );
    assert_eq!(one.text("/srv/rescued"), "1");
    for (host, failed) in [(&one, true), (&two, false)] {
        assert!(host.has("/srv/tried") && host.has("/srv/always") && host.has("/srv/after"));
        assert_eq!((host.has("/srv/rescued"), host.has("/srv/went-on")), (failed, !failed));
    }
}

#[test]
#[ignore = "needs hosts"]
fn facts_are_those_of_the_host() {
    let hosts = lend([Kind::Debian, Kind::Centos]);
    let [one, two] = &hosts;
    let facts = "{{ ansible_distribution }} {{ ansible_os_family }} {{ ansible_pkg_mgr }} {{ ansible_service_mgr }} {{ ansible_hostname }} {{ ansible_default_ipv4.address }} {{ ansible_architecture }} {{ ansible_facts.distribution_major_version }}";
    let site = format!(
        "- hosts: all\n  tasks:\n    - copy: {{dest: /var/tmp/facts, content: '{facts}'}}\n      when: ansible_facts.kernel is defined\n"
    );
    let project = Project::new(&[one, two], &[("playbooks/site.yml", &site)]);
    project.converges();
    let machine = one.run("uname -m");
    let machine = machine.trim();
    assert_eq!(
        one.text("/var/tmp/facts"),
        format!("Debian Debian apt systemd {} {} {machine} 12", one.name, one.ipv4)
    );
    let wanted = ["CentOS", "RedHat"].join(" ");
    assert!(two.text("/var/tmp/facts").starts_with(&wanted), "{}", two.text("/var/tmp/facts"));
    assert!(
        two.text("/var/tmp/facts")
            .ends_with(&format!("systemd {} {} {machine} 7", two.name, two.ipv4))
    );
}

#[test]
#[ignore = "needs hosts"]
fn commands_that_change_nothing_run_while_planning_and_others_do_not() {
    let host = debian();
    let project = Project::tasks(
        &[&host],
        "
        - command: cat /etc/hostname
          changed_when: false
          register: name
        - copy: {dest: /etc/app.conf, content: 'I am {{ name.stdout }}'}
        - command: touch /var/tmp/ran
          register: unknown
        - copy: {dest: /etc/app.more, content: '{{ unknown.stdout }}'}
        - copy: {dest: /etc/app.when, content: x}
          when: unknown.rc == 0
        ",
    );
    let ran = project.check(&["--diff"]).exits(2);
    assert!(ran.out.contains(&format!("+I am {}", host.name)), "{ran}");
    let ran = ran.says("run `touch /var/tmp/ran`").says("? ").says("unknown");
    assert!(host.touched().is_empty() && !host.has("/var/tmp/ran"), "{ran}");
    let done = project.apply(&["--format", "json"]).exits(0).json();
    assert_eq!(performed(&done).len(), 4, "{done:#}");
    assert!(host.has("/var/tmp/ran") && host.has("/etc/app.more") && host.has("/etc/app.when"));
}
