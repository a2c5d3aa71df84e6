//! The content of a file before and after as a unified diff.

use std::borrow::Cow;
use std::time::Duration;

use converge_host::change::{Text, TextDiff};

use crate::redact::{MASK, Redactor};

/// Lines around a change.
const CONTEXT: usize = 3;

/// A coarser diff is better than a person who waits longer than this.
const PATIENCE: Duration = Duration::from_millis(500);

/// A diff as it may be shown.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Shown {
    /// A unified diff with the headers that Ansible gives it; ends with a line break.
    pub text: Option<String>,
    /// What there is to say beside it.
    pub facts: Vec<String>,
}

/// The unified diff of the content at `path`, secrets replaced on both sides. `reasons` says whether to say why the content
/// before can't be told.
pub(crate) fn unified(path: &str, diff: &TextDiff, reasons: bool, redactor: &Redactor) -> Shown {
    let mut shown = Shown::default();
    if let (Text::Binary(before, size_before), Text::Binary(after, size_after)) =
        (&diff.before, &diff.after)
    {
        shown.facts.push(format!(
            "content {} → {}",
            binary(before, *size_before),
            binary(after, *size_after)
        ));
        return shown;
    }
    let untold = matches!(diff.before, Text::Unknown(_));
    let (before, header_before) = side(path, "before", &diff.before, &mut shown.facts, redactor);
    if untold && !reasons {
        shown.facts.clear();
    }
    let (after, header_after) = side(path, "after", &diff.after, &mut shown.facts, redactor);
    let (Some(before), Some(after)) = (before, after) else { return shown };
    let masked = [(&before, &diff.before), (&after, &diff.after)]
        .iter()
        .any(|(shown, text)| matches!(text, Text::Known(text) if text != shown.as_ref()));
    if masked {
        shown.facts.extend(diff.sizes());
    }
    // What was there before such a content is as secret.
    if after.trim() == MASK {
        return shown;
    }
    let text = similar::TextDiff::configure()
        .timeout(PATIENCE)
        .diff_lines(before.as_ref(), after.as_ref())
        .unified_diff()
        .context_radius(CONTEXT)
        .header(&header_before, &header_after)
        .to_string();
    if text.is_empty() {
        if differs(&diff.before, &diff.after) {
            shown.facts.push("it differs in secrets only".into());
        }
        return shown;
    }
    shown.text = Some(if masked { former(&text) } else { text });
    shown
}

/// A diff in which lines that secrets replace are masked as well: what a secret was before is one, though nobody told.
fn former(diff: &str) -> String {
    let lines: Vec<&str> = diff.lines().collect();
    let mut shown = String::with_capacity(diff.len());
    let mut at = 0;
    // The headers begin with the same signs.
    for head in lines.iter().take(2) {
        shown.push_str(head);
        shown.push('\n');
        at += 1;
    }
    while at < lines.len() {
        let removed = lines[at..].iter().take_while(|line| is_removed(line)).count();
        let added = lines[at + removed..].iter().take_while(|line| is_added(line)).count();
        let secret: Vec<&str> = lines[at + removed..at + removed + added]
            .iter()
            .filter_map(|line| line.find(MASK).map(|place| &line[1..place]))
            .collect();
        for line in &lines[at..at + removed] {
            match secret
                .iter()
                .find(|start| !start.trim().is_empty() && line[1..].starts_with(**start))
            {
                _ if secret.is_empty() || line.starts_with('\\') => shown.push_str(line),
                Some(start) => shown.push_str(&format!("-{start}{MASK}")),
                None => shown.push_str(&format!("-{MASK}")),
            }
            shown.push('\n');
        }
        let rest = added.max(usize::from(removed == 0));
        for line in &lines[at + removed..(at + removed + rest).min(lines.len())] {
            shown.push_str(line);
            shown.push('\n');
        }
        at += removed + rest;
    }
    shown
}

/// A line that goes; what is said of it having no end belongs to it.
fn is_removed(line: &str) -> bool {
    line.starts_with('-') || line.starts_with('\\')
}

fn is_added(line: &str) -> bool {
    line.starts_with('+')
}

/// The text of one side and its header; no text where it is not text.
fn side<'a>(
    path: &str,
    name: &str,
    text: &'a Text,
    facts: &mut Vec<String>,
    redactor: &Redactor,
) -> (Option<Cow<'a, str>>, String) {
    match text {
        Text::Absent => (Some(Cow::Borrowed("")), name.to_owned()),
        Text::Known(text) => (Some(redactor.redact(text)), format!("{name}: {path}")),
        Text::Binary(digest, size) => {
            facts.push(format!("content {name}: {}", binary(digest, *size)));
            (None, String::new())
        }
        Text::Unknown(why) if name == "before" => {
            let why = redactor.redact(&why.0);
            facts.push(format!("content {name} can't be told: {why}"));
            (Some(Cow::Borrowed("")), format!("{name}: {path} (unknown)"))
        }
        Text::Unknown(why) => {
            let why = redactor.redact(&why.0);
            facts.push(format!("content {name} can't be told: {why}"));
            (None, String::new())
        }
    }
}

