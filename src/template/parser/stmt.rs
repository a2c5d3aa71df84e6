//! Statements.

use std::sync::Arc;

use crate::template::ast::{Block, Expr, ExprKind, For, Include, Macro, Stmt, Target};
use crate::template::lexer::TokenKind;
use crate::template::parser::{Parser, fault};
use crate::value::Fault;

impl Parser {
    /// Statements up to a block that begins with one of `ends`, which is left to be read; or to the end.
    pub(super) fn body(&mut self, ends: &[&str]) -> Result<Vec<Stmt>, Fault> {
        let mut body = Vec::new();
        while let Some(token) = self.peek() {
            match &token.kind {
                TokenKind::Text(text) => {
                    body.push(Stmt::Text(text.as_str().into()));
                    self.at += 1;
                }
                TokenKind::VariableStart => {
                    self.at += 1;
                    body.push(Stmt::Output(self.tuple(&[])?));
                    if !matches!(self.peek_at(0), Some(TokenKind::VariableEnd)) {
                        return Err(self.expected("the end of the expression"));
                    }
                    self.at += 1;
                }
                _ => {
                    if let Some(TokenKind::Name(word)) = self.peek_at(1)
                        && ends.contains(&word.as_str())
                    {
                        return Ok(body);
                    }
                    let start = self.start();
                    self.at += 1;
                    let statement = self.deeper(|parser| parser.statement(start))?;
                    body.push(statement);
                }
            }
        }
        match ends.last() {
            None => Ok(body),
            Some(end) => Err(fault(format!("`{end}` is missing"), self.end..self.end)),
        }
    }

    fn statement(&mut self, start: usize) -> Result<Stmt, Fault> {
        let at = self.start();
        let word = self.name()?;
        let statement = match &*word {
            "if" => return self.conditional(),
            "for" => return self.for_loop(),
            "set" => return self.set(),
            "with" => return self.with(),
            "macro" => return self.macro_block(),
            "call" => return self.call_block(),
            "filter" => return self.filter_block(),
            "block" => return self.named_block(),
            "autoescape" => {
                self.expression()?;
                return Ok(Stmt::Scope(self.inner("endautoescape")?));
            }
            "extends" => Stmt::Extends(self.expression()?),
            "include" => self.include()?,
            "import" => self.import()?,
            "from" => self.import_from()?,
            "do" => Stmt::Do(self.tuple(&[])?),
            "break" => Stmt::Break,
            "continue" => Stmt::Continue,
            other => {
                let mut fault =
                    fault(format!("there is no statement `{other}`"), at..at + other.len());
                if let Some(opening) = other.strip_prefix("end") {
                    fault.help.push(format!("no `{opening}` is open here"));
                }
                return Err(fault);
            }
        };
        self.block_end(start)?;
        Ok(statement)
    }

    fn block_end(&mut self, start: usize) -> Result<(), Fault> {
        match self.peek_at(0) {
            Some(TokenKind::BlockEnd) => {
                self.at += 1;
                Ok(())
            }
            Some(_) => Err(self.expected("the end of the block")),
            None => Err(fault("this block is not closed", start..start)),
        }
    }

    /// The end of a block that others belong to. A colon may stand before it, as in Python.
    fn opened(&mut self) -> Result<(), Fault> {
        self.take_op(":");
        self.block_end(self.start())
    }

    /// What stands between here and the block `end`, with the ends of both.
    fn inner(&mut self, end: &str) -> Result<Vec<Stmt>, Fault> {
        self.opened()?;
        let body = self.body(&[end])?;
        self.ending(end)?;
        Ok(body)
    }

    fn ending(&mut self, end: &str) -> Result<(), Fault> {
        self.at += 1;
        self.expect_name(end)?;
        self.block_end(self.start())
    }

