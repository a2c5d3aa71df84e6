//! Tokens as an expression.

use crate::template::jmespath::Expr;
use crate::template::jmespath::lexer::{Token, bad, tokens};
use crate::value::Stop;

/// How strongly an operator binds what stands before it; below 10 it ends a projection.
fn power(token: Option<&Token>) -> u8 {
    match token {
        Some(Token::Op(operator)) => match *operator {
            "|" => 1,
            "||" => 2,
            "&&" => 3,
            "==" | "!=" | "<" | "<=" | ">" | ">=" => 5,
            "[]" => 9,
            "*" => 20,
            "[?" => 21,
            "." => 40,
            "!" => 45,
            "{" => 50,
            "[" => 55,
            "(" => 60,
            _ => 0,
        },
        _ => 0,
    }
}

const PROJECTION_STOP: u8 = 10;
const MAX_DEPTH: usize = 100;

/// Reads a query.
pub(super) fn parse(query: &str) -> Result<Expr, Stop> {
    let mut parser = Parser { query, tokens: tokens(query)?, at: 0, depth: 0 };
    let expr = parser.expression(0)?;
    match parser.peek() {
        None => Ok(expr),
        Some(_) => Err(parser.error("something is left over at its end")),
    }
}

struct Parser<'a> {
    query: &'a str,
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
}

