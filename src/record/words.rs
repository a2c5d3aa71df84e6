//! One change in one line.

use converge_host::blob::Digest;
use converge_host::change::{Before, Change, FileKind, Sign};

/// One change in one line. Contents are named by their digests, which tell them apart and give nothing away that is worth knowing.
pub fn words(change: &Change) -> String {
    let described = change.effect().describe();
    let sign = match described.sign {
        Sign::Create => '+',
        Sign::Modify => '~',
        Sign::Remove => '-',
        Sign::Act => '!',
    };
    let mut facts = described.facts;
    if let Change::File(file) = change {
        let content = |kind: Option<&FileKind>| match kind {
            Some(FileKind::File(blob)) => Some(short(blob.digest)),
            _ => None,
        };
        let before = match &file.before {
            Before::Is(state) => content(Some(&state.kind)),
            Before::Absent | Before::Unknown(_) => None,
        };
        match (before, content(file.after.as_ref().map(|after| &after.kind))) {
            (Some(before), Some(after)) if before != after => {
                facts.push(format!("content {before} → {after}"));
            }
            (Some(content), _) | (None, Some(content)) => facts.push(format!("content {content}")),
            (None, None) => {}
        }
    }
    if facts.is_empty() {
        format!("{sign} {}", described.what)
    } else {
        format!("{sign} {} ({})", described.what, facts.join(", "))
    }
}

fn short(digest: Digest) -> String {
    digest.hex().chars().take(12).collect()
}
