//! `~` and `$VAR` in arguments that are paths, as `os.path.expandvars` and `expanduser` of Python have them.

use crate::args::{Kind, Spec};
use crate::data::{Data, Map};
use crate::host::Host;
use crate::stop::Result;

/// Arguments with their paths expanded.
pub(crate) fn expand(spec: &Spec, mut args: Map, host: &dyn Host) -> Result<Map> {
    for (name, data) in &mut args {
        match spec.find(name).map(|arg| arg.kind) {
            Some(Kind::Path | Kind::Upload | Kind::Synced) => one(data, host)?,
            Some(Kind::List(Kind::Path)) => {
                if let Data::List(items) = data {
                    items.iter_mut().try_for_each(|item| one(item, host))?;
                } else {
                    one(data, host)?;
                }
            }
            _ => {}
        }
    }
    Ok(args)
}

/// A path with `$VAR`, `${VAR}` and a leading `~` or `~user` replaced by what they stand for; what stands for nothing stays.
pub(crate) fn path(text: &str, host: &dyn Host) -> Result<String> {
    let text = variables(text, &|name| host.variable(name));
    let Some(rest) = text.strip_prefix('~') else { return Ok(text) };
    let (name, rest) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let home = if name.is_empty() {
        Some(host.identity().home.clone())
    } else {
        host.user(name)?.map(|user| user.home)
    };
    Ok(home.map_or(text.clone(), |home| format!("{}{rest}", home.trim_end_matches('/'))))
}

/// A text with `$VAR` and `${VAR}` replaced by what they stand for.
pub(crate) fn variables(text: &str, value: &dyn Fn(&str) -> Option<String>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        let after = &rest[at + 1..];
        let part = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
        let (name, end) =
            match after.strip_prefix('{').and_then(|braced| Some((braced, braced.find('}')?))) {
                Some((braced, end)) => (&braced[..end], end + 2),
                None => {
                    let end = after.find(|letter| !part(letter)).unwrap_or(after.len());
                    (&after[..end], end)
                }
            };
        match value(name).filter(|_| !name.is_empty()) {
            Some(value) => out.push_str(&value),
            None => out.push_str(&rest[at..=at + end]),
        }
        rest = &after[end..];
    }
    out.push_str(rest);
    out
}

fn one(data: &mut Data, host: &dyn Host) -> Result<()> {
    if let Data::Str(text) = data
        && text.contains(['~', '$'])
    {
        *text = path(text, host)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{path, variables};
    use crate::host::real::Real;

    #[test]
    fn paths_are_expanded_as_python_expands_them() {
        let value = |name: &str| (name == "APP" || name == "a_1").then(|| "x/y".to_owned());
        let check = |text: &str, want: &str| assert_eq!(variables(text, &value), want);
        check("/srv/$APP/z", "/srv/x/y/z");
        check("/srv/${APP}z$a_1", "/srv/x/yzx/y");
        check("$NOPE ${NOPE} $ ${ $$APP é$APP", "$NOPE ${NOPE} $ ${ $x/y éx/y");
        let real = Real::new();
        let expanded = |text: &str| path(text, &real).unwrap();
        assert_eq!(expanded("~root/a"), "/root/a");
        assert_eq!(expanded("~no-such-user/a"), "~no-such-user/a");
        assert_eq!(expanded("a~"), "a~");
        assert_eq!(expanded("~/a"), format!("{}/a", real.identity.home));
    }
}
