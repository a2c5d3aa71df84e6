//! Against what PyYAML made of the same text, recorded.

use crate::diagnostic::{Severity, render};
use crate::source::Source;
use crate::yaml::{Kind, Node, Style, Tag, parse, parse_all, scalar};

#[test]
fn scalars_as_pyyaml() {
    let mut checked = 0;
    for line in include_str!("recorded/scalars.txt").lines().skip(1) {
        let (text, expected) = line.split_once('\t').unwrap();
        let found = match scalar(text) {
            Kind::Null => "N".to_owned(),
            Kind::Bool(value) => format!("B{}", u8::from(value)),
            Kind::Int(value) => format!("I{value}"),
            Kind::BigInt(digits) => format!("I{digits}"),
            Kind::Float(value) if value.is_nan() => "Fnan".to_owned(),
            Kind::Float(value) => format!("F{:016x}", value.to_bits()),
            Kind::Str(text, Style::Plain) => format!("S{text}"),
            other => panic!("{other:?}"),
        };
        assert_eq!(found, expected, "{text:?}");
        checked += 1;
    }
    assert!(checked > 100, "only {checked} scalars");
}

#[test]
fn documents_as_pyyaml() {
    let mut checked = 0;
    for case in include_str!("recorded/documents.txt").split("=====\n").skip(1) {
        let (text, expected) = case.split_once("\n->\n").unwrap();
        // PyYAML says only "scalar" where we name what was found.
        let expected = expected.split(", but found").next().unwrap().trim_end();
        assert_eq!(outcome(&format!("{text}\n")), expected, "{text}");
        checked += 1;
    }
    assert!(checked > 30, "only {checked} documents");
}

/// The tree, or the last error, as the recording writes them.
fn outcome(text: &str) -> String {
    let (node, diagnostics) = parse(&Source::new("f.yml", text));
    let error = diagnostics.iter().rfind(|diagnostic| diagnostic.severity == Severity::Error);
    match (node, error) {
        (_, Some(error)) => {
            let place = error.labels[0].span.place();
            // Names are added to libyaml's sentences after a backtick or a colon.
            let words = error
                .message
                .split([':', '`'])
                .next()
                .unwrap()
                .split(", but found")
                .next()
                .unwrap()
                .trim_end();
            format!("ERR {}:{} {words}", place.line, place.column)
        }
        (Some(node), None) => {
            let mut text = "OK ".to_owned();
            dump(&node, &mut text);
            text
        }
        (None, None) => panic!("neither a tree nor an error"),
    }
}

fn dump(node: &Node, out: &mut String) {
    let place = node.span.place();
    out.push_str(&format!("@{}:{} ", place.line, place.column));
    match &node.kind {
        Kind::Null => out.push_str("null"),
        Kind::Bool(value) => out.push_str(&value.to_string()),
        Kind::Int(value) => out.push_str(&value.to_string()),
        Kind::BigInt(digits) => out.push_str(digits),
        Kind::Float(value) => out.push_str(&format!("f:{:016x}", value.to_bits())),
        Kind::Str(text, _) => {
            out.push('"');
            for letter in text.chars() {
                if letter == ' ' || letter.is_ascii_graphic() && !matches!(letter, '"' | '\\') {
                    out.push(letter);
                } else {
                    out.push_str(&format!("\\u{{{:x}}}", u32::from(letter)));
                }
            }
            out.push('"');
        }
        Kind::Seq(items) => {
            out.push('[');
            for item in items.iter() {
                dump(item, out);
                out.push(',');
            }
            out.push(']');
        }
        Kind::Map(entries) => {
            out.push('{');
            for (key, value) in entries.iter() {
                dump(key, out);
                out.push('=');
                dump(value, out);
                out.push(',');
            }
            out.push('}');
        }
    }
}

fn one(text: &str) -> Node {
    let (node, diagnostics) = parse(&Source::new("f.yml", text));
    assert_eq!(diagnostics, [], "{text}");
    node.unwrap()
}

fn rendered(text: &str) -> String {
    render(&parse(&Source::new("f.yml", text)).1, false)
}

