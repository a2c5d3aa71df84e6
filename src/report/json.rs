//! The JSON document of `--format json`: one for the whole invocation, for programs.
//!
//! `schema` is raised when a field changes its meaning or goes; new fields may come at any time.

use serde::Serialize;

use crate::record::{Head, Story, Totals};

/// The version of the document's form.
pub const SCHEMA: u32 = 1;

/// Everything that one invocation found and did.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Document {
    /// See [`SCHEMA`].
    pub schema: u32,
    /// The version of converge.
    pub converge: &'static str,
    /// What it was about.
    #[serde(flatten)]
    pub head: Head,
    /// What would change; none where it was applied without a plan.
    pub plan: Option<Told>,
    /// What was done; none where nothing was applied.
    pub run: Option<Told>,
    /// The run's name in the history.
    pub id: Option<String>,
    /// How it ended, in one word.
    pub outcome: String,
    /// The exit code.
    pub exit_code: u8,
    /// Why nothing was planned or applied.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<String>,
}

/// A story and what it amounts to.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Told {
    /// What it amounts to.
    pub totals: Totals,
    /// The story.
    #[serde(flatten)]
    pub story: Story,
}

impl Document {
    /// The document as text with a line break at its end.
    pub fn text(&self) -> String {
        // Strings, numbers and lists with text as keys: all of them have a form in JSON.
        let text = serde_json::to_string_pretty(self).unwrap_or_default();
        format!("{text}\n")
    }
}

impl Told {
    /// Sums up a story.
    pub fn new(story: Story) -> Self {
        Self { totals: story.totals(), story }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::{Document, SCHEMA, Told};
    use crate::event::{Counts, Recap};
    use crate::record::testing::{changed, edited, play, story, task};
    use crate::record::{Head, Record, Story};

    fn document() -> Document {
        let mut story = story(vec![
            play("web", &["web1"]),
            task(1, "motd", "copy"),
            Record::Step(1, changed("web1", vec![edited("/etc/motd", "a", "b")])),
        ]);
        story.hosts =
            Recap::from([("web1".into(), Counts { ok: 1, changed: 1, ..Counts::default() })]);
        Document {
            schema: SCHEMA,
            converge: "0.1.0",
            head: Head { project: "/srv".into(), ..Head::default() },
            plan: Some(Told::new(story)),
            run: None,
            id: None,
            outcome: "pending".into(),
            exit_code: 2,
            errors: Vec::new(),
        }
    }

    #[test]
    fn the_form_of_the_document() {
        insta::assert_snapshot!(document().text(), @r#"
        {
          "schema": 1,
          "converge": "0.1.0",
          "project": "/srv",
          "revision": null,
          "inventory": [],
          "playbooks": [],
          "options": [],
          "plan": {
            "totals": {
              "changes": 1,
              "hosts_changed": 1,
              "hosts_pending": 1,
              "commands": 0,
              "unknown": 0,
              "failed": 0,
              "unreachable": 0,
              "hosts": 1,
              "tasks": 1,
              "seen_through": 1
            },
            "plays": [
              {
                "name": "web",
                "hosts": [
                  "web1"
                ],
                "tasks": [
                  {
                    "number": 1,
                    "name": "motd",
                    "module": "copy",
                    "place": "roles/nginx/tasks/main.yml:1:3",
                    "handler": false,
                    "steps": [
                      {
                        "host": "web1",
                        "verdict": "changed",
                        "changes": [
                          {
                            "kind": "file",
                            "sign": "modify",
                            "what": "/etc/motd",
                            "diff": "--- before: /etc/motd\n+++ after: /etc/motd\n@@ -1 +1 @@\n-a\n+b\n",
                            "counts": true
                          }
                        ],
                        "planned": true,
                        "took_ms": 0
                      }
                    ]
                  }
                ]
              }
            ],
            "unreachable": [],
            "warnings": [],
            "hosts": {
              "web1": {
                "ok": 1,
                "changed": 1,
                "unreachable": 0,
                "failed": 0,
                "skipped": 0,
                "rescued": 0,
                "ignored": 0,
                "unknown": 0
              }
            }
          },
          "run": null,
          "id": null,
          "outcome": "pending",
          "exit_code": 2
        }
        "#);
    }

    #[test]
    fn a_story_can_be_read_back() {
        let story = document().plan.unwrap().story;
        let text = serde_json::to_string(&story).unwrap();
        assert_eq!(serde_json::from_str::<Story>(&text).unwrap(), story);
    }
}