impl Parser<'_> {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn next(&mut self) -> Option<Token> {
        let token = self.tokens.get(self.at).cloned();
        self.at += 1;
        token
    }

    fn is(&self, operator: &str) -> bool {
        matches!(self.peek(), Some(Token::Op(op)) if *op == operator)
    }

    fn take(&mut self, operator: &str) -> bool {
        let there = self.is(operator);
        self.at += usize::from(there);
        there
    }

    fn expect(&mut self, operator: &str) -> Result<(), Stop> {
        if self.take(operator) {
            Ok(())
        } else {
            Err(self.error(&format!("`{operator}` is expected")))
        }
    }

    fn error(&self, why: &str) -> Stop {
        bad(self.query, why)
    }

    fn expression(&mut self, binding: u8) -> Result<Expr, Stop> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(self.error("it is nested too deeply"));
        }
        let mut left = self.prefix()?;
        while binding < power(self.peek()) {
            left = self.infix(left)?;
        }
        self.depth -= 1;
        Ok(left)
    }

    fn prefix(&mut self) -> Result<Expr, Stop> {
        match self.next() {
            Some(Token::Literal(value)) => Ok(Expr::Literal(value)),
            Some(Token::Name(name) | Token::Quoted(name)) => Ok(Expr::Field(name)),
            Some(Token::Op(operator)) => match operator {
                "@" => Ok(Expr::Current),
                "&" => Ok(Expr::Reference(Box::new(self.expression(0)?))),
                "!" => Ok(Expr::Not(Box::new(self.expression(45)?))),
                "(" => {
                    let inner = self.expression(0)?;
                    self.expect(")")?;
                    Ok(inner)
                }
                "*" => {
                    let right = if self.is("]") { Expr::Current } else { self.projected(20)? };
                    Ok(Expr::ProjectValues(Box::new(Expr::Current), Box::new(right)))
                }
                "[?" => self.filter(Expr::Current),
                "[]" => self.flatten(Expr::Current),
                "{" => self.map(),
                "[" => match self.peek() {
                    Some(Token::Number(_) | Token::Op(":")) => self.index(Expr::Current),
                    Some(Token::Op("*"))
                        if self.tokens.get(self.at + 1) == Some(&Token::Op("]")) =>
                    {
                        self.at += 2;
                        let right = self.projected(20)?;
                        Ok(Expr::Project(Box::new(Expr::Current), Box::new(right)))
                    }
                    _ => self.list(),
                },
                other => Err(self.error(&format!("`{other}` is not expected here"))),
            },
            Some(Token::Number(number)) => Err(self.error(&format!(
                "`{number}` is not expected here; a number is written `{number}` in backticks"
            ))),
            None => Err(self.error("it ends too early")),
        }
    }

    fn infix(&mut self, left: Expr) -> Result<Expr, Stop> {
        let Some(Token::Op(operator)) = self.next() else {
            return Err(self.error("an operator is expected"));
        };
        let boxed = Box::new;
        Ok(match operator {
            "." if self.take("*") => Expr::ProjectValues(boxed(left), boxed(self.projected(20)?)),
            "." => Expr::Sub(boxed(left), boxed(self.behind_dot(40)?)),
            "|" => Expr::Sub(boxed(left), boxed(self.expression(1)?)),
            "||" => Expr::Or(boxed(left), boxed(self.expression(2)?)),
            "&&" => Expr::And(boxed(left), boxed(self.expression(3)?)),
            "==" | "!=" | "<" | "<=" | ">" | ">=" => {
                Expr::Compare(operator, boxed(left), boxed(self.expression(5)?))
            }
            "[?" => return self.filter(left),
            "[]" => return self.flatten(left),
            "(" => {
                let Expr::Field(name) = left else {
                    return Err(self.error("only a name can be called"));
                };
                let mut arguments = Vec::new();
                while !self.take(")") {
                    arguments.push(self.expression(0)?);
                    if !self.take(",") {
                        self.expect(")")?;
                        break;
                    }
                }
                Expr::Call(name, arguments)
            }
            "[" => match self.peek() {
                Some(Token::Number(_) | Token::Op(":")) => return self.index(left),
                _ => {
                    self.expect("*")?;
                    self.expect("]")?;
                    Expr::Project(boxed(left), boxed(self.projected(20)?))
                }
            },
            other => return Err(self.error(&format!("`{other}` is not expected here"))),
        })
    }

    /// What is done with every item of a projection.
    fn projected(&mut self, binding: u8) -> Result<Expr, Stop> {
        if power(self.peek()) < PROJECTION_STOP {
            return Ok(Expr::Current);
        }
        if self.is("[") || self.is("[?") {
            return self.expression(binding);
        }
        self.expect(".")?;
        self.behind_dot(binding)
    }

    fn behind_dot(&mut self, binding: u8) -> Result<Expr, Stop> {
        if self.take("[") {
            return self.list();
        }
        if self.take("{") {
            return self.map();
        }
        match self.peek() {
            Some(Token::Name(_) | Token::Quoted(_) | Token::Op("*")) => self.expression(binding),
            _ => Err(self.error("a name is expected behind the dot")),
        }
    }

    fn filter(&mut self, left: Expr) -> Result<Expr, Stop> {
        let condition = self.expression(0)?;
        self.expect("]")?;
        let right = if self.is("[]") { Expr::Current } else { self.projected(21)? };
        Ok(Expr::Filter(Box::new(left), Box::new(condition), Box::new(right)))
    }

    fn flatten(&mut self, left: Expr) -> Result<Expr, Stop> {
        let right = self.projected(9)?;
        Ok(Expr::Project(Box::new(Expr::Flatten(Box::new(left))), Box::new(right)))
    }

    /// `[1]` and `[1:2:3]`, behind the bracket.
    fn index(&mut self, left: Expr) -> Result<Expr, Stop> {
        let mut parts = [None; 3];
        let mut colons = 0;
        loop {
            match self.next() {
                Some(Token::Op(":")) if colons < 2 => colons += 1,
                Some(Token::Number(number)) if parts[colons].is_none() => {
                    parts[colons] = Some(number);
                }
                Some(Token::Op("]")) => break,
                _ => return Err(self.error("an index is expected")),
            }
        }
        match (colons, parts[0]) {
            (0, Some(index)) => Ok(Expr::Sub(Box::new(left), Box::new(Expr::Index(index)))),
            (0, None) => Err(self.error("an index is expected")),
            _ => {
                let slice = Expr::Sub(Box::new(left), Box::new(Expr::Slice(parts)));
                let right = self.projected(20)?;
                Ok(Expr::Project(Box::new(slice), Box::new(right)))
            }
        }
    }

    fn list(&mut self) -> Result<Expr, Stop> {
        let mut items = Vec::new();
        loop {
            items.push(self.expression(0)?);
            if self.take("]") {
                return Ok(Expr::List(items));
            }
            self.expect(",")?;
        }
    }

    fn map(&mut self) -> Result<Expr, Stop> {
        let mut entries = Vec::new();
        loop {
            let Some(Token::Name(name) | Token::Quoted(name)) = self.next() else {
                return Err(self.error("a name is expected"));
            };
            self.expect(":")?;
            entries.push((name, self.expression(0)?));
            if self.take("}") {
                return Ok(Expr::Map(entries));
            }
            self.expect(",")?;
        }
    }
}
