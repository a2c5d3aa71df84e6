//! `async` with `poll: 0`: commands that outlive the connection, and `async_status`, which asks what became of them.
//!
//! A job is a shell of its own session on the host. What it is and what it said lies in `~/.ansible_async`, as with Ansible, so that a later
//! run can ask too; `ansible_async_dir` names another folder. Other modules than commands are run to their end at once.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use converge_host::data::{Data, Map as Args};
use converge_host::wire::Call;

use crate::event::Verdict;
use crate::plan::eval::Eval;
use crate::plan::halt::Halt;
use crate::plan::outcome::Outcome;
use crate::playbook::Task;
use crate::value::Value;
use crate::vars::Vars;

/// The module that asks about a job.
pub(super) const STATUS: &str = "async_status";

/// Modules that can be left to themselves.
const COMMANDS: [&str; 2] = ["command", "shell"];

/// Starts `$3 -c "$4"` for at most `$2` seconds with the umask `$5` and writes what becomes of it beside `$1`.
const JOB: &str = r#"now() { date '+%Y-%m-%d %H:%M:%S.%6N'; }
now > "$1.start"
(
  umask "$5"
  if command -v timeout > /dev/null; then exec timeout "$2" "$3" -c "$4"; else exec "$3" -c "$4"; fi
) > "$1.out" 2> "$1.err" < /dev/null
code=$?
now > "$1.end"
echo "$code" > "$1.new" && mv "$1.new" "$1.rc""#;

/// What stands for the job of a task that was run to its end at once.
const DONE: &str = "done";

/// The code with which timeout(1) ends.
const TIMED_OUT: i64 = 124;

/// For how many seconds a task may run in the background, where it is not waited for.
pub(super) fn seconds(task: &Task, eval: &Eval, vars: &Vars) -> Result<Option<i64>, Halt> {
    let number = |node: &Option<crate::yaml::Node>, default: i64| match node {
        Some(node) => eval.value(node, vars).and_then(|value| eval.integer(&value)),
        None => Ok(default),
    };
    let (limit, poll) = (number(&task.r#async, 0)?, number(&task.poll, 15)?);
    Ok((limit > 0 && poll == 0).then_some(limit))
}

/// Whether a job of this module goes on by itself.
pub(super) fn detaches(task: &Task) -> bool {
    COMMANDS.contains(&task.module())
}

/// What tells the host where jobs are kept, if the variable says so.
pub(super) fn folder(eval: &Eval, vars: &Vars) -> Result<Option<(String, String)>, Halt> {
    if !vars.contains("ansible_async_dir") {
        return Ok(None);
    }
    let folder = eval.shown(&eval.variable("ansible_async_dir", vars)?)?;
    Ok(Some(("CONVERGE_JOBS".to_owned(), folder)))
}

/// Makes a call of a command one that starts it and comes back.
pub(super) fn detach(call: &mut Call, limit: i64) {
    let number = rand::random::<u64>() % 1_000_000_000_000;
    let job = format!("j{number}.{}", std::process::id());
    let text = |name: &str| call.args.get(name).and_then(Data::as_str).map(str::to_owned);
    let shell = text("executable").unwrap_or_else(|| "/bin/sh".to_owned());
    let command = match (call.args.get("argv"), text("cmd")) {
        (Some(Data::List(words)), _) => {
            words.iter().map(|word| quoted(&shown(word))).collect::<Vec<_>>().join(" ")
        }
        (_, Some(command)) if call.module == "command" => match shlex::split(&command) {
            Some(words) => words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" "),
            None => command,
        },
        (_, command) => command.unwrap_or_default(),
    };
    let script = format!(
        "mask=$(umask)\numask 077\nd=\"${{CONVERGE_JOBS:-$HOME/.ansible_async}}\"\nmkdir -p \"$d\" && : > \"$d/{job}.started\" || exit 1\n\
         setsid /bin/sh -c {} sh \"$d/{job}\" {limit} {} {} \"$mask\" > /dev/null 2>&1 < /dev/null &\necho {job}\necho \"$d/{job}\"\n",
        quoted(JOB),
        quoted(&shell),
        quoted(&command),
    );
    let mut args = Args::new();
    args.insert("cmd".into(), script.into());
    for name in ["chdir", "creates", "removes"] {
        if let Some(value) = call.args.get(name) {
            args.insert(name.into(), value.clone());
        }
    }
    call.module = "shell".into();
    call.args = args;
}

/// The call that asks about a job, or removes what is kept of it.
pub(super) fn ask(job: &str, mode: &str, env: Vec<(String, String)>) -> Result<Call, Halt> {
    let known = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '-' | '_');
    if job.is_empty() || !job.chars().all(known) {
        return Err(Halt::new(format!("`{job}` is no `ansible_job_id`")));
    }
    let find = format!(
        "j=\"${{CONVERGE_JOBS:-$HOME/.ansible_async}}/{job}\"\n[ -e \"$j.started\" ] || exit 4\n"
    );
    let script = match mode {
        "status" => format!(
            "{find}echo \"$j\"\n[ -e \"$j.rc\" ] || exit 0\ncat \"$j.rc\" \"$j.start\" \"$j.end\"\n\
             base64 < \"$j.out\" | tr -d '\\n'\necho\nbase64 < \"$j.err\" | tr -d '\\n'\necho\n"
        ),
        "cleanup" => format!("{find}rm -f -- \"$j.\"*\necho \"$j\"\necho erased\n"),
        other => {
            return Err(Halt::new(format!("there is no mode `{other}`"))
                .help("there are status and cleanup"));
        }
    };
    let args = Args::from_iter([("cmd".to_owned(), Data::from(script))]);
    Ok(Call { module: "shell".into(), args, env })
}

