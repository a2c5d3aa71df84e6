//! Playbooks: typed plays, blocks, tasks and roles.

mod model;

pub use model::{
    Action, Block, Common, Included, Item, Loop, Play, Playbook, Prompt, Role, Task, Vars,
};