    fn conditional(&mut self) -> Result<Stmt, Fault> {
        let mut branches = Vec::new();
        loop {
            let condition = self.tuple_without_if(&[])?;
            self.opened()?;
            let body = self.conditionally(|parser| parser.body(&["elif", "else", "endif"]))?;
            branches.push((condition, body));
            self.at += 1;
            if self.take_name("elif") {
                continue;
            }
            let otherwise = if self.take_name("else") {
                self.opened()?;
                let body = self.conditionally(|parser| parser.body(&["endif"]))?;
                self.at += 1;
                body
            } else {
                Vec::new()
            };
            self.expect_name("endif")?;
            self.block_end(self.start())?;
            return Ok(Stmt::If(branches, otherwise));
        }
    }

    fn for_loop(&mut self) -> Result<Stmt, Fault> {
        let target = self.target(&["in"])?;
        self.expect_name("in")?;
        let iter = self.tuple_without_if(&["recursive"])?;
        let condition = if self.take_name("if") { Some(self.expression()?) } else { None };
        let recursive = self.take_name("recursive");
        self.opened()?;
        let body = self.body(&["else", "endfor"])?;
        self.at += 1;
        let otherwise = if self.take_name("else") {
            self.opened()?;
            let body = self.body(&["endfor"])?;
            self.at += 1;
            body
        } else {
            Vec::new()
        };
        self.expect_name("endfor")?;
        self.block_end(self.start())?;
        Ok(Stmt::For(Arc::new(For { target, iter, condition, recursive, body, otherwise })))
    }

    fn set(&mut self) -> Result<Stmt, Fault> {
        let target = self.target(&[])?;
        if self.take_op("=") {
            let value = self.tuple(&[])?;
            self.block_end(self.start())?;
            return Ok(Stmt::Set(target, value));
        }
        let filters = if self.is_op("|") {
            let start = self.start();
            let captured = Expr::new(ExprKind::Captured, start..start);
            Some(self.filter(captured, start)?)
        } else {
            None
        };
        Ok(Stmt::SetBlock(target, self.inner("endset")?, filters))
    }

    fn with(&mut self) -> Result<Stmt, Fault> {
        let mut assignments = Vec::new();
        while !matches!(self.peek_at(0), Some(TokenKind::BlockEnd) | None) {
            if !assignments.is_empty() {
                self.expect_op(",")?;
            }
            let target = self.target_item()?;
            self.expect_op("=")?;
            assignments.push((target, self.expression()?));
        }
        Ok(Stmt::With(assignments, self.inner("endwith")?))
    }

    fn macro_block(&mut self) -> Result<Stmt, Fault> {
        let name = self.name()?;
        let definition = self.macro_rest(name, "endmacro", None)?;
        Ok(Stmt::Macro(Arc::new(definition)))
    }

    fn call_block(&mut self) -> Result<Stmt, Fault> {
        let parameters = if self.is_op("(") { self.parameters()? } else { Vec::new() };
        let start = self.start();
        let call = self.expression()?;
        if !matches!(call.kind, ExprKind::Call(..)) {
            return Err(fault("a call is expected here", self.since(start)));
        }
        let body = self.macro_rest("caller".into(), "endcall", Some(parameters))?;
        Ok(Stmt::CallBlock(call, Arc::new(body)))
    }

    fn macro_rest(
        &mut self,
        name: Arc<str>,
        end: &str,
        parameters: Option<Vec<(Arc<str>, Option<Expr>)>>,
    ) -> Result<Macro, Fault> {
        let parameters = match parameters {
            Some(parameters) => parameters,
            None => self.parameters()?,
        };
        self.uses.push([false; 2]);
        let body = self.inner(end);
        let [varargs, kwargs] = self.uses.pop().unwrap_or_default();
        Ok(Macro { name, parameters, body: body?, takes_rest: (varargs, kwargs) })
    }

    fn parameters(&mut self) -> Result<Vec<(Arc<str>, Option<Expr>)>, Fault> {
        self.expect_op("(")?;
        let mut parameters: Vec<(Arc<str>, Option<Expr>)> = Vec::new();
        while !self.take_op(")") {
            let start = self.start();
            let name = self.name()?;
            let default = if self.take_op("=") { Some(self.expression()?) } else { None };
            if default.is_none() && parameters.last().is_some_and(|(_, default)| default.is_some())
            {
                return Err(fault(
                    "a parameter without a default follows one with a default",
                    self.since(start),
                ));
            }
            parameters.push((name, default));
            if !self.take_op(",") {
                self.expect_op(")")?;
                break;
            }
        }
        Ok(parameters)
    }

