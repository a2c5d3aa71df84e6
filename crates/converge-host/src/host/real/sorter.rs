//! What sort of content files have, as file(1) tells.
//!
//! Most of what file(1) takes for one file is to read its book of patterns. Where it is asked again, one process that has read it
//! stays and is told the paths one after another.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use crate::host::Output;
use crate::host::real::run;

/// The longest line that is an answer.
const LONGEST: u64 = 4096;

/// The process, if there is one.
#[derive(Default)]
pub(crate) struct Sorter {
    asked: usize,
    process: Option<Process>,
}

struct Process {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Sorter {
    /// What file(1) says of the content at a path; none where it has to be asked in another way.
    pub(crate) fn sort(&mut self, path: &Path) -> Option<Output> {
        self.asked += 1;
        let bytes = path.as_os_str().as_bytes();
        if self.asked == 1 || bytes.contains(&b'\n') {
            return None;
        }
        if self.process.is_none() {
            self.process = Process::start();
        }
        let answer = self.process.as_mut()?.ask(bytes);
        if answer.is_none() {
            self.process = None;
        }
        Some(Output { stdout: answer?, ..Output::default() })
    }
}

impl Process {
    fn start() -> Option<Self> {
        let program = run::program("file", &[])?;
        let mut child = Command::new(program)
            .args(["--brief", "--mime-type", "--mime-encoding", "--no-buffer", "--files-from", "-"])
            .envs([("LANG", "C.UTF-8"), ("LC_ALL", "C.UTF-8")])
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let (input, output) = (child.stdin.take()?, BufReader::new(child.stdout.take()?));
        Some(Self { child, input, output })
    }

    fn ask(&mut self, path: &[u8]) -> Option<Vec<u8>> {
        self.input.write_all(&[path, b"\n"].concat()).and_then(|()| self.input.flush()).ok()?;
        let mut line = Vec::new();
        self.output.by_ref().take(LONGEST).read_until(b'\n', &mut line).ok()?;
        line.ends_with(b"\n").then_some(line)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It reads nothing more; whether it had ended already does not matter.
        let _gone = self.child.kill().and_then(|()| self.child.wait());
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::Sorter;
    use crate::host::real::Real;
    use crate::host::{Command, Host};

    #[test]
    fn a_process_that_stays_says_what_one_for_each_file_says() {
        let real = Real::new();
        if real.program("file").unwrap().is_none() {
            return;
        }
        let root = tempfile::tempdir().unwrap();
        let files: [(&str, &[u8]); 5] = [
            ("text", b"a\n"),
            ("a name\twith\\ odd: \"signs\"", b"#!/bin/sh\necho\n"),
            ("two\nlines", "é\n".as_bytes()),
            ("binary", b"\x7fELF\x02\x01\x01\0\0\0"),
            ("empty", b""),
        ];
        let mut sorter = Sorter::default();
        for (name, content) in files.into_iter().chain(files) {
            let path = root.path().join(name);
            fs::write(&path, content).unwrap();
            let single = real.probe(&Command::sorts(&path)).unwrap();
            let answer = sorter.sort(&path);
            assert_eq!(answer.is_none(), sorter.asked == 1 || name.contains('\n'), "{name:?}");
            if let Some(answer) = answer {
                assert_eq!(answer.text(), single.text(), "{name:?}");
            }
        }
    }

    #[test]
    fn a_process_that_ended_is_started_again() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("f");
        fs::write(&path, "a\n").unwrap();
        let mut sorter = Sorter { asked: 1, process: None };
        let Some(first) = sorter.sort(&path) else { return };
        sorter.process.as_mut().unwrap().child.kill().unwrap();
        sorter.process.as_mut().unwrap().child.wait().unwrap();
        assert_eq!(sorter.sort(&path), None);
        assert_eq!(sorter.sort(&path), Some(first));
    }
}
