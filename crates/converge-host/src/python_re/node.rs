//! What a pattern means: the tree that reading it makes, and the sets of characters in it.

use std::sync::Arc;

/// A part of a pattern.
#[derive(Clone, Debug)]
pub(super) enum Node {
    /// One character.
    One(One),
    /// A place between characters.
    At(At),
    /// These in a row.
    Row(Vec<Self>),
    /// The first of these that leads to a match.
    Either(Vec<Self>),
    /// A group that is kept by its number.
    Group(usize, Arc<Self>),
    /// The same again and again.
    Repeat(Repeat),
    /// What stands ahead, or as many characters behind, is so or is not so.
    Look { node: Arc<Self>, behind: Option<usize>, wanted: bool },
    /// The first way to match it is the only one that is tried.
    Atomic(Arc<Self>),
    /// The text of a group.
    Back { group: usize, fold: Fold },
    /// One of two, by whether a group took part.
    If { group: usize, then: Arc<Self>, otherwise: Arc<Self> },
}

/// How often something is repeated.
#[derive(Clone, Debug)]
pub(super) struct Repeat {
    pub(super) node: Arc<Node>,
    pub(super) least: usize,
    pub(super) most: Option<usize>,
    pub(super) greedy: bool,
}

/// A place between characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum At {
    Start,
    LineStart,
    /// The end, or before a newline that is the end.
    Last,
    LineEnd,
    End,
    /// Where a word begins or ends, or where none does.
    Word {
        ascii: bool,
        wanted: bool,
    },
}

/// A single character.
#[derive(Clone, Debug)]
pub(super) enum One {
    Is(char, Fold),
    /// Any but the end of a line.
    InLine,
    Any,
    Of(Arc<Set>),
}

/// Which characters are one and the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fold {
    No,
    Ascii,
    Full,
}

/// A set of characters.
#[derive(Clone, Debug)]
pub(super) struct Set {
    pub(super) negated: bool,
    pub(super) fold: Fold,
    pub(super) items: Vec<Item>,
}

/// What is in a set.
#[derive(Clone, Copy, Debug)]
pub(super) enum Item {
    Range(char, char),
    Kind(Kind),
}

/// `\d`, `\s`, `\w` and their opposites.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kind {
    /// In lower case.
    pub(super) letter: char,
    pub(super) negated: bool,
    pub(super) ascii: bool,
}

impl One {
    /// Whether it is this one.
    pub(super) fn has(&self, character: char) -> bool {
        match self {
            Self::Is(own, fold) => *own == character || fold.same(*own, character),
            Self::InLine => character != '\n',
            Self::Any => true,
            Self::Of(set) => set.has(character),
        }
    }
}

impl Set {
    fn has(&self, character: char) -> bool {
        let found = self.holds(character)
            || self.fold.others(character).into_iter().flatten().any(|other| self.holds(other));
        found != self.negated
    }

    fn holds(&self, character: char) -> bool {
        self.items.iter().any(|item| match item {
            Item::Range(from, to) => (*from..=*to).contains(&character),
            Item::Kind(kind) => kind.has(character),
        })
    }
}

impl Kind {
    fn has(self, character: char) -> bool {
        let found = match self.letter {
            'd' => is_digit(character, self.ascii),
            's' => is_space(character, self.ascii),
            _ => is_word(character, self.ascii),
        };
        found != self.negated
    }
}

impl Fold {
    /// Whether two characters are the same but for their case. Python's rule is that of single characters: `ß` is not `SS`.
    pub(super) fn same(self, one: char, other: char) -> bool {
        one == other
            || self.others(one).into_iter().flatten().any(|found| found == other)
            || self.others(other).into_iter().flatten().any(|found| found == one)
            || self.others(one)[1].is_some_and(|upper| Some(upper) == self.others(other)[1])
    }

    /// A character in lower case and in upper case, where these are single characters.
    fn others(self, character: char) -> [Option<char>; 2] {
        match self {
            Self::No => [None, None],
            Self::Ascii => {
                [Some(character.to_ascii_lowercase()), Some(character.to_ascii_uppercase())]
            }
            Self::Full => [single(character.to_lowercase()), single(character.to_uppercase())],
        }
    }
}

fn single(mut characters: impl Iterator<Item = char>) -> Option<char> {
    let first = characters.next()?;
    characters.next().is_none().then_some(first)
}

/// What `\w` is. Outside of ASCII, Python counts letters and numbers but no marks.
pub(super) fn is_word(character: char, ascii: bool) -> bool {
    character == '_'
        || if ascii { character.is_ascii_alphanumeric() } else { character.is_alphanumeric() }
}

fn is_space(character: char, ascii: bool) -> bool {
    // Python counts the separators of ASCII in, which Unicode does not.
    matches!(character, ' ' | '\t'..='\r')
        || !ascii && (character.is_whitespace() || matches!(character, '\x1c'..='\x1f'))
}

/// A decimal digit, which is less than a numeric character: `²` and `Ⅷ` are none.
fn is_digit(character: char, ascii: bool) -> bool {
    if ascii || character.is_ascii() {
        return character.is_ascii_digit();
    }
    let code = u32::from(character);
    let zero = DIGITS.partition_point(|zero| *zero <= code).checked_sub(1).map(|at| DIGITS[at]);
    zero.is_some_and(|zero| code - zero < if zero == MATHEMATICAL { 50 } else { 10 })
}

/// The digits of mathematics are five alphabets in a row.
const MATHEMATICAL: u32 = 0x1d7ce;

/// The zeros of Unicode's decimal digits (general category `Nd`), which the other nine follow.
#[rustfmt::skip]
const DIGITS: &[u32] = &[
    0x30, 0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66, 0xde6, 0xe50, 0xed0, 0xf20,
    0x1040, 0x1090, 0x17e0, 0x1810, 0x1946, 0x19d0, 0x1a80, 0x1a90, 0x1b50, 0x1bb0, 0x1c40, 0x1c50, 0xa620, 0xa8d0, 0xa900,
    0xa9d0, 0xa9f0, 0xaa50, 0xabf0, 0xff10, 0x104a0, 0x10d30, 0x11066, 0x110f0, 0x11136, 0x111d0, 0x112f0, 0x11450, 0x114d0,
    0x11650, 0x116c0, 0x11730, 0x118e0, 0x11950, 0x11c50, 0x11d50, 0x11da0, 0x16a60, 0x16ac0, 0x16b50, MATHEMATICAL, 0x1e140,
    0x1e2f0, 0x1e950, 0x1fbf0,
];
