//! What stands behind a backslash, and sets of characters.

use std::sync::Arc;

use crate::python_re::Error;
use crate::python_re::node::{At, Item, Kind, Node, One, Set};
use crate::python_re::parse::Reader;

impl Reader<'_> {
    /// Behind a backslash that is outside of a set.
    pub(super) fn escape(&mut self) -> Result<Node, Error> {
        let ascii = self.flags.ascii;
        let Some(character) = self.next() else { return Err(self.error("it ends in a backslash")) };
        match character {
            'A' => Ok(Node::At(At::Start)),
            'Z' => Ok(Node::At(At::End)),
            'b' => Ok(Node::At(At::Word { ascii, wanted: true })),
            'B' => Ok(Node::At(At::Word { ascii, wanted: false })),
            '1'..='9' => self.digits(character),
            other => match self.meaning(other)? {
                Item::Range(one, _) => Ok(self.one(one)),
                kind @ Item::Kind(_) => Ok(self.of(false, vec![kind])),
            },
        }
    }

    fn of(&self, negated: bool, items: Vec<Item>) -> Node {
        Node::One(One::Of(Arc::new(Set { negated, fold: self.fold(), items })))
    }

    /// What an escape means, in a set or outside.
    fn meaning(&mut self, character: char) -> Result<Item, Error> {
        let one = match character {
            'd' | 'D' | 'w' | 'W' | 's' | 'S' => {
                return Ok(Item::Kind(Kind {
                    letter: character.to_ascii_lowercase(),
                    negated: character.is_ascii_uppercase(),
                    ascii: self.flags.ascii,
                }));
            }
            'a' => '\x07',
            'f' => '\x0c',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'v' => '\x0b',
            'x' => self.code(2)?,
            'u' => self.code(4)?,
            'U' => self.code(8)?,
            '0'..='7' => self.octal(character, 2)?,
            other if other.is_ascii_alphanumeric() => {
                return Err(self.error(&format!("there is no escape `\\{other}`")));
            }
            other => other,
        };
        Ok(Item::Range(one, one))
    }

    fn code(&mut self, digits: usize) -> Result<char, Error> {
        let code = self.rest.get(..digits).and_then(|code| u32::from_str_radix(code, 16).ok());
        let Some(code) = code.and_then(char::from_u32) else {
            return Err(
                self.error(&format!("{digits} hexadecimal digits of a character are expected"))
            );
        };
        self.rest = &self.rest[digits..];
        Ok(code)
    }

    /// A character by its octal code of one digit and up to `more`.
    fn octal(&mut self, first: char, more: usize) -> Result<char, Error> {
        let mut code = first.to_digit(8).unwrap_or(0);
        for _ in 0..more {
            let Some(digit) = self.rest.chars().next().and_then(|next| next.to_digit(8)) else {
                break;
            };
            code = code * 8 + digit;
            self.rest = &self.rest[1..];
        }
        match char::from_u32(code).filter(|_| code <= 0o377) {
            Some(character) => Ok(character),
            None => Err(self.error("an octal code is above `\\377`")),
        }
    }

    /// A reference to a group, or a character by an octal code of three digits.
    fn digits(&mut self, first: char) -> Result<Node, Error> {
        let octal = self.rest.bytes().take_while(|byte| (b'0'..=b'7').contains(byte)).count();
        if first <= '7' && octal >= 2 {
            let character = self.octal(first, 2)?;
            return Ok(self.one(character));
        }
        let mut group = first.to_digit(10).unwrap_or(0) as usize;
        if let Some(second) = self.rest.chars().next().and_then(|next| next.to_digit(10)) {
            group = group * 10 + second as usize;
            self.rest = &self.rest[1..];
        }
        self.reference(group)
    }

    /// Behind an opening `[`.
    pub(super) fn set(&mut self) -> Result<Node, Error> {
        let negated = self.take("^");
        let mut items = Vec::new();
        // A `]` that comes first is one of the set.
        while items.is_empty() || !self.take("]") {
            let from = self.member()?;
            if !self.rest.starts_with('-') || self.rest.starts_with("-]") {
                items.push(from);
                continue;
            }
            self.take("-");
            match (from, self.member()?) {
                (Item::Range(from, _), Item::Range(to, _)) if from <= to => {
                    items.push(Item::Range(from, to));
                }
                _ => return Err(self.error("a range in a set has no beginning or no end")),
            }
        }
        Ok(self.of(negated, items))
    }

    fn member(&mut self) -> Result<Item, Error> {
        match self.next() {
            None => Err(self.error("a `[` is not closed")),
            Some('\\') if self.take("b") => Ok(Item::Range('\x08', '\x08')),
            Some('\\') => match self.next() {
                Some(character) => self.meaning(character),
                None => Err(self.error("it ends in a backslash")),
            },
            Some(other) => Ok(Item::Range(other, other)),
        }
    }
}
