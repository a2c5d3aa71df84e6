//! Saves a plan that was shown.

use std::path::Path;
use std::time::UNIX_EPOCH;

use crate::cli::run::flow::{Flow, Walked};
use crate::cli::run::kept::Kept;
use crate::git;
use crate::run::Reviewed;
use crate::saved::{self, About, Bound, Input, Machine, PlanKey, Saved, SavedError, Step};

impl Flow<'_> {
    /// Saves what was shown, and says so.
    pub(super) fn save(&self, walked: &Walked, out: &Path) -> Result<String, SavedError> {
        let key = self.plan_key()?;
        let out = self.environment.here.join(out);
        let plan = self.as_saved(walked, &key);
        saved::write(&out, &plan, &key)?;
        let shown = out.strip_prefix(&self.environment.here).unwrap_or(&out).display();
        Ok(format!("Saved. `converge apply {shown}` applies exactly this, once.\n"))
    }

    /// The options, as plans keep them.
    pub(super) fn options(&self) -> Option<serde_json::Value> {
        let key = self.plan_key().ok()?;
        serde_json::to_value(self.kept(&key)).ok()
    }

    fn kept(&self, key: &PlanKey) -> Kept {
        let loader = &self.prepared.loader;
        let answers = self.prepared.session.answers();
        let name = |path: &Path| loader.name(path);
        let mut kept = Kept::new(self.request, answers, &self.environment.here, name, key);
        kept.at = self.environment.at.as_ref().map(|at| at.resolved.commit.clone());
        kept
    }

    /// The key that plans are sealed with.
    pub(super) fn plan_key(&self) -> Result<PlanKey, SavedError> {
        PlanKey::open(self.environment.state.as_deref(), self.environment.plan_key.as_deref())
    }

    /// A plan that was just made, as it stands in a file.
    pub(super) fn as_saved(&self, walked: &Walked, key: &PlanKey) -> Saved {
        let since = self.started.duration_since(UNIX_EPOCH).unwrap_or_default();
        let prepared = self.prepared;
        let loader = &prepared.loader;
        let kept = self.kept(key);
        let about = About {
            converge: env!("CARGO_PKG_VERSION").to_owned(),
            prefix: git::prefix(&prepared.origin).map(|prefix| prefix.display().to_string()),
            head: prepared.head.clone(),
            options: serde_json::to_value(kept).unwrap_or_default(),
        };
        let inputs = loader.inputs().all();
        let identities = prepared.session.identities();
        Saved {
            id: String::new(),
            made_ms: i64::try_from(since.as_millis()).unwrap_or(i64::MAX),
            verified: true,
            about,
            inputs: inputs
                .iter()
                .map(|(path, digest)| Input {
                    path: loader.name(path).display().to_string(),
                    digest: key.digest("input", &digest.0),
                })
                .collect(),
            machines: identities
                .into_iter()
                .map(|(host, is)| Machine {
                    machine: is.machine.map(|id| key.digest("machine", id.as_bytes())),
                    host_key: is.host_key,
                    host,
                })
                .collect(),
            steps: self.bound(&walked.reviewed, key),
            story: saved::steady(walked.story.clone()),
        }
    }

    /// What was planned, step by step, as it stands in a file.
    pub(super) fn bound(&self, reviewed: &Reviewed, key: &PlanKey) -> Vec<Bound> {
        let steps = reviewed.steps().map(|(name, planned)| {
            let step = Step {
                place: &name.place,
                host: &name.host,
                item: name.item.as_deref(),
                count: name.count,
                changes: &planned.changes,
                open: planned.open.as_ref(),
                hidden: planned.hidden,
            };
            saved::bind(&step, key, self.redactor)
        });
        steps.collect()
    }
}
