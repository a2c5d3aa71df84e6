//! Whole playbooks, in memory.

use std::path::Path;
use std::sync::Arc;

use crate::diagnostic::Diagnostic;
use crate::playbook::{
    FreeForm, Include, LoopKind, ModuleInfo, Modules, Playbook, Reader, RoleNames, TagFilter,
    Target, Task, TaskItem, find_start,
};
use crate::project::{Loader, Memory};
use crate::yaml::Kind;

struct Known;

const NAMES: [&str; 12] = [
    "debug",
    "copy",
    "file",
    "command",
    "shell",
    "service",
    "meta",
    "set_fact",
    "include_vars",
    "apt",
    "user",
    "fail",
];

impl Modules for Known {
    fn find(&self, name: &str) -> Option<ModuleInfo> {
        let short = name.strip_prefix("ansible.builtin.").unwrap_or(name);
        let name = NAMES.iter().find(|known| **known == short)?;
        let free_form = match *name {
            "command" | "shell" => FreeForm::Command,
            "meta" | "set_fact" | "include_vars" => FreeForm::Text,
            _ => FreeForm::None,
        };
        Some(ModuleInfo { name: Arc::from(*name), free_form })
    }

    fn names(&self) -> Vec<&str> {
        NAMES.to_vec()
    }

    fn is_lookup(&self, name: &str) -> bool {
        self.lookups().contains(&name)
    }

    fn lookups(&self) -> Vec<&str> {
        vec!["items", "dict", "first_found"]
    }
}

fn reader(files: &[(&str, &str)]) -> Reader {
    let files = files.iter().map(|(path, text)| (format!("/p/{path}"), text));
    Reader::new(
        Arc::new(Loader::over("/p", Memory::new(files))),
        Arc::new(Known),
        vec!["/p/lib".into()],
    )
}

fn told(diagnostics: &[Diagnostic]) -> Vec<String> {
    let line = |diagnostic: &Diagnostic| {
        let help = diagnostic.help.first().map(|help| format!(" ({help})")).unwrap_or_default();
        format!("{diagnostic}{help}")
    };
    diagnostics.iter().map(line).collect()
}

/// Reads `site.yml`, which must be without mistakes.
fn read(files: &[(&str, &str)]) -> Playbook {
    let (playbook, diagnostics) = reader(files).read(Path::new("/p/site.yml"));
    assert_eq!(told(&diagnostics), [""; 0]);
    playbook
}

/// What is told about `site.yml`.
fn mistakes(files: &[(&str, &str)]) -> Vec<String> {
    told(&reader(files).read(Path::new("/p/site.yml")).1)
}

/// What is told about the tasks of a play, their places without the name of the file.
fn task_mistakes(tasks: &str) -> Vec<String> {
    let told = mistakes(&[("site.yml", &format!("- hosts: all\n  tasks:\n{tasks}"))]);
    told.into_iter().map(|line| line.replace("site.yml:", "")).collect()
}

/// The only task of a play.
fn task(text: &str) -> Arc<Task> {
    let playbook = read(&[("site.yml", &format!("- hosts: all\n  tasks:\n{text}"))]);
    match &playbook.plays[0].tasks[..] {
        [TaskItem::Task(task)] => Arc::clone(task),
        other => panic!("{other:?}"),
    }
}

/// Arguments as `name=value`, the free text under `_`, the template under `*`.
fn args(task: &Task) -> String {
    let args = &task.action.args;
    let text = |node: &crate::yaml::Node| {
        node.as_str().map_or_else(|| node.span.text().to_owned(), str::to_owned)
    };
    let named = args
        .named
        .iter()
        .map(|argument| format!("{}={}", argument.name.value, text(&argument.value)));
    let free = args.free.iter().map(|node| format!("_={}", text(node)));
    let whole = args.whole.iter().map(|node| format!("*={}", text(node)));
    named.chain(free).chain(whole).collect::<Vec<_>>().join(" ")
}

fn check_args(text: &str, expected: &str) {
    assert_eq!(args(&task(&format!("    - {text}\n"))), expected, "{text}");
}