#[test]
fn ansible_tags() {
    let node = one(
        "a: !unsafe '{{ x }}'\nb: !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  3031\nc: !unsafe {d: ['{{ y }}', 3]}\n",
    );
    assert_eq!(node.get("a").unwrap().tag, Tag::Unsafe);
    let vault = node.get("b").unwrap();
    assert_eq!(
        (vault.tag, vault.as_str()),
        (Tag::Vault, Some("$ANSIBLE_VAULT;1.1;AES256\n3031\n"))
    );
    let inner = node.get("c").unwrap().get("d").unwrap().as_seq().unwrap();
    assert_eq!((inner[0].tag, inner[1].tag), (Tag::Unsafe, Tag::Unsafe));
    assert_eq!(one("a: !vault-encrypted x").get("a").unwrap().tag, Tag::Vault);
}

#[test]
fn tags_that_hold_other_things() {
    assert_eq!(one("!!set {a, b}").as_seq().unwrap().len(), 2);
    let pairs = one("!!omap [a: 1, b: 2]");
    assert_eq!(pairs.as_seq().unwrap()[1].as_seq().unwrap()[1].kind, Kind::Int(2));
    assert_eq!(one("!!binary aGVsbG8=").as_str(), Some("aGVsbG8="));
}

#[test]
fn spans_cover_the_content() {
    let node = one("a:\n  b: [1, 2]\n  c: |\n    text\n\n# comment\nd: {e: 1}\n");
    assert_eq!(node.get("a").unwrap().span.text(), "b: [1, 2]\n  c: |\n    text\n\n");
    assert_eq!(node.get("a").unwrap().get("b").unwrap().span.text(), "[1, 2]");
    assert_eq!(node.get("d").unwrap().span.text(), "{e: 1}");
    assert_eq!(one("\u{feff}é: ü").get("é").unwrap().span.text(), "ü");
}

#[test]
fn a_missing_last_line_break_adds_nothing() {
    assert_eq!(one("a: |\n  x").get("a").unwrap().as_str(), Some("x"));
    assert_eq!(one("a: |\n  x\n").get("a").unwrap().as_str(), Some("x\n"));
    assert_eq!(one("a: |\n  x\n  ").get("a").unwrap().as_str(), Some("x\n"));
    assert_eq!(one("a: |+\n  x\n\n  ").get("a").unwrap().as_str(), Some("x\n\n"));
    assert_eq!(one("a: |-\n  x").get("a").unwrap().as_str(), Some("x"));
    assert_eq!(one("a: b").get("a").unwrap().as_str(), Some("b"));
}

#[test]
fn empty_text_is_null() {
    assert_eq!(one("").kind, Kind::Null);
    assert_eq!(one("# only a comment\n").kind, Kind::Null);
    assert_eq!(one("---\n").kind, Kind::Null);
}

#[test]
fn several_documents() {
    let (nodes, diagnostics) =
        parse_all(&Source::new("f.yml", "--- 1\n--- &a x\n---\n- &a y\n- *a\n"));
    assert_eq!(diagnostics, []);
    assert_eq!(nodes.unwrap().len(), 3);
    assert_eq!(parse_all(&Source::new("f.yml", "")).0.unwrap().len(), 0);
}

#[test]
fn duplicate_keys_are_told_with_both_places() {
    insta::assert_snapshot!(rendered("a: 1\nb: 2\na: 3\n"));
    assert_eq!(
        rendered("x: &x {a: 1}\ny: {<<: *x, a: 2}\n"),
        "",
        "overriding is what merging is for"
    );
}

#[test]
fn mistakes_are_shown_where_they_are() {
    insta::assert_snapshot!(
        [
            "- name: x\n  debug: msg={{ a }} is: b\n",
            "a: {{ x }}\n",
            "tasks:\n\t- x\n",
            "a: !valut x\n",
            "a: 'open\nb: c\n",
            "a: [!, b]\n",
            "a: \u{1}\n",
            "a: @x\n",
            "a: !!map [1]\n",
            "a: !!str [1]\n",
            "a: !!int x1\n",
            "a: &x 1\nb: &x 2\n",
            "--- 1\n--- 2\n",
        ]
        .map(rendered)
        .join("\n")
    );
}

#[test]
fn attacks_are_refused() {
    let deep = "[".repeat(5000);
    assert!(rendered(&deep).contains("more than 200 lists and mappings inside each other"));
    let mut laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..10 {
        let aliases = vec![format!("*a{}", level - 1); 10].join(", ");
        laughs.push_str(&format!("a{level}: &a{level} [{aliases}]\n"));
    }
    assert!(
        rendered(&laughs).contains("aliases make this document larger"),
        "{}",
        rendered(&laughs)
    );
    assert!(rendered("&a [*a]").contains("stands inside the value it refers to"));
}
