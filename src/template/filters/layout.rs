//! Filters that lay text out: `indent`, `center`, `wordwrap`, `truncate`, `comment`.

use crate::template::args::Given;
use crate::template::eval::Machine;
use crate::template::methods::lines;
use crate::template::registry::FilterFn;
use crate::value::{Stop, Value, text};

/// The filters of this family.
pub(super) const ALL: &[(&str, FilterFn)] = &[
    ("indent", FilterFn::new(indent)),
    ("center", FilterFn::new(center)),
    ("wordwrap", FilterFn::new(wordwrap)),
    ("truncate", FilterFn::new(truncate)),
    ("comment", FilterFn::new(comment)),
];

/// `text | indent(width, first, blank)`
fn indent(_: &mut Machine, mut given: Given) -> Result<Value, Stop> {
    let text = given.text("s")?;
    let indention = match given.optional("width")? {
        None => "    ".to_owned(),
        Some(Value::Str(indention)) => indention.to_string(),
        Some(width) => {
            let width = crate::template::args::int("width", &width)?;
            " ".repeat(usize::try_from(width).unwrap_or(0))
        }
    };
    let first = given.flag("first", false)?;
    let blank = given.flag("blank", false)?;
    given.finish()?;
    let text = text + "\n";
    let mut out = String::new();
    for (index, line) in lines(&text, false).iter().enumerate() {
        if index > 0 {
            out.push('\n');
        }
        if (index > 0 || first) && (blank || index == 0 || !line.is_empty()) {
            out.push_str(&indention);
        }
        out.push_str(line);
    }
    Ok(out.into())
}

fn center(_: &mut Machine, mut given: Given) -> Result<Value, Stop> {
    let text = given.text("value")?;
    let width = given.optional_int("width")?.unwrap_or(80);
    given.finish()?;
    let length = text.chars().count();
    let space = usize::try_from(width).unwrap_or(0).saturating_sub(length);
    // Python puts the odd blank to the left where the width is odd, too.
    let left = space / 2 + (space & usize::try_from(width).unwrap_or(0) & 1);
    Ok(format!("{}{text}{}", " ".repeat(left), " ".repeat(space - left)).into())
}

/// `text | wordwrap(width, break_long_words, wrapstring, break_on_hyphens)`
fn wordwrap(_: &mut Machine, mut given: Given) -> Result<Value, Stop> {
    let text = given.text("s")?;
    let width = given.optional_int("width")?.unwrap_or(79);
    let break_long = given.flag("break_long_words", true)?;
    let separator = given.optional_text("wrapstring")?.unwrap_or_else(|| "\n".to_owned());
    let hyphens = given.flag("break_on_hyphens", true)?;
    given.finish()?;
    let Some(width) = usize::try_from(width).ok().filter(|width| *width > 0) else {
        return Err(Stop::argument("the width must be above 0"));
    };
    let wrapped: Vec<String> = lines(&text, false)
        .iter()
        .map(|line| wrap(line, width, break_long, hyphens).join(&separator))
        .collect();
    Ok(wrapped.join(&separator).into())
}

/// Wraps one line by the rules of Python's `textwrap`, blanks between words kept as they are.
fn wrap(line: &str, width: usize, break_long: bool, hyphens: bool) -> Vec<String> {
    let mut chunks = chunks(line, hyphens);
    chunks.reverse();
    let mut wrapped = Vec::new();
    while !chunks.is_empty() {
        if !wrapped.is_empty() && chunks.last().is_some_and(|chunk| chunk.trim().is_empty()) {
            chunks.pop();
        }
        let mut current = String::new();
        let mut used = 0;
        while let Some(chunk) = chunks.last() {
            let length = chunk.chars().count();
            if used + length > width {
                break;
            }
            used += length;
            current.extend(chunks.pop());
        }
        if let Some(chunk) = chunks.last_mut()
            && chunk.chars().count() > width
        {
            if break_long {
                let at = chunk
                    .char_indices()
                    .nth((width - used).max(1))
                    .map_or(chunk.len(), |(at, _)| at);
                current.push_str(&chunk[..at]);
                *chunk = chunk[at..].to_owned();
            } else if current.is_empty() {
                current.extend(chunks.pop());
            }
        }
        let trimmed = current.trim_end();
        if !trimmed.is_empty() {
            wrapped.push(trimmed.to_owned());
        } else if chunks.is_empty() {
            break;
        }
    }
    wrapped
}

