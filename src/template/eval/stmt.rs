//! Statements.

use std::sync::Arc;

use crate::template::ast::{Block, Expr, For, Include, Stmt, Template};
use crate::template::eval::access::{items, sequence};
use crate::template::eval::objects::{Loop, Macro, Module};
use crate::template::eval::{Flow, Locals, Machine, Output, Truth};
use crate::template::files;
use crate::value::{FaultKind, Live, Stop, Value};

impl Machine {
    /// Runs a template, and what it extends.
    pub(super) fn template(
        &mut self,
        template: &Template,
        output: &mut Output,
    ) -> Result<(), Stop> {
        self.collect_blocks(&template.body);
        let mut parent = None;
        for (index, statement) in template.body.iter().enumerate() {
            if let Stmt::Extends(name) = statement {
                let name = self.eval(name)?;
                parent = Some(files::load(self, &name)?);
                // What follows still sets variables and defines macros; it prints nothing.
                let mut discarded = Output::default();
                for statement in &template.body[index + 1..] {
                    if !matches!(statement, Stmt::Block(_)) {
                        self.statement(statement, &mut discarded)?;
                    }
                }
                break;
            }
            if self.statement(statement, output)? != Flow::Next {
                break;
            }
        }
        let Some((parent, origin)) = parent else { return Ok(()) };
        self.elsewhere(&origin, |machine| machine.template(&parent, output))
    }

    /// Runs statements.
    pub(super) fn body(&mut self, body: &[Stmt], output: &mut Output) -> Result<Flow, Stop> {
        for statement in body {
            let flow = self.statement(statement, output)?;
            if flow != Flow::Next {
                return Ok(flow);
            }
        }
        Ok(Flow::Next)
    }

    /// Runs statements and gives what they put out.
    pub(super) fn captured(&mut self, body: &[Stmt]) -> Result<Value, Stop> {
        let mut output = Output::default();
        self.body(body, &mut output)?;
        Ok(output.finish()?.0)
    }

    fn statement(&mut self, statement: &Stmt, output: &mut Output) -> Result<Flow, Stop> {
        match statement {
            Stmt::Text(text) => output.push(Value::Str(Arc::clone(text))),
            Stmt::Output(expr) => {
                let value = self.eval(expr)?;
                self.put(value, expr, output)?;
            }
            Stmt::If(branches, otherwise) => return self.conditional(branches, otherwise, output),
            Stmt::For(body) => {
                let value = self.eval(&body.iter)?;
                self.for_loop(body, &value, 0, output)?;
            }
            Stmt::Set(target, expr) => {
                let value = self.eval(expr)?;
                self.assign(target, value).map_err(|stop| stop.at(&expr.at))?;
            }
            Stmt::SetBlock(target, body, filters) => {
                let value = self.scoped(|machine| machine.captured(body))?;
                let value = self.filtered(value, filters.as_ref())?;
                self.assign(target, value)?;
            }
            Stmt::With(assignments, body) => {
                return self.scoped(|machine| {
                    for (target, expr) in assignments {
                        let value = machine.eval(expr)?;
                        machine.assign(target, value).map_err(|stop| stop.at(&expr.at))?;
                    }
                    machine.body(body, output)
                });
            }
            Stmt::FilterBlock(body, filters) => {
                let value = self.scoped(|machine| machine.captured(body))?;
                let value = self.filtered(value, Some(filters))?;
                self.put(value, filters, output)?;
            }
            Stmt::Macro(definition) => {
                let value = Macro::object(
                    Arc::clone(definition),
                    Arc::clone(&self.locals),
                    self.origin.clone(),
                );
                self.set(&definition.name, value);
                self.rings.push(Arc::clone(&self.locals));
            }
            Stmt::CallBlock(call, body) => {
                let caller =
                    Macro::object(Arc::clone(body), Arc::clone(&self.locals), self.origin.clone());
                let value =
                    self.call_with_caller(call, caller).map_err(|stop| stop.at(&call.at))?;
                self.put(value, call, output)?;
            }
            Stmt::Block(block) => self.named_block(block, output)?,
            Stmt::Include(include) => self.include(include, output)?,
            Stmt::Import(template, name, with_context) => {
                let module = self.module(template, *with_context)?;
                self.set(name, module);
            }
            Stmt::FromImport(template, names, with_context) => {
                let module = self.module(template, *with_context)?;
                for (name, alias) in names {
                    let value = self.attribute(&module, name, &template.at)?;
                    self.set(alias, value);
                }
            }
            Stmt::Do(expr) => {
                self.eval(expr)?;
            }
            Stmt::Scope(body) => return self.scoped(|machine| machine.body(body, output)),
            Stmt::Extends(name) => {
                return Err(
                    Stop::value("`extends` must stand at the top of a template").at(&name.at)
                );
            }
            Stmt::Break => return Ok(Flow::Break),
            Stmt::Continue => return Ok(Flow::Continue),
        }
        Ok(Flow::Next)
    }

