//! What stands above a plan about an environment: what it was last, what leads to this, and what is missing.

use crate::git::Logged;
use crate::record::EnvironmentHead;

/// How many commits are listed where nobody asks for all.
const LISTED: usize = 10;

/// The lines, each with the name of its column.
pub(super) fn lines(about: &EnvironmentHead, verbose: bool) -> Vec<(&'static str, String)> {
    let mut words = vec![about.name.clone()];
    words.extend(about.protected.then(|| "protected".to_owned()));
    let mut lines = vec![("Env", words.join(", "))];
    let mut more = |text: String| lines.push(("", text));
    about.passed.iter().for_each(|passed| more(passed.clone()));
    about.missing.iter().for_each(|missing| more(format!("missing: {missing}")));
    if let Some(overridden) = &about.overridden {
        more(format!("overridden by {}: {}", overridden.who, overridden.reason));
    }
    let Some(last) = &about.last else { return lines };
    let short: String = last.commit.chars().take(7).collect();
    let over = match &last.overridden {
        Some(over) => format!(", overridden by {}: {}", over.who, over.reason),
        None => String::new(),
    };
    let run = if last.run.is_empty() { String::new() } else { format!(", run {}", last.run) };
    let mut since = match (about.commits.len(), about.taken_back.len()) {
        (0, 0) => format!("as last applied: {short}"),
        (1, _) => format!("1 commit since {short}"),
        (0, _) => format!("back from {short}"),
        (many, _) => format!("{many} commits since {short}"),
    };
    since.push_str(&format!(" ({}{run}{over})", last.at));
    lines.push(("Since", since));
    list(&mut lines, "+", &about.commits, verbose);
    list(&mut lines, "-", &about.taken_back, verbose);
    lines
}

fn list(lines: &mut Vec<(&'static str, String)>, sign: &str, commits: &[Logged], verbose: bool) {
    let listed = if verbose { commits.len() } else { LISTED };
    for commit in commits.iter().take(listed) {
        lines.push(("", format!("{sign} {} {} ({})", commit.short, commit.subject, commit.author)));
    }
    if let Some(more) = commits.len().checked_sub(listed).filter(|more| *more > 0) {
        lines.push(("", format!("  … and {more} more (-v lists them)")));
    }
}

#[cfg(test)]
mod tests {
    use super::lines;
    use crate::git::Logged;
    use crate::record::{Applied, EnvironmentHead, Override};

    fn told(about: &EnvironmentHead) -> String {
        let line = |(name, text): (&str, String)| format!("{name:<10} {text}\n");
        lines(about, false).into_iter().map(line).collect()
    }

    fn commit(short: &str) -> Logged {
        let (subject, author) = (format!("commit {short}"), "Ann".into());
        Logged { commit: short.repeat(8), short: short.into(), subject, author }
    }

    #[test]
    fn environments_are_told_with_what_leads_to_them() {
        let plain = EnvironmentHead { name: "staging".into(), ..EnvironmentHead::default() };
        insta::assert_snapshot!(told(&plain), @"Env        staging");
        let overridden = Override { reason: "the site is down".into(), who: "ann@desk".into() };
        let last = Applied {
            commit: "0123456789".into(),
            at: "2026-11-20 10:00 UTC".into(),
            run: "1ng1w3zab".into(),
            overridden: Some(overridden.clone()),
        };
        let full = EnvironmentHead {
            name: "prod".into(),
            protected: true,
            passed: vec!["staging passed".into()],
            missing: vec!["the tree is not clean".into()],
            last: Some(last),
            commits: (0..12).map(|number| commit(&format!("{number:07x}"))).collect(),
            taken_back: vec![commit("abcdef0")],
            new: None,
            overridden: Some(overridden),
        };
        insta::assert_snapshot!(told(&full), @r"
        Env        prod, protected
                   staging passed
                   missing: the tree is not clean
                   overridden by ann@desk: the site is down
        Since      12 commits since 0123456 (2026-11-20 10:00 UTC, run 1ng1w3zab, overridden by ann@desk: the site is down)
                   + 0000000 commit 0000000 (Ann)
                   + 0000001 commit 0000001 (Ann)
                   + 0000002 commit 0000002 (Ann)
                   + 0000003 commit 0000003 (Ann)
                   + 0000004 commit 0000004 (Ann)
                   + 0000005 commit 0000005 (Ann)
                   + 0000006 commit 0000006 (Ann)
                   + 0000007 commit 0000007 (Ann)
                   + 0000008 commit 0000008 (Ann)
                   + 0000009 commit 0000009 (Ann)
                     … and 2 more (-v lists them)
                   - abcdef0 commit abcdef0 (Ann)
        ");
    }
}