fn list(playbook: &Playbook) -> Vec<String> {
    let plays = playbook.plays.iter().flat_map(|play| play.list_tasks(&TagFilter::default()));
    plays
        .map(|task| {
            format!("{} {:?}", task.title, task.tags.iter().collect::<Vec<_>>()).replace('"', "")
        })
        .collect()
}

#[test]
fn arguments_in_every_form() {
    check_args("copy: src=a dest=\"b c\"", "src=a dest=b c");
    check_args("{copy: {src: a}, args: {dest: b, src: c}}", "src=a dest=b");
    check_args(
        "{command: echo hi chdir=/a, args: {chdir: /b, creates: /x}}",
        "chdir=/a creates=/x _=echo hi",
    );
    check_args("action: copy src=a dest=b", "src=a dest=b");
    check_args("action: {module: copy src=a, dest: b}", "src=a dest=b");
    check_args("local_action: command echo a=b", "_=echo a=b");
    check_args("debug:", "");
    check_args("{command: echo hi, args: '{{ x }}'}", "_=echo hi *={{ x }}");
    check_args("copy: \"{{ x }}\"", "*={{ x }}");
    check_args("command: \"{{ x }}\"", "_={{ x }}");
    check_args("meta: flush_handlers", "_=flush_handlers");
    check_args("ansible.builtin.shell: {cmd: echo, chdir: /x}", "cmd=echo chdir=/x");
    check_args("action: \"{{ manager }} name=x\"", "name=x");
    assert_eq!(task("    - action: \"{{ manager }} name=x\"\n").action.module, None);
    let local = task("    - local_action: copy src=a\n      delegate_to: other\n");
    assert_eq!(local.scope.nearest(|own| &own.delegate_to).unwrap().as_str(), Some("localhost"));
}

#[test]
fn arguments_of_a_line_have_places() {
    let task = task("    - copy: src=a\n        dest=b\n      when: x\n");
    let dest = &task.action.args.named[1];
    assert_eq!(dest.name.span.to_string(), "site.yml:4:9");
    assert_eq!(
        (dest.value.span.to_string(), dest.value.span.text()),
        ("site.yml:4:14".into(), "b")
    );
}

