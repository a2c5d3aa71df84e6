//! Scenario files: prose with fenced blocks that say what there is and what shall come of it.
//!
//! The words after a fence name the block: `yaml site.yml` is a file of the project, `host web1` describes a machine,
//! `options` are words of a command line, and `plan`, `apply`, `again` and `error` are what is expected.

/// A scenario file.
#[derive(Clone, Debug)]
pub(crate) struct Scenario {
    lines: Vec<String>,
    blocks: Vec<Block>,
}

/// A fenced block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Block {
    /// The first word after the fence.
    pub(crate) kind: String,
    /// The second word; empty where there is none.
    pub(crate) name: String,
    /// What stands between the fences.
    pub(crate) text: String,
    /// The first line of the text, and the one after the last.
    lines: (usize, usize),
}

impl Scenario {
    /// Finds the blocks.
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        let lines: Vec<String> = text.lines().map(str::to_owned).collect();
        let mut blocks = Vec::new();
        let mut at = 0;
        while at < lines.len() {
            let Some(info) = lines[at].strip_prefix("```") else {
                at += 1;
                continue;
            };
            let start = at + 1;
            let end = lines[start..].iter().position(|line| line == "```");
            let end = start + end.ok_or_else(|| format!("line {start}: a block has no end"))?;
            let mut words = info.split_whitespace().map(str::to_owned);
            let text = lines[start..end].iter().map(|line| format!("{line}\n")).collect();
            blocks.push(Block {
                kind: words.next().unwrap_or_default(),
                name: words.next().unwrap_or_default(),
                text,
                lines: (start, end),
            });
            at = end + 1;
        }
        Ok(Self { lines, blocks })
    }

    /// The blocks of a kind.
    pub(crate) fn of<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Block> {
        self.blocks.iter().filter(move |block| block.kind == kind)
    }

    /// The text of the only block of a kind.
    pub(crate) fn text(&self, kind: &str) -> Option<&str> {
        self.blocks.iter().find(|block| block.kind == kind).map(|block| block.text.as_str())
    }

    /// The files of the project: every named block that has no meaning of its own.
    pub(crate) fn files(&self) -> impl Iterator<Item = &Block> {
        self.blocks.iter().filter(|block| block.kind != "host" && !block.name.is_empty())
    }

    /// The file with other texts in blocks of these kinds.
    pub(crate) fn with(&self, texts: &[(&str, String)]) -> String {
        let mut lines = self.lines.clone();
        for block in self.blocks.iter().rev() {
            if let Some((_, text)) = texts.iter().find(|(kind, _)| *kind == block.kind) {
                let new: Vec<String> = text.lines().map(str::to_owned).collect();
                lines.splice(block.lines.0..block.lines.1, new);
            }
        }
        for (kind, text) in texts {
            if self.text(kind).is_none() && !text.is_empty() {
                lines.extend([String::new(), format!("```{kind}")]);
                lines.extend(text.lines().map(str::to_owned));
                lines.push("```".to_owned());
            }
        }
        lines.join("\n") + "\n"
    }
}

impl Scenario {
    /// The rest of the line of an option, in the block of options.
    pub(crate) fn option(&self, name: &str) -> Option<String> {
        let lines = self.of("options").flat_map(|block| block.text.lines());
        let mut lines = lines.filter_map(|line| line.trim().strip_prefix(name));
        lines.next().map(|rest| rest.trim().to_owned())
    }
}
