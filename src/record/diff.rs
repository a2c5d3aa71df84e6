//! The content of a file before and after as a unified diff.

use std::borrow::Cow;
use std::time::Duration;

use converge_host::change::{Text, TextDiff};

use crate::redact::Redactor;

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
    let text = similar::TextDiff::configure()
        .timeout(PATIENCE)
        .diff_lines(before.as_ref(), after.as_ref())
        .unified_diff()
        .context_radius(CONTEXT)
        .header(&header_before, &header_after)
        .to_string();
    if text.is_empty() {
        if differs(&diff.before, &diff.after) {
            shown.facts.push("content differs in secrets only".into());
        }
        return shown;
    }
    shown.text = Some(text);
    shown
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
        -a=1
        +a=•••
        ");
        assert_eq!(
            shown(known("hunter22\n"), known("hunter33\n")),
            "content differs in secrets only"
        );
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