#[test]
fn a_task_with_everything() {
    let task = task(
        "    - name: all\n      debug: msg=x\n      when: [a, b == 1]\n      register: r\n      loop: [1]\n      loop_control: {loop_var: i, label: l}\n      \
         changed_when: false\n      until: r is success\n      retries: 3\n      delay: 1\n      notify: []\n      tags: a, b\n      become: yes\n      \
         vars: {v: 1}\n      environment: {A: b}\n      no_log: \"{{ x }}\"\n      async: 10\n      poll: 0\n",
    );
    assert_eq!(task.scope.when().len(), 2);
    assert_eq!(&*task.register.as_ref().unwrap().value, "r");
    let found = task.r#loop.as_ref().unwrap();
    assert_eq!(
        (&found.kind, found.control.loop_var.as_ref().unwrap().as_str()),
        (&LoopKind::Loop, Some("i"))
    );
    assert_eq!(task.changed_when.as_ref().unwrap()[0].kind, Kind::Bool(false));
    let tags: Vec<_> =
        task.scope.tags().iter().map(|tag| format!("{} {}", tag.span, tag.value)).collect();
    assert_eq!(tags, ["site.yml:14:13 a", "site.yml:14:16 b"]);
    assert_eq!(task.scope.nearest(|own| &own.r#become).unwrap().kind, Kind::Bool(true));
}

#[test]
fn what_is_inherited() {
    let playbook = read(&[(
        "site.yml",
        "- hosts: all\n  become: true\n  tags: play\n  vars: {a: 1}\n  environment: {X: 1}\n  tasks:\n    - block:\n        - debug:\n          \
         when: inner\n          tags: task\n          become_user: u\n          environment: {X: 2}\n          vars: {a: 3}\n      when: outer\n      \
         become: false\n      vars: {a: 2}\n      rescue:\n        - debug:\n",
    )]);
    let TaskItem::Block(block) = &playbook.plays[0].tasks[0] else { panic!() };
    let TaskItem::Task(task) = &block.block[0] else { panic!() };
    let texts = |nodes: Vec<&crate::yaml::Node>| {
        nodes.iter().map(|node| node.span.text().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(texts(task.scope.when()), ["outer", "inner"]);
    assert_eq!(task.scope.nearest(|own| &own.r#become).unwrap().kind, Kind::Bool(false));
    assert_eq!(texts(task.scope.every(|own| &own.environment)), ["{X: 1}", "{X: 2}"]);
    let vars: Vec<_> =
        task.scope.vars().iter().map(|var| var.value.span.text().to_owned()).collect();
    assert_eq!(vars, ["1", "2", "3"]);
    assert_eq!(
        task.scope.tags().iter().map(|tag| &*tag.value).collect::<Vec<_>>(),
        ["task", "play"]
    );
}

const ROLES: [(&str, &str); 8] = [
    (
        "roles/r1/tasks/main.yml",
        "- name: r1 task\n  debug: msg=x\n  notify: h\n- import_tasks: sub.yml\n  tags: subtag\n- include_tasks: sub.yml\n",
    ),
    ("roles/r1/tasks/sub.yml", "- debug: msg=sub\n"),
    ("roles/r1/handlers/main.yml", "- name: h\n  debug: msg=r1\n"),
    ("roles/r1/meta/main.yml", "dependencies:\n  - role: dep\n    q: 1\n    tags: deptag\n"),
    ("roles/r1/defaults/main.yml", "d: 1\n"),
    ("roles/r2/meta/main.yml", "dependencies: [dep]\n"),
    ("roles/r2/tasks/main.yml", "- name: r2 task\n  debug: msg=r2\n"),
    ("roles/dep/tasks/main.yaml", "- name: dep task\n  debug: msg=dep\n"),
];

fn with_roles(site: &'static str) -> Vec<(&'static str, &'static str)> {
    ROLES.into_iter().chain([("site.yml", site)]).collect()
}

/// The list is what `ansible-playbook --list-tasks` printed for the same files.
#[test]
fn roles_as_ansible_lists_them() {
    let playbook = read(&with_roles(
        "- hosts: localhost\n  tags: playtag\n  roles:\n    - {role: r1, p: 5, tags: [a, b], when: true}\n    - r2\n    - r1\n  pre_tasks:\n    - debug: msg=pre\n      \
         notify: h\n  tasks:\n    - block:\n        - command: echo {{ 'a b' }}\n          tags: never\n        - shell: echo\n      rescue: [{debug: {msg: r}}]\n      \
         tags: blk\n  post_tasks:\n    - name: post\n      action: debug msg=x\n  handlers:\n    - name: h\n      debug: msg=play\n",
    ));
    assert_eq!(
        list(&playbook),
        [
            "debug [playtag]",
            "dep : dep task [a, b, deptag, playtag]",
            "r1 : r1 task [a, b, playtag]",
            "debug [a, b, playtag, subtag]",
            "include_tasks [a, b, playtag]",
            "dep : dep task [playtag]",
            "r2 : r2 task [playtag]",
            "dep : dep task [deptag, playtag]",
            "r1 : r1 task [playtag]",
            "debug [playtag, subtag]",
            "include_tasks [playtag]",
            "shell [blk, playtag]",
            "post [playtag]",
        ]
    );
    let handlers = &playbook.plays[0].handlers;
    let files = handlers.iter().map(|item| match item {
        TaskItem::Task(task) => task.file.display().to_string(),
        other => panic!("{other:?}"),
    });
    let files: Vec<_> = files.collect();
    assert_eq!(
        files.last().unwrap(),
        "/p/site.yml",
        "the play's own handlers come last, so that they win"
    );
}

#[test]
fn a_role_knows_its_variables_and_dependants() {
    let playbook =
        read(&with_roles("- hosts: all\n  roles:\n    - {role: r1, p: 5, vars: {v: 6}}\n"));
    let runs = playbook.plays[0].role_runs();
    let [dep, r1] = &runs[..] else { panic!() };
    assert_eq!((&*dep.role.name, &*r1.role.name), ("dep", "r1"));
    assert_eq!(r1.role.params.iter().map(|var| &*var.name.value).collect::<Vec<_>>(), ["p"]);
    assert_eq!(r1.role.defaults[0].name.span.to_string(), "roles/r1/defaults/main.yml:1:1");
    assert_eq!(r1.scope.own.vars[0].value.kind, Kind::Int(6));
    assert_eq!(dep.role.parents[0].name, r1.role.name);
}

/// As ansible-core was seen to leave them out: `become`, `environment` and the like make no difference.
#[test]
fn the_same_role_twice() {
    let playbook = read(&with_roles(
        "- hosts: all\n  roles:\n    - {role: dep, tags: x}\n    - {role: dep, tags: y}\n    - {role: dep, when: true}\n    - {role: dep, vars: {a: 1}}\n    \
         - {role: dep, become: false}\n    - {role: dep, environment: {A: b}}\n    - dep\n",
    ));
    let runs = playbook.plays[0].role_runs();
    let identities: std::collections::BTreeSet<_> =
        runs.iter().map(|run| &run.role.identity).collect();
    assert_eq!((runs.len(), identities.len()), (7, 5));
    assert!(runs.iter().all(|run| !run.allow_duplicates));
}

#[test]
fn imported_playbooks_add_to_their_plays() {
    let playbook = read(&[
        (
            "site.yml",
            "- import_playbook: sub/b.yml\n  vars: {a: outer}\n  tags: imp\n  when: a is defined\n- hosts: x\n",
        ),
        ("sub/b.yml", "- hosts: web\n  vars: {a: inner}\n  tasks:\n    - debug:\n"),
    ]);
    let play = &playbook.plays[0];
    assert_eq!(&*play.folder, Path::new("/p/sub"));
    assert_eq!(list(&playbook), ["debug [imp]"]);
    let TaskItem::Task(task) = &play.tasks[0] else { panic!() };
    assert_eq!(task.scope.when()[0].as_str(), Some("a is defined"));
    assert_eq!(
        task.scope.vars().last().unwrap().value.as_str(),
        Some("outer"),
        "as in ansible-core"
    );
}

fn includes(items: &[TaskItem]) -> Vec<Arc<Include>> {
    let found = items.iter().filter_map(|item| match item {
        TaskItem::Include(include) => Some(Arc::clone(include)),
        _ => None,
    });
    found.collect()
}

#[test]
fn includes_are_read_late() {
    let files = with_roles(
        "- hosts: all\n  tags: play\n  tasks:\n    - block:\n        - include_tasks: {file: \"{{ f }}.yml\", apply: {tags: ap, become: true}}\n          \
         tags: own\n          when: own\n          vars: {v: 1}\n      when: blk\n    - include_role: {name: \"{{ r }}\", tasks_from: sub}\n",
    );
    let files: Vec<_> = files.into_iter().chain([("late.yml", "- debug:\n  tags: in\n")]).collect();
    let reader = reader(&files);
    let (playbook, diagnostics) = reader.read(Path::new("/p/site.yml"));
    assert_eq!(told(&diagnostics), [""; 0]);
    let tasks = &playbook.plays[0].tasks;
    let TaskItem::Block(block) = &tasks[0] else { panic!() };
    let (items, diagnostics) = reader.include_tasks(&includes(&block.block)[0], "late.yml");
    assert_eq!(told(&diagnostics), [""; 0]);
    let TaskItem::Task(task) = &items[0] else { panic!() };
    assert_eq!(task.scope.when().iter().map(|node| node.span.text()).collect::<Vec<_>>(), ["blk"]);
    assert_eq!(
        task.scope.tags().iter().map(|tag| &*tag.value).collect::<Vec<_>>(),
        ["in", "ap", "play"]
    );
    assert!(task.scope.nearest(|own| &own.r#become).is_some());
    assert_eq!(task.scope.vars()[0].value.kind, Kind::Int(1));

    let names =
        RoleNames { name: "r1".into(), tasks_from: Some("sub".into()), ..RoleNames::default() };
    let include = &includes(tasks)[0];
    assert!(matches!(include.target, Target::Role(_)));
    let (run, diagnostics) = reader.include_role(include, &names);
    assert_eq!(told(&diagnostics), [""; 0]);
    let run = run.unwrap();
    assert_eq!((run.items.len(), run.handlers.len(), run.dependencies.len()), (1, 1, 1));

    let wrong = RoleNames { name: "r11".into(), ..RoleNames::default() };
    let (_, diagnostics) = reader.include_role(include, &wrong);
    assert_eq!(told(&diagnostics), ["site.yml:10:7: unknown role `r11` (did you mean `r1`?)"]);
    let (_, diagnostics) = reader.include_tasks(&includes(&block.block)[0], "lat.yml");
    assert_eq!(
        told(&diagnostics),
        ["site.yml:5:11: unknown file `lat.yml` (did you mean `late.yml`?)"]
    );
}

#[test]
fn an_import_that_is_known_late_still_inherits() {
    let playbook = read(&[
        (
            "site.yml",
            "- hosts: all\n  tasks:\n    - import_tasks: \"{{ os }}.yml\"\n      tags: t\n      when: w\n    - import_tasks: \"{{ playbook_dir }}/x.yml\"\n",
        ),
        ("x.yml", "- debug:\n"),
    ]);
    let include = &includes(&playbook.plays[0].tasks)[0];
    assert_eq!(include.inner.when().len(), 1);
    assert_eq!(include.inner.tags().len(), 1);
    assert!(
        matches!(playbook.plays[0].tasks[1], TaskItem::Task(_)),
        "the folder of the playbook is known"
    );
}

/// Which of several files of one name is meant was seen from ansible-core.
#[test]
fn files_are_looked_for_as_in_ansible() {
    let files = [
        ("site.yml", "- hosts: all\n  roles: [r]\n"),
        ("roles/r/tasks/main.yml", "- import_tasks: sub/a.yml\n"),
        (
            "roles/r/tasks/sub/a.yml",
            "- import_tasks: x.yml\n- include_tasks: x.yml\n- import_tasks: only.yml\n- import_tasks: top.yml\n",
        ),
        ("roles/r/tasks/sub/x.yml", "- name: sub\n  debug:\n"),
        ("roles/r/tasks/x.yml", "- name: tasks\n  debug:\n"),
        ("roles/r/tasks/only.yml", "- name: only\n  debug:\n"),
        ("top.yml", "- name: top\n  debug:\n"),
    ];
    let reader = reader(&files);
    let (playbook, _) = reader.read(Path::new("/p/site.yml"));
    assert_eq!(list(&playbook), ["r : sub []", "include_tasks []", "r : only []", "r : top []"]);
    let TaskItem::Role(run) = &playbook.plays[0].roles[0] else { panic!() };
    let include = &includes(&run.items)[0];
    let (items, _) = reader.include_tasks(include, "x.yml");
    let TaskItem::Task(task) = &items[0] else { panic!() };
    assert_eq!(task.name.as_ref().unwrap().as_str(), Some("tasks"));
    let folders = reader.search_folders(task, Path::new("/p"), "files");
    let folders: Vec<_> = folders.iter().map(|folder| folder.display().to_string()).collect();
    assert_eq!(
        folders,
        [
            "/p/roles/r/files",
            "/p/roles/r",
            "/p/roles/r/tasks/files",
            "/p/roles/r/tasks",
            "/p/files",
            "/p"
        ]
    );
}

#[test]
fn old_forms_still_count() {
    let files = [
        (
            "site.yml",
            "- hosts: all\n  user: root\n  sudo: yes\n  tasks:\n    - include: x.yml a=1\n    - debug:\n      sudo_user: u\n      with_items: [1]\n- include: y.yml\n",
        ),
        ("x.yml", "- debug:\n"),
        ("y.yml", "- hosts: web\n"),
    ];
    let (playbook, diagnostics) = reader(&files).read(Path::new("/p/site.yml"));
    assert_eq!(
        told(&diagnostics),
        [
            "site.yml:2:3: `user` is an old name (write `remote_user`)",
            "site.yml:3:3: `sudo` is an old name (write `become`)",
            "site.yml:5:7: `include` is an old name (write `import_tasks`, or `include_tasks` for a file that is known late)",
            "site.yml:7:7: `sudo_user` is an old name (write `become_user`)",
            "site.yml:9:3: `include` is an old name (write `import_playbook`)",
        ]
    );
    let [TaskItem::Task(included), TaskItem::Task(looped)] = &playbook.plays[0].tasks[..] else {
        panic!()
    };
    assert_eq!(included.scope.vars()[0].value.as_str(), Some("1"));
    assert_eq!(looped.scope.nearest(|own| &own.remote_user).unwrap().as_str(), Some("root"));
    assert_eq!(looped.r#loop.as_ref().unwrap().kind, LoopKind::With("items".into()));
    assert_eq!(playbook.plays.len(), 2);
}

#[test]
fn unknown_words_are_told_with_the_nearest() {
    assert_eq!(
        task_mistakes(
            "    - debug: msg=x\n      whn: true\n    - debgu: msg=x\n    - debug:\n      hosts: x\n    - block: []\n      loop: [1]\n    - copy: a=b\n      file: c=d\n    \
             - name: x\n    - debug:\n      with_itmes: [1]\n    - debug:\n      loop: [1]\n      loop_control: {lable: x}\n"
        ),
        [
            "4:7: unknown keyword `whn` in a task (did you mean `when`?)",
            "5:7: unknown module `debgu` (did you mean `debug`?)",
            "7:7: `hosts` can't stand in a task",
            "9:7: `loop` can't stand in a block",
            "11:7: a task calls one module, and this one calls `copy` and `file`",
            "12:7: this task calls no module",
            "14:7: unknown lookup `itmes` in `with_itmes` (did you mean `with_items`?)",
            "17:22: unknown key `lable` in `loop_control` (did you mean `label`?)",
        ]
    );
}

#[test]
fn wrong_types_are_told() {
    assert_eq!(
        task_mistakes(
            "    - debug: [a]\n    - debug:\n      become: [1]\n    - debug:\n      retries: [a]\n    - debug:\n      when: {a: 1}\n    - debug:\n      vars: [{a: 1}]\n    \
             - debug:\n      register: a b\n    - debug: msg=hello world\n    - debug: msg={{ x\n    - debug\n    - debug:\n      vars: {a-b: 1}\n    - debug:\n      loop: [1]\n      \
             with_items: [1]\n    - rescue: []\n"
        ),
        [
            "3:14: the arguments of `debug` must be a mapping or a string, not a list",
            "5:15: `become` must be a boolean, not a list",
            "7:16: `retries` must be a number, not a list",
            "9:13: `when` must be a condition or a list of them, not a mapping",
            "11:13: `vars` must be a mapping, not a list",
            "13:17: `a b` can't be the name of a variable (names have letters, digits and `_`, and do not begin with a digit)",
            "14:24: `debug` takes only `name=value`, and `world` is not that (quote a value that has spaces in it: `name=\"a b\"`)",
            "15:18: this template is never closed",
            "16:7: a task must be a mapping, not a string",
            "18:14: `a-b` can't be the name of a variable (names have letters, digits and `_`, and do not begin with a digit)",
            "21:7: a task has one loop",
            "22:7: `rescue` needs a `block` beside it",
        ]
    );
}

#[test]
fn plays_are_checked() {
    assert_eq!(
        mistakes(&[(
            "site.yml",
            "- tasks: []\n- hosts: []\n- hosts: {a: 1}\n- hosts: all\n  post_task: []\n  tasks: {debug: }\n  roles: r1\n- foo\n- import_playbook: nope.yml\n- import_playbook: sit.yml\n"
        )]),
        [
            "site.yml:1:3: a play needs `hosts`",
            "site.yml:2:10: `hosts` names no host",
            "site.yml:3:10: `hosts` must be a string or a list of them, not a mapping",
            "site.yml:5:3: unknown keyword `post_task` in a play (did you mean `post_tasks`?)",
            "site.yml:6:10: `tasks` must be a list of tasks, not a mapping",
            "site.yml:7:10: `roles` must be a list, not a string",
            "site.yml:8:3: a play must be a mapping, not a string",
            "site.yml:9:20: unknown playbook `nope.yml`",
            "site.yml:10:20: unknown playbook `sit.yml` (did you mean `site.yml`?)",
        ]
    );
    assert_eq!(mistakes(&[("site.yml", "")]), ["site.yml:1:1: `site.yml` has no plays"]);
    assert_eq!(
        mistakes(&[("site.yml", "hosts: x\n")]),
        ["site.yml:1:1: a playbook must be a list of plays, not a mapping"]
    );
}

#[test]
fn files_roles_and_handlers_are_checked() {
    let files = with_roles(
        "- hosts: all\n  roles: [r11, {x: 1}, loop]\n  tasks:\n    - import_tasks: subs.yml\n    - include_tasks: nope.yml\n    - import_role: {name: r1, tasks_from: sbu}\n    \
         - import_role: {name: r1, taks_from: x}\n    - include_role: {name: r3}\n    - import_tasks: x.yml\n      loop: [1]\n    - import_tasks: me.yml\n",
    );
    let files: Vec<_> = files
        .into_iter()
        .chain([
            ("sub.yml", "- debug:\n"),
            ("x.yml", ""),
            ("me.yml", "- import_tasks: me.yml\n"),
            ("roles/loop/meta/main.yml", "dependencies: [loop]\n"),
        ])
        .collect();
    assert_eq!(
        mistakes(&files),
        [
            "site.yml:4:21: unknown file `subs.yml` (did you mean `sub.yml`?)",
            "site.yml:5:22: unknown file `nope.yml`",
            "site.yml:6:43: role `r1` has no file `tasks/sbu` (did you mean `sub`?)",
            "site.yml:7:31: `import_role` has no argument `taks_from` (did you mean `tasks_from`?)",
            "site.yml:8:28: unknown role `r3` (did you mean `r1`?)",
            "site.yml:10:7: an import can't have a loop (use `include_tasks`)",
            "me.yml:1:17: `me.yml` imports itself",
            "site.yml:2:11: unknown role `r11` (did you mean `r1`?)",
            "site.yml:2:16: this names no role (give it as `role`)",
            "roles/loop/meta/main.yml:1:16: role `loop` needs itself",
        ]
    );
    let handlers = "- hosts: all\n  handlers:\n    - name: restart nginx\n      debug:\n      listen: [web, other]\n  tasks:\n    - debug:\n      notify: [restart nginx, web, restart ngin, \"{{ x }}\"]\n";
    assert_eq!(
        mistakes(&[("site.yml", handlers)]),
        ["site.yml:8:36: unknown handler `restart ngin` (did you mean `restart nginx`?)"]
    );
}

#[test]
fn a_start_is_found_by_name() {
    let playbook = read(&with_roles(
        "- hosts: a\n  tasks: [{name: one, debug: }]\n- hosts: b\n  roles: [r2]\n  tasks: [{name: \"two {{ x }}\", debug: }]\n",
    ));
    let found = |name: &str| {
        find_start(&playbook, name).map(|start| (start.play, crate::playbook::title(&start.task)))
    };
    assert_eq!(found("one").unwrap(), (0, "one".to_owned()));
    assert_eq!(found("r2 : r2 task").unwrap(), (1, "r2 : r2 task".to_owned()));
    assert_eq!(found("r2 t*").unwrap().1, "r2 : r2 task");
    assert_eq!(found("two {{ x }}").unwrap().0, 1);
    assert_eq!(found("r2 tusk").unwrap_err().help, ["did you mean `r2 task`?"]);
}
