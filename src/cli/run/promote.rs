//! Environments on the way of a run: what stands above its plan, whether it may be applied, and the record that it passed.

use std::collections::BTreeSet;
use std::io;

use jiff::Timestamp;

use crate::cli::args::Format;
use crate::cli::confirm;
use crate::cli::exit::{End, Name};
use crate::cli::run::flow::{Flow, Told};
use crate::cli::run::guard::{Guard, Missing, applies};
use crate::environment::Environment;
use crate::git;
use crate::history::History;
use crate::promotion::{self, FORM, Item, Pass, items};
use crate::record::{Applied, EnvironmentHead, NewItem, Override, Story};
use crate::report::hosts;
use crate::report::screen::Screen as _;
use crate::report::summary;
use crate::report::theme::Label;
use crate::saved::PlanKey;

impl Flow<'_> {
    /// Finds out what is known of the environments, for the lines above the plan.
    pub(super) fn survey(&self) {
        let Some(guard) = &self.prepared.guard else { return };
        let key = self.existing_key();
        let inputs = self.prepared.loader.inputs();
        let mut heads = Vec::new();
        for environment in &guard.environments {
            let mut head = EnvironmentHead {
                name: environment.name.value.clone(),
                protected: environment.protected,
                last: self.last(guard, environment),
                ..EnvironmentHead::default()
            };
            match guard.judge(environment, inputs, key.as_ref()) {
                Ok((passes, missing)) => {
                    head.passed = passes.iter().map(words).collect();
                    head.missing = missing.into_iter().map(|one| one.what).collect();
                }
                Err(error) => head.missing.push(error.to_string()),
            }
            let way =
                head.last.as_ref().zip(guard.resolved.as_ref()).and_then(|(last, resolved)| {
                    git::between(&guard.origin, &last.commit, &resolved.commit).ok().flatten()
                });
            if let Some(way) = way {
                head.commits = way.ahead;
                head.taken_back = way.behind;
            }
            heads.push(head);
        }
        self.head.borrow_mut().environments = heads;
    }

    /// What was applied to an environment last: by the records in git, or by the history here.
    fn last(&self, guard: &Guard, environment: &Environment) -> Option<Applied> {
        let name = &environment.name.value;
        let recorded = passes_of(guard, name).into_iter().max_by_key(|pass| pass.at);
        let recorded = recorded.map(|pass| {
            let (at, commit, run) = (time(pass.at), pass.commit, pass.run);
            (pass.at, Applied { commit, at, run, overridden: None })
        });
        let history = History::existing(&self.environment.history).ok().flatten();
        let history = history.and_then(|history| {
            let run = history.last_applied(&self.prepared.head.project, name).ok()??;
            let at = Timestamp::from_millisecond(run.started_ms).ok()?;
            let heads = run.head.environments.into_iter();
            let overridden =
                heads.filter(|head| head.name == *name).find_map(|head| head.overridden);
            let commit = run.head.revision?.commit?;
            Some((at, Applied { commit, at: time(at), run: run.id, overridden }))
        });
        // The run that a record names is kept here with more.
        let newest = match (recorded, history) {
            (Some(recorded), Some(kept)) if recorded.1.run == kept.1.run => Some(kept),
            (recorded, kept) => recorded.into_iter().chain(kept).max_by_key(|(at, _)| *at),
        };
        newest.map(|(_, applied)| applied)
    }

    /// Says what a plan holds that the plans of the environments before it did not.
    pub(super) fn compare(&self, story: &Story) {
        let Some(guard) = &self.prepared.guard else { return };
        for environment in guard.environments.iter().filter(|one| !one.after.is_empty()) {
            let name = &environment.name.value;
            let head = self.head.borrow();
            let about = head.environments.iter().find(|head| head.name == *name);
            let Some(about) = about.filter(|head| !head.passed.is_empty()) else { continue };
            // What led from what is applied to this commit, each step of which passed by itself.
            let way: Option<BTreeSet<&str>> = about.last.as_ref().map(|_| {
                let commits = about.commits.iter().map(|commit| commit.commit.as_str());
                commits.chain(guard.resolved.as_ref().map(|one| one.commit.as_str())).collect()
            });
            let known: BTreeSet<String> = environment
                .after
                .iter()
                .flat_map(|after| passes_of(guard, &after.value))
                .filter(|pass| way.as_ref().is_none_or(|way| way.contains(pass.commit.as_str())))
                .flat_map(|pass| pass.changes)
                .collect();
            drop(head);
            let new = items(story).into_iter().filter(|item| !known.contains(&item.digest));
            let new: Vec<NewItem> =
                new.map(|Item { task, what, hosts, .. }| NewItem { task, what, hosts }).collect();
            if self.request.output.format == Format::Human {
                self.tell_new(environment, &new);
            }
            let mut head = self.head.borrow_mut();
            let about = head.environments.iter_mut().filter(|head| head.name == *name);
            about.for_each(|about| about.new = Some(new.clone()));
        }
    }

    fn tell_new(&self, environment: &Environment, new: &[NewItem]) {
        let names: Vec<&str> = environment.after.iter().map(|one| one.value.as_str()).collect();
        let names = names.join(", ");
        let theme = self.terminal.theme;
        if new.is_empty() {
            return self
                .terminal
                .out(&format!("Nothing in this plan that {names} did not have.\n"));
        }
        let title = theme.paint(Label::Title, &format!("Not in what {names} was given"));
        let mut text = String::new();
        for item in new {
            let on: Vec<&str> = item.hosts.iter().map(String::as_str).collect();
            let on = hosts::list(&on, self.request.output.verbosity > 0);
            text.push_str(&format!("  {}  {}  ({on})\n", item.task, item.what));
        }
        self.terminal.out(&format!("{title}\n{}", theme.paint(Label::Plain, &text)));
    }

    /// Refuses to apply where something is missing, unless that is set aside. None where it may be applied.
    pub(super) fn refused(&self) -> Option<Told> {
        let guard = self.prepared.guard.as_ref()?;
        let key = self.existing_key();
        let inputs = self.prepared.loader.inputs();
        let mut errors = Vec::new();
        for environment in &guard.environments {
            let name = &environment.name.value;
            let missing = match guard.judge(environment, inputs, key.as_ref()) {
                Ok((_, missing)) => missing,
                Err(error) => vec![Missing { what: error.to_string(), help: Vec::new() }],
            };
            if missing.is_empty() {
                continue;
            }
            if let Some(reason) = &self.request.overriding {
                match self.overrule(environment, reason, &missing) {
                    Ok(()) => continue,
                    Err(why) => {
                        let message =
                            format!("`{name}` is protected, and nothing was applied: {why}");
                        self.terminal.error(&message, &[]);
                        errors.push(message);
                        continue;
                    }
                }
            }
            for Missing { what, mut help } in missing {
                let message = format!("`{name}` is protected, and nothing was applied: {what}");
                if environment.lets_override(&self.environment.who) {
                    help.push("or apply it all the same, with a reason: `--override \"…\"`".into());
                }
                self.terminal.error(&message, &help);
                errors.push(message);
            }
        }
        (!errors.is_empty()).then(|| Told { errors, ..Told::new(End::Refused) })
    }

    /// Sets aside what protects an environment, where whoever gave the reason may do that and says so twice.
    fn overrule(
        &self,
        environment: &Environment,
        reason: &str,
        missing: &[Missing],
    ) -> Result<(), String> {
        let (name, who) = (&environment.name.value, &self.environment.who);
        if !environment.lets_override(who) {
            return Err(format!("`{who}` may not override it (`override` in `converge.toml`)"));
        }
        if !self.terminal.can_ask() {
            return Err(
                "`--override` is asked for twice, and there is no terminal to ask on".into()
            );
        }
        for one in missing {
            self.terminal.warn(&format!("`{name}`: {}", one.what), &[]);
        }
        let agreed = confirm::twice(name, &mut io::stdin().lock(), &mut io::stdout().lock())
            .unwrap_or(false);
        if !agreed {
            return Err("it was not confirmed".into());
        }
        let mut head = self.head.borrow_mut();
        for one in head.environments.iter_mut().filter(|one| one.name == *name) {
            let (reason, who) = (reason.to_owned(), who.clone());
            one.overridden = Some(Override { reason, who });
        }
        Ok(())
    }

    /// Notes that a commit passed, where a run went well and a second plan is empty.
    pub(super) fn conclude(&self, end: End, story: &Story, run: Option<&str>) {
        let Some(guard) = self.prepared.guard.as_ref().filter(|guard| guard.is_recorded()) else {
            return;
        };
        let applied = applies(self.request.goal) || self.saved.is_some();
        if !applied || !matches!(end, End::Applied | End::Unchanged) {
            return;
        }
        let names: Vec<&str> =
            guard.environments.iter().map(|one| one.name.value.as_str()).collect();
        let names = names.join(", ");
        let not = |why: &str| self.say(&format!("{names} has not passed with this: {why}.\n"));
        if let Some(why) = guard.proves_nothing() {
            return not(&why);
        }
        if self.partial {
            return not("another run did the rest of it; an empty plan for all is a pass");
        }
        if end == End::Applied {
            let second = self.look("verifying", None);
            let totals = second.story.totals();
            if let Some(problem) = &second.broken {
                return not(&format!("the second plan came to no end ({problem})"));
            }
            if totals.pending() || totals.failed + totals.unreachable > 0 {
                let left: Vec<String> =
                    items(&second.story).iter().map(|item| item.task.clone()).take(5).collect();
                let told = summary::plan(&totals);
                return not(&format!(
                    "a second plan is not empty ({}): {}",
                    told.trim_end_matches('.'),
                    left.join(", ")
                ));
            }
        }
        match self.record(guard, story, run) {
            Ok(()) => {
                let short = guard.resolved.as_ref().and_then(|one| one.revision.short.as_deref());
                self.say(&format!(
                    "{names} has passed {}: recorded in {}, which is pushed like a branch.\n",
                    short.unwrap_or_default(),
                    git::NOTES
                ));
            }
            Err(why) => {
                self.terminal.warn(&format!("{names} passed, which is not recorded: {why}"), &[]);
            }
        }
    }

    fn record(&self, guard: &Guard, story: &Story, run: Option<&str>) -> Result<(), String> {
        let key = self.plan_key().map_err(|error| error.to_string())?;
        let (Some(resolved), Some(digest)) = (&guard.resolved, &guard.digest) else {
            return Ok(());
        };
        let inputs = self.prepared.loader.inputs();
        let outside = guard.outside(inputs, &key).map_err(|error| error.to_string())?;
        let mut outside: Vec<String> = outside.into_iter().map(|(_, digest)| digest).collect();
        outside.sort();
        outside.dedup();
        for environment in &guard.environments {
            let name = &environment.name.value;
            let pass = Pass {
                converge_pass: FORM,
                environment: name.clone(),
                commit: resolved.commit.clone(),
                digest: digest.clone(),
                run: run.unwrap_or_default().to_owned(),
                by: self.environment.who.clone(),
                // To the millisecond, as runs are told apart.
                at: Timestamp::from_millisecond(Timestamp::now().as_millisecond())
                    .unwrap_or_default(),
                converge: env!("CARGO_PKG_VERSION").to_owned(),
                playbooks: guard.playbooks.clone(),
                hosts: story.hosts.keys().cloned().collect(),
                vars: guard.vars(&key),
                outside: outside.clone(),
                changes: self.changes(guard, name, story),
            };
            git::add_note(&guard.origin, &resolved.commit, &pass.line(&key), &self.environment.who)
                .map_err(|error| error.to_string())?;
        }
        Ok(())
    }

    /// What was changed since the pass before: by this run, and by those that did not pass.
    fn changes(&self, guard: &Guard, environment: &str, story: &Story) -> Vec<String> {
        let mut all: BTreeSet<String> = items(story).into_iter().map(|item| item.digest).collect();
        let before = passes_of(guard, environment).into_iter().max_by_key(|pass| pass.at);
        if let Ok(Some(history)) = History::existing(&self.environment.history) {
            // Records tell seconds only, so the run itself says more, where it is known here.
            let began = |pass: &Pass| history.run(&pass.run).ok().map(|run| run.summary.started_ms);
            let since = before.map_or(0, |pass| {
                began(&pass).unwrap_or_else(|| pass.at.as_millisecond().saturating_add(999))
            });
            let runs = history.applied_since(&self.prepared.head.project, environment, since);
            for run in runs.unwrap_or_default() {
                if let Ok(run) = history.run(&run) {
                    all.extend(items(&run.story).into_iter().map(|item| item.digest));
                }
            }
        }
        all.into_iter().collect()
    }

    /// Whoever called converge `ansible-playbook` reads what Ansible prints.
    fn say(&self, text: &str) {
        match self.request.name {
            Name::AnsiblePlaybook => self.terminal.err(text),
            Name::Converge => self.terminal.out(text),
        }
    }

    fn existing_key(&self) -> Option<PlanKey> {
        let environment = self.environment;
        PlanKey::existing(environment.state.as_deref(), environment.plan_key.as_deref())
    }
}

/// Every record about an environment, whatever it is worth.
pub(super) fn passes_of(guard: &Guard, environment: &str) -> Vec<Pass> {
    let lines = git::all_notes(&guard.origin).unwrap_or_default();
    let passes = lines.values().flatten().filter_map(|line| promotion::read(line, None).ok());
    passes.map(|(pass, _)| pass).filter(|pass| pass.environment == environment).collect()
}

/// A pass in words.
fn words(pass: &Pass) -> String {
    format!("{} passed on {} (run {}, {})", pass.environment, time(pass.at), pass.run, pass.by)
}

fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M UTC").to_string()
}
