//! The command line of `ssh`, as `ansible_ssh_common_args` and its like give it (ssh(1)).

use crate::transport::ssh::config::words::{self, Directive};

/// Flags of `ssh` that take an argument.
const WITH_ARGUMENT: &str = "BbcDEeFIiJLlmOoPpQRSWw";

/// Flags of `ssh` without an argument.
const ALONE: &str = "46AaCfGgKkMNnqsTtVvXxYy";

/// What a command line says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Arguments {
    /// `-F`: read this file only.
    pub(super) config_file: Option<String>,
    /// The options in order; the first of each keyword wins.
    pub(super) directives: Vec<Directive>,
}

/// Reads the words of a command line.
pub(super) fn parse(words: &[String]) -> Result<Arguments, String> {
    let mut arguments = Arguments::default();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let Some(flags) =
            word.strip_prefix('-').filter(|flags| !flags.is_empty() && !flags.starts_with('-'))
        else {
            return Err(format!("`{word}` is not an option of ssh"));
        };
        for (at, flag) in flags.char_indices() {
            if ALONE.contains(flag) {
                match flag {
                    '4' => arguments.option("AddressFamily", "inet"),
                    '6' => arguments.option("AddressFamily", "inet6"),
                    _ => {}
                }
                continue;
            }
            if !WITH_ARGUMENT.contains(flag) {
                return Err(format!("`-{flag}` is not an option of ssh"));
            }
            let inline = &flags[at + flag.len_utf8()..];
            let value =
                if inline.is_empty() { words.next().cloned() } else { Some(inline.to_owned()) };
            let value = value.ok_or_else(|| format!("`-{flag}` of ssh needs an argument"))?;
            match flag {
                'F' => arguments.config_file = Some(value),
                'i' => arguments.option("IdentityFile", &value),
                'J' => arguments.option("ProxyJump", &value),
                'l' => arguments.option("User", &value),
                'p' => arguments.option("Port", &value),
                'c' => arguments.option("Ciphers", &value),
                'm' => arguments.option("MACs", &value),
                'b' => arguments.option("BindAddress", &value),
                'o' => match words::directive(&value) {
                    Ok(Some(directive)) => arguments.directives.push(directive),
                    Ok(None) => {}
                    Err(why) => return Err(format!("`-o {value}`: {why}")),
                },
                // Forwardings, logs and control sockets do not concern a connection that runs one helper.
                _ => {}
            }
            break;
        }
    }
    Ok(arguments)
}

impl Arguments {
    fn option(&mut self, keyword: &str, value: &str) {
        self.directives.push(Directive {
            keyword: keyword.to_ascii_lowercase(),
            words: vec![value.to_owned()],
            rest: value.to_owned(),
        });
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::parse;

    fn check(text: &str, expected: &[(&str, &str)]) {
        let arguments = parse(&shlex::split(text).unwrap()).unwrap();
        let found: Vec<_> = arguments
            .directives
            .iter()
            .map(|one| (one.keyword.as_str(), one.rest.as_str()))
            .collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn options_in_their_forms() {
        check("-o Port=1 -oPort=2 -o 'Port 3'", &[("port", "1"), ("port", "2"), ("port", "3")]);
        check("-J jump -Jother:22", &[("proxyjump", "jump"), ("proxyjump", "other:22")]);
        check(
            "-p 2222 -l ann -i ~/k",
            &[("port", "2222"), ("user", "ann"), ("identityfile", "~/k")],
        );
        check("-C -q -o ControlMaster=auto", &[("controlmaster", "auto")]);
        check("-qCp2222 -6", &[("port", "2222"), ("addressfamily", "inet6")]);
        check("-L 1:b:2 -D 9 -vvv", &[]);
        check(
            r#"-o ProxyCommand="ssh -W %h:%p -q bastion""#,
            &[("proxycommand", "ssh -W %h:%p -q bastion")],
        );
        check("", &[]);
    }

    #[test]
    fn the_config_file() {
        assert_eq!(
            parse(&["-F".into(), "./ssh.cfg".into()]).unwrap().config_file.as_deref(),
            Some("./ssh.cfg")
        );
    }

    #[test]
    fn mistakes_are_named() {
        for (text, message) in [
            ("-o 'Host \"a'", "`-o Host \"a`: a quote is not closed"),
            ("host", "`host` is not an option of ssh"),
            ("--port 3", "`--port` is not an option of ssh"),
            ("-Z", "`-Z` is not an option of ssh"),
            ("-p", "`-p` of ssh needs an argument"),
            ("-o Port", "`-o Port`: `Port` needs an argument"),
        ] {
            assert_eq!(parse(&shlex::split(text).unwrap()).unwrap_err(), message);
        }
    }
}
