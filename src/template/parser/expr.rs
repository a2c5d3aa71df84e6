//! Expressions.

use std::sync::Arc;

use crate::template::ast::{Args, Binary, Compare, Expr, ExprKind, Named, Unknown};
use crate::template::lexer::TokenKind;
use crate::template::parser::{Parser, fault, template, unexpected};
use crate::template::registry;
use crate::value::{Fault, Value};

impl Parser {
    /// An expression, or several with commas between, which make a tuple. `until` are words that end it.
    pub(super) fn tuple(&mut self, until: &[&str]) -> Result<Expr, Fault> {
        self.tuple_of(until, Self::expression)
    }

    /// Like [`Parser::tuple`], but an `if` ends it, as in `for x in a if b`.
    pub(super) fn tuple_without_if(&mut self, until: &[&str]) -> Result<Expr, Fault> {
        self.tuple_of(until, Self::or)
    }

    fn tuple_of(
        &mut self,
        until: &[&str],
        item: fn(&mut Self) -> Result<Expr, Fault>,
    ) -> Result<Expr, Fault> {
        let start = self.start();
        let first = item(self)?;
        if !self.is_op(",") {
            return Ok(first);
        }
        let mut items = vec![first];
        while self.take_op(",") {
            if self.ends_tuple() || until.iter().any(|word| self.is_name(word)) {
                break;
            }
            items.push(item(self)?);
        }
        Ok(Expr::new(ExprKind::Tuple(items), self.since(start)))
    }

    fn ends_tuple(&self) -> bool {
        matches!(
            self.peek_at(0),
            None | Some(
                TokenKind::VariableEnd | TokenKind::BlockEnd | TokenKind::Op(")" | "]" | "}" | "=")
            )
        )
    }

    /// One expression.
    pub(super) fn expression(&mut self) -> Result<Expr, Fault> {
        self.deeper(|parser| {
            let start = parser.start();
            let mut value = parser.or()?;
            while parser.take_name("if") {
                let condition = parser.or()?;
                let otherwise = if parser.take_name("else") {
                    Some(Box::new(parser.expression()?))
                } else {
                    None
                };
                value = Expr::new(
                    ExprKind::If(Box::new([condition, value]), otherwise),
                    parser.since(start),
                );
            }
            Ok(value)
        })
    }

    pub(super) fn or(&mut self) -> Result<Expr, Fault> {
        let start = self.start();
        let mut left = self.and()?;
        while self.take_name("or") {
            let right = self.and()?;
            left = Expr::new(ExprKind::Or(Box::new(left), Box::new(right)), self.since(start));
        }
        Ok(left)
    }

    fn and(&mut self) -> Result<Expr, Fault> {
        let start = self.start();
        let mut left = self.not()?;
        while self.take_name("and") {
            let right = self.not()?;
            left = Expr::new(ExprKind::And(Box::new(left), Box::new(right)), self.since(start));
        }
        Ok(left)
    }

    fn not(&mut self) -> Result<Expr, Fault> {
        let start = self.start();
        if self.take_name("not") {
            let inner = self.deeper(Self::not)?;
            return Ok(Expr::new(ExprKind::Not(Box::new(inner)), self.since(start)));
        }
        self.compare()
    }

    fn compare(&mut self) -> Result<Expr, Fault> {
        let start = self.start();
        let left = self.sum()?;
        let mut comparisons = Vec::new();
        loop {
            let operator = match self.peek_at(0) {
                Some(TokenKind::Op("==")) => Compare::Equal,
                Some(TokenKind::Op("!=")) => Compare::NotEqual,
                Some(TokenKind::Op("<")) => Compare::Less,
                Some(TokenKind::Op("<=")) => Compare::LessOrEqual,
                Some(TokenKind::Op(">")) => Compare::Greater,
                Some(TokenKind::Op(">=")) => Compare::GreaterOrEqual,
                Some(TokenKind::Name(name)) if name == "in" => Compare::In,
                Some(TokenKind::Name(name))
                    if name == "not"
                        && matches!(self.peek_at(1), Some(TokenKind::Name(next)) if next == "in") =>
                {
                    self.at += 1;
                    Compare::NotIn
                }
                _ => break,
            };
            self.at += 1;
            comparisons.push((operator, self.sum()?));
        }
        if comparisons.is_empty() {
            return Ok(left);
        }
        Ok(Expr::new(ExprKind::Compare(Box::new(left), comparisons), self.since(start)))
    }