fn differs(before: &Text, after: &Text) -> bool {
    matches!((before, after), (Text::Known(before), Text::Known(after)) if before != after)
}

fn binary(digest: &str, size: u64) -> String {
    let short = digest.get(..12).unwrap_or(digest);
    format!("{short} ({size} bytes)")
}

#[cfg(test)]
mod tests {
    use converge_host::change::{Text, TextDiff};
    use converge_host::stop::Why;

    use super::unified;
    use crate::redact::{Redactor, Secret};

    fn shown(before: Text, after: Text) -> String {
        let redactor = Redactor::new();
        redactor.add(&Secret::new("hunter22"));
        redactor.add(&Secret::new("hunter33"));
        let shown = unified("/etc/motd", &TextDiff { before, after }, true, &redactor);
        format!("{}{}", shown.text.unwrap_or_default(), shown.facts.join("\n"))
    }

    fn known(text: &str) -> Text {
        Text::Known(text.to_owned())
    }

    #[test]
    fn three_lines_of_context() {
        let text =
            shown(known("1\n2\n3\n4\n5\n6\n7\n8\n9\n"), known("1\n2\n3\n4\nfive\n6\n7\n8\n9\n"));
        insta::assert_snapshot!(text, @r"
        --- before: /etc/motd
        +++ after: /etc/motd
        @@ -2,7 +2,7 @@
         2
         3
         4
        -5
        +five
         6
         7
         8
        ");
    }

    #[test]
    fn new_files_and_missing_line_breaks() {
        insta::assert_snapshot!(shown(Text::Absent, known("x\nz")), @r"
        --- before
        +++ after: /etc/motd
        @@ -0,0 +1,2 @@
        +x
        +z
        \ No newline at end of file
        ");
        insta::assert_snapshot!(shown(known("x\n"), Text::Absent), @r"
        --- before: /etc/motd
        +++ after
        @@ -1 +0,0 @@
        -x
        ");
        assert_eq!(shown(Text::Absent, known("")), "");
    }

    #[test]
    fn secrets_never_show() {
        insta::assert_snapshot!(shown(known("a=1\n"), known("a=hunter22\n")), @r"
        --- before: /etc/motd
        +++ after: /etc/motd
        @@ -1 +1 @@
        -a=•••
        +a=•••
        secret content, 4 → 11 bytes
        ");
        assert_eq!(
            shown(known("a hunter22\n"), known("a hunter33\n")),
            "secret content, 11 → 11 bytes\nit differs in secrets only"
        );
        assert_eq!(
            shown(known("who knows\nwhat it was"), known("hunter33\n")),
            "secret content, 21 → 9 bytes"
        );
        assert_eq!(shown(Text::Absent, known("hunter33")), "secret content, 0 → 8 bytes");
        assert_eq!(
            shown(Text::Binary("ab".repeat(32), 7), known("hunter33")),
            "content before: abababababab (7 bytes)"
        );
    }

    #[test]
    fn what_a_secret_was_before_is_one() {
        insta::assert_snapshot!(
            shown(
                known("user=a\nother=1\npassword = former1\nlast\n"),
                known("user=b\nother=1\npassword = hunter22\nlast")
            ),
            @r"
        --- before: /etc/motd
        +++ after: /etc/motd
        @@ -1,4 +1,4 @@
        -user=a
        +user=b
         other=1
        -password = •••
        -•••
        +password = •••
        +last
        \ No newline at end of file
        secret content, 39 → 39 bytes
        "
        );
        insta::assert_snapshot!(shown(known("former1\n"), known("x hunter22\n-- y\n")), @r"
        --- before: /etc/motd
        +++ after: /etc/motd
        @@ -1 +1,2 @@
        -•••
        +x •••
        +-- y
        secret content, 8 → 16 bytes
        ");
    }

    #[test]
    fn what_is_not_text_is_named() {
        let binary = |digest: &str| Text::Binary(digest.repeat(32), 7);
        assert_eq!(
            shown(binary("ab"), binary("cd")),
            "content abababababab (7 bytes) → cdcdcdcdcdcd (7 bytes)"
        );
        assert_eq!(shown(binary("ab"), known("x\n")), "content before: abababababab (7 bytes)");
        assert_eq!(
            shown(known("x\n"), Text::Unknown(Why("package nginx may bring it".into()))),
            "content after can't be told: package nginx may bring it"
        );
        insta::assert_snapshot!(shown(Text::Unknown(Why("package nginx may bring it".into())), known("x\n")), @r"
        --- before: /etc/motd (unknown)
        +++ after: /etc/motd
        @@ -0,0 +1 @@
        +x
        content before can't be told: package nginx may bring it
        ");
    }
}