    /// Puts out a value; an undefined one stops the template, except for that of an `if` without `else`.
    fn put(&mut self, value: Value, expr: &Expr, output: &mut Output) -> Result<(), Stop> {
        match &value {
            Value::Live(Live::Undefined(undefined))
                if !matches!(undefined.missing, crate::value::Missing::Else) =>
            {
                return Err(Stop::Undefined(Arc::clone(undefined)).at(&expr.at));
            }
            Value::Unknown(unknown) if self.marks.is_some() => {
                let mark = self.mark(unknown)?;
                output.push(mark);
            }
            _ if self.marks.is_some() => match crate::value::text(&value) {
                // A list with an unknown item prints as a mark in the whole.
                Err(Stop::Unknown(unknown)) => {
                    let mark = self.mark(&unknown)?;
                    output.push(mark);
                }
                _ => output.push(value),
            },
            _ => output.push(value),
        }
        Ok(())
    }

    fn filtered(&mut self, value: Value, filters: Option<&Expr>) -> Result<Value, Stop> {
        let Some(filters) = filters else { return Ok(value) };
        let outer = self.captured.replace(if value.is_null() { Value::from("") } else { value });
        let result = self.eval(filters);
        self.captured = outer;
        result
    }

    fn conditional(
        &mut self,
        branches: &[(Expr, Vec<Stmt>)],
        otherwise: &[Stmt],
        output: &mut Output,
    ) -> Result<Flow, Stop> {
        for (condition, body) in branches {
            match self.truth(condition)? {
                Truth::Yes => return self.body(body, output),
                Truth::No => {}
                Truth::Unknown(unknown) => {
                    let mark = self.mark(&unknown)?;
                    output.push(mark);
                    return Ok(Flow::Next);
                }
            }
        }
        self.body(otherwise, output)
    }

    /// Runs the body of a loop for each item.
    pub(super) fn for_loop(
        &mut self,
        body: &Arc<For>,
        value: &Value,
        depth: usize,
        output: &mut Output,
    ) -> Result<(), Stop> {
        let mut values = match items(value) {
            Ok(values) => values,
            Err(Stop::Unknown(unknown)) => {
                let mark = self.mark(&unknown)?;
                output.push(mark);
                return Ok(());
            }
            Err(stop) => return Err(stop.at(&body.iter.at)),
        };
        if let Some(condition) = &body.condition {
            values = self.matching(body, values, condition, output)?;
        }
        if values.is_empty() {
            self.scoped(|machine| machine.body(&body.otherwise, output))?;
            return Ok(());
        }
        let outer = Arc::clone(&self.locals);
        let (state, handle) =
            Loop::object(values.clone(), depth, Arc::clone(body), Arc::clone(&outer));
        let name: Arc<str> = "loop".into();
        for (index, value) in values.into_iter().enumerate() {
            state.advance(index);
            self.locals = Locals::inside(&outer);
            self.set(&name, handle.clone());
            let flow = self
                .assign(&body.target, value)
                .map_err(|stop| stop.at(&body.iter.at))
                .and_then(|()| self.body(&body.body, output));
            match flow {
                Ok(Flow::Break) => break,
                Ok(_) => {}
                Err(stop) => {
                    self.locals = outer;
                    return Err(stop);
                }
            }
        }
        self.locals = outer;
        Ok(())
    }

    /// The items for which the loop's condition holds.
    fn matching(
        &mut self,
        body: &For,
        values: Vec<Value>,
        condition: &Expr,
        output: &mut Output,
    ) -> Result<Vec<Value>, Stop> {
        let mut kept = Vec::with_capacity(values.len());
        for value in values {
            let truth = self.scoped(|machine| {
                machine.assign(&body.target, value.clone())?;
                machine.truth(condition)
            })?;
            match truth {
                Truth::Yes => kept.push(value),
                Truth::No => {}
                Truth::Unknown(unknown) => {
                    let mark = self.mark(&unknown)?;
                    output.push(mark);
                }
            }
        }
        Ok(kept)
    }