    fn sum(&mut self) -> Result<Expr, Fault> {
        self.chain(&[("+", Binary::Add), ("-", Binary::Subtract)], Self::concat)
    }

    fn concat(&mut self) -> Result<Expr, Fault> {
        let start = self.start();
        let first = self.product()?;
        if !self.is_op("~") {
            return Ok(first);
        }
        let mut parts = vec![first];
        while self.take_op("~") {
            parts.push(self.product()?);
        }
        Ok(Expr::new(ExprKind::Concat(parts), self.since(start)))
    }

    fn product(&mut self) -> Result<Expr, Fault> {
        let operators = [
            ("*", Binary::Multiply),
            ("/", Binary::Divide),
            ("//", Binary::FloorDivide),
            ("%", Binary::Modulo),
        ];
        self.chain(&operators, Self::power)
    }

    /// Binds weaker than a sign and to the left, unlike in Python.
    fn power(&mut self) -> Result<Expr, Fault> {
        self.chain(&[("**", Binary::Power)], |parser| parser.unary(true))
    }

    fn chain(
        &mut self,
        operators: &[(&str, Binary)],
        operand: fn(&mut Self) -> Result<Expr, Fault>,
    ) -> Result<Expr, Fault> {
        let start = self.start();
        let mut left = operand(self)?;
        while let Some((_, operator)) = operators.iter().find(|(symbol, _)| self.is_op(symbol)) {
            self.at += 1;
            let right = operand(self)?;
            left = Expr::new(
                ExprKind::Binary(*operator, Box::new(left), Box::new(right)),
                self.since(start),
            );
        }
        Ok(left)
    }

    fn unary(&mut self, with_filter: bool) -> Result<Expr, Fault> {
        let start = self.start();
        let expr = if self.take_op("-") {
            let inner = self.deeper(|parser| parser.unary(false))?;
            Expr::new(ExprKind::Negate(Box::new(inner)), self.since(start))
        } else if self.take_op("+") {
            let inner = self.deeper(|parser| parser.unary(false))?;
            Expr::new(ExprKind::Plus(Box::new(inner)), self.since(start))
        } else {
            self.primary()?
        };
        let expr = self.postfix(expr, start)?;
        if with_filter { self.filters_and_tests(expr, start) } else { Ok(expr) }
    }

    fn primary(&mut self) -> Result<Expr, Fault> {
        let start = self.start();
        let Some(token) = self.next() else { return Err(self.expected("an expression")) };
        let kind = match token.kind {
            TokenKind::Name(name) => match name.as_str() {
                "true" | "True" => ExprKind::Const(Value::Bool(true)),
                "false" | "False" => ExprKind::Const(Value::Bool(false)),
                "none" | "None" => ExprKind::Const(Value::Null),
                _ => self.variable(&name),
            },
            TokenKind::Number(number) => ExprKind::Const(number),
            TokenKind::Str(mut text) => {
                while let Some(TokenKind::Str(more)) = self.peek_at(0) {
                    text.push_str(more);
                    self.at += 1;
                }
                self.string(text)?
            }
            TokenKind::Op("(") => {
                if self.take_op(")") {
                    ExprKind::Tuple(Vec::new())
                } else {
                    let inner = self.deeper(|parser| parser.tuple(&[]))?;
                    self.expect_op(")")?;
                    return Ok(Expr::new(inner.kind, self.since(start)));
                }
            }
            TokenKind::Op("[") => ExprKind::List(self.items("]")?),
            TokenKind::Op("{") => self.map()?,
            _ => {
                self.at -= 1;
                return Err(match self.peek() {
                    Some(token) => unexpected(token),
                    None => self.expected("an expression"),
                });
            }
        };
        Ok(Expr::new(kind, self.since(start)))
    }