/// Words and the blanks between them; words also end behind a hyphen between letters.
fn chunks(line: &str, hyphens: bool) -> Vec<String> {
    let mut chunks: Vec<String> = Vec::new();
    let characters: Vec<char> = line.chars().collect();
    let mut current = String::new();
    for (index, character) in characters.iter().enumerate() {
        let changes =
            index > 0 && characters[index - 1].is_whitespace() != character.is_whitespace();
        if changes {
            chunks.push(std::mem::take(&mut current));
        }
        current.push(*character);
        let letter = |at: Option<&char>| at.is_some_and(|character| character.is_alphabetic());
        if hyphens
            && *character == '-'
            && index >= 2
            && letter(characters.get(index - 1))
            && letter(characters.get(index - 2))
            && letter(characters.get(index + 1))
        {
            chunks.push(std::mem::take(&mut current));
        }
    }
    if !current.is_empty() {
        chunks.push(current);
    }
    chunks
}

/// `text | truncate(length, killwords, end, leeway)`
fn truncate(_: &mut Machine, mut given: Given) -> Result<Value, Stop> {
    let text = given.text("s")?;
    let length = given.optional_int("length")?.unwrap_or(255);
    let kill_words = given.flag("killwords", false)?;
    let end = given.optional_text("end")?.unwrap_or_else(|| "...".to_owned());
    let leeway = given.optional_int("leeway")?.unwrap_or(5);
    given.finish()?;
    let (Ok(length), Ok(leeway)) = (usize::try_from(length), usize::try_from(leeway)) else {
        return Err(Stop::argument("`length` and `leeway` cannot be negative"));
    };
    let end_length = end.chars().count();
    if length < end_length {
        return Err(Stop::argument(format!(
            "`length` must be at least {end_length}, the length of `end`"
        )));
    }
    if text.chars().count() <= length + leeway {
        return Ok(text.into());
    }
    let cut: String = text.chars().take(length - end_length).collect();
    let cut = if kill_words {
        cut.as_str()
    } else {
        cut.rsplit_once(' ').map_or(cut.as_str(), |(words, _)| words)
    };
    Ok(format!("{cut}{end}").into())
}

/// `text | comment(style, decoration=…, …)`: the text behind the comment marks of a language.
fn comment(_: &mut Machine, mut given: Given) -> Result<Value, Stop> {
    let value = given.text("text")?;
    let style = given.optional_text("style")?.unwrap_or_else(|| "plain".to_owned());
    let mut options: Vec<(&str, Option<String>)> = Vec::new();
    for name in [
        "newline",
        "beginning",
        "prefix",
        "prefix_count",
        "decoration",
        "postfix",
        "postfix_count",
        "end",
    ] {
        options.push((name, given.by_name(name).as_ref().map(text).transpose()?));
    }
    given.finish()?;
    let (beginning, decoration, end) = match style.as_str() {
        "plain" => ("", "# ", ""),
        "erlang" => ("", "% ", ""),
        "c" => ("", "// ", ""),
        "cblock" => ("/*", " * ", " */"),
        "xml" => ("<!--", " - ", "-->"),
        other => {
            return Err(Stop::argument(format!("there is no comment style `{other}`"))
                .help("styles are plain, erlang, c, cblock and xml; `decoration` sets any mark"));
        }
    };
    let option = |name: &str| {
        options.iter().find(|(known, _)| *known == name).and_then(|(_, value)| value.clone())
    };
    let newline = option("newline").unwrap_or_else(|| "\n".to_owned());
    let beginning = option("beginning").unwrap_or_else(|| beginning.to_owned());
    let decoration = option("decoration").unwrap_or_else(|| decoration.to_owned());
    let end = option("end").unwrap_or_else(|| end.to_owned());
    let bare = decoration.trim_end().to_owned();
    let prefix = option("prefix").unwrap_or_else(|| bare.clone());
    let postfix = option("postfix").unwrap_or(bare);
    let count =
        |name: &str| option(name).and_then(|count| count.parse::<usize>().ok()).unwrap_or(1);
    let mut out = String::new();
    if !beginning.is_empty() {
        out.push_str(&beginning);
        out.push_str(&newline);
    }
    if !prefix.is_empty() {
        let block = if prefix == newline { newline.clone() } else { format!("{prefix}{newline}") };
        out.push_str(&block.repeat(count("prefix_count")));
    }
    let decorated =
        format!("{decoration}{}", value.replace(&newline, &format!("{newline}{decoration}")));
    out.push_str(&decorated.replace(
        &format!("{decoration}{newline}"),
        &format!("{}{newline}", decoration.trim_end()),
    ));
    for _ in 0..count("postfix_count") {
        out.push_str(&newline);
        out.push_str(&postfix);
    }
    if !end.is_empty() {
        out.push_str(&newline);
        out.push_str(&end);
    }
    Ok(out.into())
}