    fn collect_blocks(&mut self, body: &[Stmt]) {
        for statement in body {
            match statement {
                Stmt::Block(block) => {
                    let definitions = self.blocks.entry(Arc::clone(&block.name)).or_default();
                    if !definitions.iter().any(|other| Arc::ptr_eq(other, block)) {
                        definitions.push(Arc::clone(block));
                    }
                    self.collect_blocks(&block.body);
                }
                Stmt::If(branches, otherwise) => {
                    for (_, body) in branches {
                        self.collect_blocks(body);
                    }
                    self.collect_blocks(otherwise);
                }
                Stmt::For(body) => self.collect_blocks(&body.body),
                Stmt::With(_, body) | Stmt::Scope(body) | Stmt::FilterBlock(body, _) => {
                    self.collect_blocks(body);
                }
                _ => {}
            }
        }
    }

    fn named_block(&mut self, block: &Arc<Block>, output: &mut Output) -> Result<(), Stop> {
        self.run_block(&block.name, 0, output)
    }

    /// Runs a block's definition, the innermost being number 0.
    pub(super) fn run_block(
        &mut self,
        name: &Arc<str>,
        level: usize,
        output: &mut Output,
    ) -> Result<(), Stop> {
        let Some(block) =
            self.blocks.get(name).and_then(|definitions| definitions.get(level)).cloned()
        else {
            return Err(Stop::value(format!("there is no block `{name}` to run here")));
        };
        if self.calls >= super::MAX_CALLS {
            return Err(Stop::value("blocks run one another without end"));
        }
        self.calls += 1;
        let outer = self.block.replace((Arc::clone(name), level));
        let result = self.scoped(|machine| machine.body(&block.body, output));
        self.block = outer;
        self.calls -= 1;
        result.map(drop)
    }

    /// `super()`
    pub(super) fn super_block(&mut self) -> Result<Value, Stop> {
        let Some((name, level)) = self.block.clone() else {
            return Err(Stop::value("`super()` stands outside of a block"));
        };
        let mut output = Output::default();
        self.run_block(&name, level + 1, &mut output)?;
        Ok(output.finish()?.0)
    }

    fn include(&mut self, include: &Include, output: &mut Output) -> Result<(), Stop> {
        let name = self.eval(&include.template)?;
        let choices = sequence(&name)?.unwrap_or_else(|| vec![name.clone()]);
        let mut missing = None;
        for choice in &choices {
            match files::load(self, choice) {
                Ok((template, origin)) => {
                    return self.included(&template, &origin, include.with_context, output);
                }
                Err(Stop::Fault(fault)) if fault.kind == FaultKind::NotFound => {
                    missing = Some(Stop::Fault(fault));
                }
                Err(stop) => return Err(stop.at(&include.template.at)),
            }
        }
        match missing {
            Some(stop) if !include.ignore_missing => Err(stop.at(&include.template.at)),
            _ => Ok(()),
        }
    }

    fn included(
        &mut self,
        template: &Template,
        origin: &crate::template::origin::Origin,
        with_context: bool,
        output: &mut Output,
    ) -> Result<(), Stop> {
        let blocks = std::mem::take(&mut self.blocks);
        let inner = if with_context { Locals::inside(&self.locals) } else { Locals::isolated() };
        let outer = std::mem::replace(&mut self.locals, inner);
        let result = self.elsewhere(origin, |machine| machine.template(template, output));
        self.locals = outer;
        self.blocks = blocks;
        result
    }

    /// Runs another template for the macros and variables it defines.
    fn module(&mut self, template: &Expr, with_context: bool) -> Result<Value, Stop> {
        let name = self.eval(template)?;
        let (loaded, origin) = files::load(self, &name).map_err(|stop| stop.at(&template.at))?;
        let blocks = std::mem::take(&mut self.blocks);
        let inner = if with_context { Locals::inside(&self.locals) } else { Locals::isolated() };
        let outer = std::mem::replace(&mut self.locals, Arc::clone(&inner));
        let mut discarded = Output::default();
        let result = self.elsewhere(&origin, |machine| machine.template(&loaded, &mut discarded));
        self.locals = outer;
        self.blocks = blocks;
        result?;
        Ok(Module::object(inner.own()))
    }
}