    fn string(&self, text: String) -> Result<ExprKind, Fault> {
        match &self.embeds {
            Some(syntax) if syntax.concerns(&text) => {
                Ok(ExprKind::Embedded(Arc::new(template(&text, syntax)?)))
            }
            _ => Ok(ExprKind::Const(Value::from(text))),
        }
    }

    fn variable(&mut self, name: &str) -> ExprKind {
        if let Some(uses) = self.uses.last_mut() {
            for (slot, special) in uses.iter_mut().zip(["varargs", "kwargs"]) {
                *slot |= name == special;
            }
        }
        ExprKind::Name(name.into())
    }

    fn items(&mut self, close: &str) -> Result<Vec<Expr>, Fault> {
        let mut items = Vec::new();
        while !self.take_op(close) {
            items.push(self.expression()?);
            if !self.take_op(",") {
                self.expect_op(close)?;
                break;
            }
        }
        Ok(items)
    }

    fn map(&mut self) -> Result<ExprKind, Fault> {
        let mut entries = Vec::new();
        while !self.take_op("}") {
            let key = self.expression()?;
            self.expect_op(":")?;
            entries.push((key, self.expression()?));
            if !self.take_op(",") {
                self.expect_op("}")?;
                break;
            }
        }
        Ok(ExprKind::Map(entries))
    }

    fn postfix(&mut self, mut expr: Expr, start: usize) -> Result<Expr, Fault> {
        loop {
            let kind = if self.take_op(".") {
                match self.next().map(|token| token.kind) {
                    Some(TokenKind::Name(name)) => ExprKind::Attr(Box::new(expr), name.into()),
                    Some(TokenKind::Number(index @ Value::Int(_))) => {
                        let at = self.since(self.tokens[self.at - 1].at.start);
                        ExprKind::Item(
                            Box::new(expr),
                            Box::new(Expr::new(ExprKind::Const(index), at)),
                        )
                    }
                    _ => {
                        self.at = (self.at - 1).min(self.tokens.len());
                        return Err(self.expected("a name or number"));
                    }
                }
            } else if self.take_op("[") {
                self.subscript(expr)?
            } else if self.is_op("(") {
                let args = self.arguments()?;
                ExprKind::Call(Box::new(expr), Box::new(args))
            } else {
                return Ok(expr);
            };
            expr = Expr::new(kind, self.since(start));
        }
    }

    fn subscript(&mut self, expr: Expr) -> Result<ExprKind, Fault> {
        let mut parts: [Option<Expr>; 3] = [None, None, None];
        let mut colons = 0;
        loop {
            if self.take_op(":") {
                colons += 1;
                if colons > 2 {
                    return Err(fault("a slice has at most three parts", self.since(self.start())));
                }
            } else if self.take_op("]") {
                break;
            } else if parts[colons].is_none() {
                let part = self.deeper(|parser| parser.tuple(&[]))?;
                parts[colons] = Some(part);
            } else {
                return Err(self.expected("`]`"));
            }
        }
        match parts {
            [Some(index), ..] if colons == 0 => Ok(ExprKind::Item(Box::new(expr), Box::new(index))),
            [None, ..] if colons == 0 => {
                Err(fault("an index is missing here", self.since(expr.at.end)))
            }
            parts => Ok(ExprKind::Slice(Box::new(expr), Box::new(parts))),
        }
    }

