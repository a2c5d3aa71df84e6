//! `lookup('template', 'nginx.conf.j2')`

use crate::source::Source;
use crate::template::args::Given;
use crate::template::error::stop_resolved;
use crate::template::eval::Machine;
use crate::template::eval::access::entries;
use crate::template::files::{FileOptions, find, read};
use crate::template::origin::Origin;
use crate::template::registry::LookupFn;
use crate::template::scope::FileKind;
use crate::value::{FaultKind, Stop, Value, text};

/// The lookups of this file.
pub(super) const ALL: &[(&str, LookupFn)] = &[("template", LookupFn { run })];

/// What template files render to.
fn run(machine: &mut Machine, mut given: Given) -> Result<Vec<Value>, Stop> {
    let vars =
        given.by_name("template_vars").map_or(Ok(None), |vars| entries(&vars))?.unwrap_or_default();
    let mut options = FileOptions::default();
    for (name, mark) in [
        ("variable_start_string", &mut options.syntax.variable_start),
        ("variable_end_string", &mut options.syntax.variable_end),
        ("comment_start_string", &mut options.syntax.comment_start),
        ("comment_end_string", &mut options.syntax.comment_end),
        ("block_start_string", &mut options.syntax.block_start),
        ("block_end_string", &mut options.syntax.block_end),
    ] {
        if let Some(value) = given.by_name(name) {
            *mark = text(&value)?;
        }
    }
    for (name, flag) in [
        ("trim_blocks", &mut options.syntax.trim_blocks),
        ("lstrip_blocks", &mut options.syntax.lstrip_blocks),
    ] {
        if let Some(value) = given.by_name(name) {
            *flag = value.is_true();
        }
    }
    given.by_name("convert_data");
    given.by_name("jinja2_native");
    let split = given.by_name("split_lines").is_some_and(|split| split.is_true());
    let names = given.rest();
    given.finish()?;
    let mut found = Vec::new();
    for name in &names {
        let rendered = one(machine, &text(name)?, &options, &vars)?;
        if split {
            found.extend(
                crate::template::methods::lines(&rendered, false).into_iter().map(Value::from),
            );
        } else {
            found.push(rendered.into());
        }
    }
    Ok(found)
}

fn one(
    machine: &Machine,
    name: &str,
    options: &FileOptions,
    vars: &[(crate::value::Key, Value)],
) -> Result<String, Stop> {
    let context = &machine.context;
    let Some(path) = find(&*context.lookups, FileKind::Templates, name) else {
        return Err(Stop::fault(FaultKind::Access, format!("there is no template `{name}`")));
    };
    let source = Source::new(&path, read(&*context.lookups, &path)?);
    let origin = Origin::Source(source.clone());
    let mut options = options.clone();
    let (body, _) = options.with_header(source.text())?;
    let template = context
        .engine
        .file(body, &options.syntax)
        .map_err(|fault| stop_resolved(fault.into(), &origin))?;
    let mut inner = Machine::new(context.this(), origin.clone());
    inner.set_syntax(&options.syntax);
    let shown = path.display().to_string();
    for (name, value) in [("template_path", shown.as_str()), ("template_fullpath", shown.as_str())]
    {
        inner.set(&name.into(), value.into());
    }
    for (name, value) in vars {
        inner.set(&name.to_string().into(), value.clone());
    }
    let (rendered, unknown) =
        inner.text(&template, body).map_err(|stop| stop_resolved(stop, &origin))?;
    match unknown.into_iter().reduce(|all, more| all.and(&more)) {
        Some(unknown) => Err(Stop::Unknown(unknown)),
        None => Ok(rendered),
    }
}