/// What is told of a job that was run to its end at once.
pub(super) fn done(job: &str) -> Option<Outcome> {
    let mut told = Outcome::local(false, crate::value::Map::new());
    told.set("ansible_job_id", job.into());
    told.set("started", true.into());
    told.set("finished", true.into());
    (job == DONE).then_some(told)
}

/// Gives the answer to a start or a question the form that Ansible's has.
pub(super) fn shape(task: &Task, eval: &Eval, vars: &Vars, outcome: &mut Outcome) {
    if outcome.void || outcome.lost.is_some() || matches!(outcome.verdict, Verdict::Skipped { .. })
    {
        return;
    }
    if task.module() == STATUS {
        if outcome.value.get("finished").is_some() {
            return;
        }
        return answered(outcome);
    }
    if !matches!(seconds(task, eval, vars), Ok(Some(_))) || outcome.is_failed() {
        return;
    }
    if outcome.planned {
        for key in ["ansible_job_id", "results_file"] {
            outcome.set(key, Value::unknown("a job that is not started yet"));
        }
        outcome.set("started", true.into());
        outcome.set("finished", false.into());
        return;
    }
    if !detaches(task) {
        outcome.set("ansible_job_id", DONE.into());
        outcome.set("started", true.into());
        return outcome.set("finished", true.into());
    }
    if let [job, file, ..] = lines(outcome).as_slice() {
        let mut started = Outcome::local(true, crate::value::Map::new());
        started.set("ansible_job_id", job.as_str().into());
        started.set("results_file", file.as_str().into());
        started.set("started", true.into());
        started.set("finished", false.into());
        started.changes.clone_from(&outcome.changes);
        started.took = outcome.took;
        *outcome = started;
    }
}

fn answered(outcome: &mut Outcome) {
    let said = lines(outcome);
    let code = outcome.value.get("rc").and_then(Value::as_int);
    let (changes, took) = (std::mem::take(&mut outcome.changes), outcome.took);
    drop(changes);
    let mut told = match (code, said.as_slice()) {
        (Some(4), _) => {
            let mut told = Outcome::failed("could not find job");
            told.set("started", true.into());
            told.set("finished", true.into());
            told
        }
        (_, [file, word]) if word == "erased" => {
            let mut told = Outcome::local(false, crate::value::Map::new());
            told.set("erased", file.as_str().into());
            told.set("started", true.into());
            told.set("finished", true.into());
            told
        }
        (_, [file]) => {
            let mut told = Outcome::local(false, crate::value::Map::new());
            told.set("started", true.into());
            told.set("finished", false.into());
            told.set("results_file", file.as_str().into());
            told.set("ansible_job_id", name(file));
            told
        }
        (_, [file, code, start, end, rest @ ..]) => ended(file, code, start, end, rest),
        _ => return,
    };
    told.took = took;
    *outcome = told;
}

fn ended(file: &str, code: &str, start: &str, end: &str, rest: &[String]) -> Outcome {
    let code: i64 = code.trim().parse().unwrap_or(-1);
    let message = match code {
        0 => "",
        TIMED_OUT => "async task did not complete within the requested time",
        _ => "non-zero return code",
    };
    let mut told = match code {
        0 => Outcome::local(true, crate::value::Map::new()),
        _ => Outcome::failed(message),
    };
    told.set("changed", true.into());
    told.set("msg", message.into());
    told.set("rc", code.into());
    for (index, stream) in ["stdout", "stderr"].into_iter().enumerate() {
        let bytes = rest.get(index).and_then(|text| STANDARD.decode(text.trim()).ok());
        let text = String::from_utf8_lossy(&bytes.unwrap_or_default()).into_owned();
        let text = text.trim_end_matches(['\r', '\n']);
        told.set(stream, text.into());
        let lines: Vec<Value> = text.lines().map(Value::from).collect();
        told.set(&format!("{stream}_lines"), Value::list(lines));
    }
    told.set("start", start.into());
    told.set("end", end.into());
    told.set("started", true.into());
    told.set("finished", true.into());
    told.set("results_file", file.into());
    told.set("ansible_job_id", name(file));
    told
}

/// The name of a job by its file.
fn name(file: &str) -> Value {
    file.rsplit('/').next().unwrap_or(file).into()
}

fn lines(outcome: &Outcome) -> Vec<String> {
    let stdout = outcome.value.get("stdout").and_then(Value::as_str).unwrap_or_default();
    stdout.lines().map(str::to_owned).collect()
}

fn shown(data: &Data) -> String {
    match data {
        Data::Str(text) => text.clone(),
        Data::Int(number) => number.to_string(),
        Data::Bool(truth) => truth.to_string(),
        Data::Float(number) => number.to_string(),
        _ => String::new(),
    }
}

/// A word as a shell takes it literally.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}