    fn filter_block(&mut self) -> Result<Stmt, Fault> {
        let start = self.start();
        let captured = Expr::new(ExprKind::Captured, start..start);
        let filters = self.filter(captured, start)?;
        Ok(Stmt::FilterBlock(self.inner("endfilter")?, filters))
    }

    fn named_block(&mut self) -> Result<Stmt, Fault> {
        let name = self.name()?;
        while self.take_name("scoped") || self.take_name("required") {}
        self.opened()?;
        let body = self.body(&["endblock"])?;
        self.at += 1;
        self.expect_name("endblock")?;
        if self.is_name(&name) {
            self.at += 1;
        }
        self.block_end(self.start())?;
        Ok(Stmt::Block(Arc::new(Block { name, body })))
    }

    fn include(&mut self) -> Result<Stmt, Fault> {
        let template = self.expression()?;
        let ignore_missing = self.is_name("ignore")
            && matches!(self.peek_at(1), Some(TokenKind::Name(next)) if next == "missing");
        if ignore_missing {
            self.at += 2;
        }
        let with_context = self.context(true);
        Ok(Stmt::Include(Include { template, ignore_missing, with_context }))
    }

    fn import(&mut self) -> Result<Stmt, Fault> {
        let template = self.expression()?;
        self.expect_name("as")?;
        let name = self.name()?;
        let with_context = self.context(false);
        Ok(Stmt::Import(template, name, with_context))
    }

    fn import_from(&mut self) -> Result<Stmt, Fault> {
        let template = self.expression()?;
        self.expect_name("import")?;
        let mut names = Vec::new();
        let mut with_context = false;
        loop {
            if self.context_follows() {
                with_context = self.context(false);
                break;
            }
            if matches!(self.peek_at(0), Some(TokenKind::BlockEnd) | None) && !names.is_empty() {
                break;
            }
            let name = self.name()?;
            let alias = if self.take_name("as") { self.name()? } else { Arc::clone(&name) };
            names.push((name, alias));
            if self.context_follows() {
                continue;
            }
            if !self.take_op(",") {
                break;
            }
        }
        Ok(Stmt::FromImport(template, names, with_context))
    }

    fn context_follows(&self) -> bool {
        (self.is_name("with") || self.is_name("without"))
            && matches!(self.peek_at(1), Some(TokenKind::Name(next)) if next == "context")
    }

    /// `with context` or `without context`, if it stands here.
    fn context(&mut self, default: bool) -> bool {
        if !self.context_follows() {
            return default;
        }
        let with = self.is_name("with");
        self.at += 2;
        with
    }

    /// What is assigned to: one or more, up to a word of `until` or an operator.
    fn target(&mut self, until: &[&str]) -> Result<Target, Fault> {
        let first = self.target_item()?;
        if !self.is_op(",") {
            return Ok(first);
        }
        let mut targets = vec![first];
        while self.take_op(",") {
            if until.iter().any(|word| self.is_name(word)) || self.is_op("=") {
                break;
            }
            targets.push(self.target_item()?);
        }
        Ok(Target::Tuple(targets))
    }

    fn target_item(&mut self) -> Result<Target, Fault> {
        if self.take_op("(") {
            let inner = self.target(&[])?;
            self.expect_op(")")?;
            return Ok(inner);
        }
        let start = self.start();
        let name = self.name()?;
        if matches!(&*name, "true" | "false" | "none" | "True" | "False" | "None") {
            return Err(fault(format!("`{name}` cannot be assigned to"), self.since(start)));
        }
        if self.take_op(".") {
            return Ok(Target::Attr(name, self.name()?));
        }
        Ok(Target::Name(name))
    }
}
