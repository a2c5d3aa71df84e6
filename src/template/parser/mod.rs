//! Tokens as statements and expressions, by Jinja2's grammar.

mod expr;
mod stmt;

use std::ops::Range;
use std::sync::Arc;

use crate::template::ast::{Expr, Template, Unknown};
use crate::template::lexer::{Token, TokenKind, expression_tokens, tokens};
use crate::template::syntax::Syntax;
use crate::value::{Fault, FaultKind};

/// Deeper nesting than this is refused, so that no input can exhaust the stack.
const MAX_DEPTH: usize = 120;

/// Reads a template.
pub(crate) fn template(text: &str, syntax: &Syntax) -> Result<Template, Fault> {
    let mut parser = Parser::new(tokens(text, syntax)?, text.len());
    let body = parser.body(&[])?;
    Ok(Template { body, unknown: parser.unknown })
}

/// Reads a bare expression, as `when` has it.
pub(crate) fn expression(
    text: &str,
    syntax: &Syntax,
) -> Result<(Expr, Vec<(Unknown, String, Range<usize>)>), Fault> {
    let mut parser = Parser::new(expression_tokens(text, syntax)?, text.len());
    parser.embeds = Some(syntax.clone());
    let expr = parser.tuple(&[])?;
    match parser.peek() {
        None => Ok((expr, parser.unknown)),
        Some(token) => Err(unexpected(token)),
    }
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
    end: usize,
    depth: usize,
    /// How many conditions stand around; unknown names are only told at once where there is none.
    conditional: usize,
    unknown: Vec<(Unknown, String, Range<usize>)>,
    /// What the bodies of the macros being read use: `varargs`, `kwargs`.
    uses: Vec<[bool; 2]>,
    /// Set where strings may be templates themselves, which old conditions have.
    embeds: Option<Syntax>,
}

impl Parser {
    fn new(tokens: Vec<Token>, end: usize) -> Self {
        Self {
            tokens,
            at: 0,
            end,
            depth: 0,
            conditional: 0,
            unknown: Vec::new(),
            uses: Vec::new(),
            embeds: None,
        }
    }

    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn peek_at(&self, ahead: usize) -> Option<&TokenKind> {
        self.tokens.get(self.at + ahead).map(|token| &token.kind)
    }

    fn next(&mut self) -> Option<Token> {
        let token = self.tokens.get(self.at)?;
        self.at += 1;
        Some(Token { kind: token.kind.clone(), at: token.at.clone() })
    }

    /// Where the next token begins.
    fn start(&self) -> usize {
        self.peek().map_or(self.end, |token| token.at.start)
    }

    /// From a place to the end of the last token.
    fn since(&self, start: usize) -> Range<usize> {
        let end = self
            .at
            .checked_sub(1)
            .and_then(|last| self.tokens.get(last))
            .map_or(self.end, |token| token.at.end);
        start..end.max(start)
    }

    fn is_op(&self, operator: &str) -> bool {
        matches!(self.peek(), Some(Token { kind: TokenKind::Op(op), .. }) if *op == operator)
    }

    fn is_name(&self, word: &str) -> bool {
        matches!(self.peek(), Some(Token { kind: TokenKind::Name(name), .. }) if name == word)
    }

    fn take_op(&mut self, operator: &str) -> bool {
        let there = self.is_op(operator);
        self.at += usize::from(there);
        there
    }

    fn take_name(&mut self, word: &str) -> bool {
        let there = self.is_name(word);
        self.at += usize::from(there);
        there
    }

    fn expect_op(&mut self, operator: &str) -> Result<(), Fault> {
        if self.take_op(operator) { Ok(()) } else { Err(self.expected(&format!("`{operator}`"))) }
    }

    fn expect_name(&mut self, word: &str) -> Result<(), Fault> {
        if self.take_name(word) { Ok(()) } else { Err(self.expected(&format!("`{word}`"))) }
    }

    fn name(&mut self) -> Result<Arc<str>, Fault> {
        match self.peek() {
            Some(Token { kind: TokenKind::Name(name), .. }) => {
                let name = name.as_str().into();
                self.at += 1;
                Ok(name)
            }
            _ => Err(self.expected("a name")),
        }
    }

    fn expected(&self, what: &str) -> Fault {
        match self.peek() {
            Some(token) => fault(
                format!("{what} is expected here, not {}", describe(&token.kind)),
                token.at.clone(),
            ),
            None => fault(format!("{what} is expected at the end"), self.end..self.end),
        }
    }

    fn deeper<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T, Fault>) -> Result<T, Fault> {
        if self.depth >= MAX_DEPTH {
            return Err(fault("this is nested too deeply", self.start()..self.start()));
        }
        self.depth += 1;
        let result = read(self);
        self.depth -= 1;
        result
    }

    fn conditionally<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        self.conditional += 1;
        let result = read(self);
        self.conditional -= 1;
        result
    }

    fn not_known(&mut self, what: Unknown, name: &str, at: Range<usize>) {
        if self.conditional == 0 {
            self.unknown.push((what, name.to_owned(), at));
        }
    }
}

fn fault(message: impl Into<String>, at: Range<usize>) -> Fault {
    let mut fault = Fault::new(FaultKind::Syntax, message);
    fault.at = Some(at);
    fault
}

fn unexpected(token: &Token) -> Fault {
    fault(format!("{} is not expected here", describe(&token.kind)), token.at.clone())
}

fn describe(kind: &TokenKind) -> String {
    match kind {
        TokenKind::Text(_) => "text".to_owned(),
        TokenKind::VariableStart => "the start of an expression".to_owned(),
        TokenKind::VariableEnd => "the end of the expression".to_owned(),
        TokenKind::BlockStart => "the start of a block".to_owned(),
        TokenKind::BlockEnd => "the end of the block".to_owned(),
        TokenKind::Name(name) => format!("`{name}`"),
        TokenKind::Str(text) => format!("the string `{text}`"),
        TokenKind::Number(number) => format!("`{number}`"),
        TokenKind::Op(operator) => format!("`{operator}`"),
    }
}
