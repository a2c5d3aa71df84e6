//! `lookup('password', 'credentials/db length=20 chars=ascii_letters,digits')`

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use crate::template::args::Given;
use crate::template::eval::Machine;
use crate::template::eval::access::sequence;
use crate::template::filters::with_home;
use crate::template::lookups::options::{Options, Term};
use crate::template::mersenne::Mersenne;
use crate::template::passwords;
use crate::template::registry::LookupFn;
use crate::value::{FaultKind, Stop, Value, text};

/// The lookups of this file.
pub(super) const ALL: &[(&str, LookupFn)] = &[("password", LookupFn { run })];

const OPTIONS: &[&str] = &["length", "encrypt", "chars", "ident", "seed"];

/// A password that is kept in a file: drawn when the file does not exist, read when it does. `/dev/null` keeps nothing.
fn run(machine: &mut Machine, mut given: Given) -> Result<Vec<Value>, Stop> {
    // The set of characters may be a list, which the other options are not.
    let chars = match given.by_name("chars") {
        None | Some(Value::Null) => None,
        Some(value) => Some(match sequence(&value)? {
            Some(list) => list.iter().map(text).collect::<Result<Vec<_>, _>>()?,
            None => split_chars(&text(&value)?),
        }),
    };
    let options = Options::take(&mut given, OPTIONS)?;
    let terms: Vec<String> = given.rest().iter().map(text).collect::<Result<_, _>>()?;
    given.finish()?;
    terms
        .iter()
        .map(|term| one(machine, term, &options, chars.as_deref()).map(Value::from))
        .collect()
}

fn one(
    machine: &Machine,
    term: &str,
    options: &Options,
    chars: Option<&[String]>,
) -> Result<String, Stop> {
    let term = Term::split(term, OPTIONS)?;
    let name = with_home(machine, &term.words.join(" "));
    let own = term.option("chars", options).map(|chars| split_chars(&chars));
    let chars = alphabet(own.as_deref().or(chars));
    let length = match term.option("length", options) {
        None => 20,
        Some(length) => length
            .parse()
            .map_err(|_| Stop::argument(format!("`length` is no number: `{length}`")))?,
    };
    let seed = term.option("seed", options);
    let encrypt = term.option("encrypt", options);
    let draw = || draw(length, &chars, seed.as_deref());
    if name == "/dev/null" {
        return finish(draw(), encrypt.as_deref(), None);
    }
    let path = machine.context.lookups.base().join(&name);
    let kept = match fs::read_to_string(&path) {
        Ok(kept) => Some(kept),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => return Err(access(&path, "read", &error)),
    };
    let (password, salt, is_new) = match &kept {
        Some(kept) => {
            let kept = kept.trim_end_matches('\n');
            let (password, salt) = kept
                .split_once(" salt=")
                .map_or((kept, None), |(password, salt)| (password, Some(salt)));
            let salt = salt.map(|salt| salt.split(" ident=").next().unwrap_or(salt).to_owned());
            (password.to_owned(), salt, false)
        }
        None => (draw(), None, true),
    };
    let needs_salt = encrypt.is_some() && salt.is_none();
    let salt = salt.or_else(|| encrypt.as_ref().map(|_| passwords::random_salt(8)));
    if is_new || needs_salt {
        let content = match &salt {
            Some(salt) if encrypt.is_some() => format!("{password} salt={salt}\n"),
            _ => format!("{password}\n"),
        };
        keep(&path, &content, is_new)?;
    }
    finish(password, encrypt.as_deref(), salt.as_deref())
}

fn finish(password: String, encrypt: Option<&str>, salt: Option<&str>) -> Result<String, Stop> {
    match encrypt {
        None => Ok(password),
        Some(kind) => passwords::hash(&password, kind, salt, None, None),
    }
}

fn draw(length: usize, chars: &[char], seed: Option<&str>) -> String {
    let mut generator = match seed {
        Some(seed) => Mersenne::from_text(seed),
        None => {
            let seed: [u8; 64] = rand::random();
            Mersenne::from_bytes(&seed)
        }
    };
    let at = |number: u64| usize::try_from(number).unwrap_or(0);
    (0..length).map(|_| chars[at(generator.below(chars.len() as u64))]).collect()
}

/// Writes the file, for its owner alone. A new one must not have come into being meanwhile.
fn keep(path: &Path, content: &str, is_new: bool) -> Result<(), Stop> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .map_err(|error| access(folder, "made", &error))?;
    }
    if is_new {
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)
            .map_err(|error| access(path, "written", &error))?;
        return file.write_all(content.as_bytes()).map_err(|error| access(path, "written", &error));
    }
    let mut draft = PathBuf::from(path);
    draft.set_extension(format!("{}.new", std::process::id()));
    let written = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&draft)
        .and_then(|mut file| file.write_all(content.as_bytes()))
        .and_then(|()| fs::rename(&draft, path));
    written.map_err(|error| access(path, "written", &error))
}

fn access(path: &Path, what: &str, error: &std::io::Error) -> Stop {
    Stop::fault(FaultKind::Access, format!("`{}` cannot be {what}: {error}", path.display()))
}

/// The parts of `chars`: names of sets or characters, with commas between; two commas are a comma.
fn split_chars(chars: &str) -> Vec<String> {
    let mut parts: Vec<String> = chars
        .replace(",,", ",")
        .split(',')
        .filter(|part| !part.is_empty())
        .map(str::to_owned)
        .collect();
    if chars.contains(",,") {
        parts.push(",".to_owned());
    }
    parts
}

/// The characters that parts name, each once, in order.
fn alphabet(parts: Option<&[String]>) -> Vec<char> {
    let defaults = ["ascii_letters".to_owned(), "digits".to_owned(), ".,:-_".to_owned()];
    let mut chars = Vec::new();
    for part in parts.filter(|parts| !parts.is_empty()).unwrap_or(&defaults) {
        let set: String = match part.as_str() {
            "ascii_letters" => ('a'..='z').chain('A'..='Z').collect(),
            "ascii_lowercase" => ('a'..='z').collect(),
            "ascii_uppercase" => ('A'..='Z').collect(),
            "digits" => ('0'..='9').collect(),
            "hexdigits" => "0123456789abcdefABCDEF".to_owned(),
            "octdigits" => ('0'..='7').collect(),
            "punctuation" => "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~".to_owned(),
            "whitespace" => " \t\n\r\u{b}\u{c}".to_owned(),
            other => other.replace(['"', '\''], ""),
        };
        for character in set.chars() {
            if !chars.contains(&character) {
                chars.push(character);
            }
        }
    }
    if chars.is_empty() { ('a'..='z').collect() } else { chars }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::{alphabet, draw, split_chars};

    #[test]
    fn seeded_passwords_are_ansibles() {
        assert_eq!(draw(20, &alphabet(None), Some("x")), "O9iX65WvW9::bS:gx:86");
        assert_eq!(draw(4, &alphabet(Some(&["digits".to_owned()])), Some("x")), "5997");
    }

    #[test]
    fn a_comma_is_written_twice() {
        assert_eq!(split_chars("digits,ab,,"), ["digits", "ab", ","]);
    }
}