    fn filters_and_tests(&mut self, mut expr: Expr, start: usize) -> Result<Expr, Fault> {
        loop {
            if self.is_op("|") {
                expr = self.filter(expr, start)?;
            } else if self.take_name("is") {
                expr = self.test(expr, start)?;
            } else if self.is_op("(") {
                let args = self.arguments()?;
                expr = Expr::new(ExprKind::Call(Box::new(expr), Box::new(args)), self.since(start));
            } else {
                return Ok(expr);
            }
        }
    }

    /// One or more filters. The first `|` may be missing, as in `{% filter upper %}`.
    pub(super) fn filter(&mut self, mut expr: Expr, start: usize) -> Result<Expr, Fault> {
        let mut first = true;
        while self.take_op("|") || first {
            first = false;
            let (name, at) = self.dotted_name()?;
            let args = if self.is_op("(") { self.arguments()? } else { Args::default() };
            let run = registry::filter(&name);
            if run.is_none() {
                self.not_known(Unknown::Filter, &name, at);
            }
            let named = Named { name, run };
            expr = Expr::new(
                ExprKind::Filter(Box::new(expr), named, Box::new(args)),
                self.since(start),
            );
        }
        Ok(expr)
    }

    fn test(&mut self, expr: Expr, start: usize) -> Result<Expr, Fault> {
        let negated = self.take_name("not");
        let (name, at) = self.dotted_name()?;
        let begins_argument = match self.peek_at(0) {
            Some(TokenKind::Name(name)) => {
                if name == "is" {
                    return Err(self.expected("the end of the test").with_chain_help());
                }
                !matches!(name.as_str(), "else" | "or" | "and" | "if" | "in" | "not" | "recursive")
            }
            Some(TokenKind::Str(_) | TokenKind::Number(_) | TokenKind::Op("[" | "{")) => true,
            _ => false,
        };
        let args = if self.is_op("(") {
            self.arguments()?
        } else if begins_argument {
            let from = self.start();
            let argument = self.primary()?;
            Args { positional: vec![self.postfix(argument, from)?], ..Args::default() }
        } else {
            Args::default()
        };
        let run = registry::test(&name);
        if run.is_none() {
            self.not_known(Unknown::Test, &name, at);
        }
        let test = Expr::new(
            ExprKind::Test(Box::new(expr), Named { name, run }, Box::new(args)),
            self.since(start),
        );
        if !negated {
            return Ok(test);
        }
        let at = test.at.clone();
        Ok(Expr::new(ExprKind::Not(Box::new(test)), at))
    }

    fn dotted_name(&mut self) -> Result<(Arc<str>, std::ops::Range<usize>), Fault> {
        let start = self.start();
        let mut name = self.name()?.to_string();
        while self.take_op(".") {
            name.push('.');
            name.push_str(&self.name()?);
        }
        Ok((name.into(), self.since(start)))
    }

    /// `(a, b=c, *d, **e)`
    pub(super) fn arguments(&mut self) -> Result<Args, Fault> {
        self.expect_op("(")?;
        let mut args = Args::default();
        while !self.take_op(")") {
            if self.take_op("**") {
                args.named_rest = Some(self.expression()?);
            } else if self.take_op("*") {
                args.rest = Some(self.expression()?);
            } else if matches!(
                (self.peek_at(0), self.peek_at(1)),
                (Some(TokenKind::Name(_)), Some(TokenKind::Op("=")))
            ) {
                let name = self.name()?;
                self.expect_op("=")?;
                args.named.push((name, self.expression()?));
            } else {
                let start = self.start();
                let value = self.expression()?;
                if !args.named.is_empty() {
                    return Err(fault(
                        "an argument without a name follows one with a name",
                        self.since(start),
                    ));
                }
                args.positional.push(value);
            }
            if !self.take_op(",") {
                self.expect_op(")")?;
                break;
            }
        }
        Ok(args)
    }
}

impl Fault {
    fn with_chain_help(mut self) -> Self {
        self.help.push("join several tests with `and` or `or`".to_owned());
        self
    }
}
