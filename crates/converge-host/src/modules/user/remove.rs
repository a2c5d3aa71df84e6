//! An account that is removed.

use crate::change::{Change, Changes, UserChange};
use crate::host::{Command, Principal, User};
use crate::modules::user::UserModule;
use crate::stop::Why;

/// Asks for the removal.
pub(super) fn plan(
    user: &UserModule,
    now: Option<User>,
    unknown: Option<Why>,
    changes: &mut Changes,
) {
    let mut argv = vec!["userdel".to_owned()];
    if user.force {
        argv.push("-f".into());
    }
    if user.remove {
        argv.push("-r".into());
    }
    argv.extend(["--".into(), user.name.clone()]);
    let before = now.unwrap_or_else(|| User {
        name: user.name.clone(),
        uid: None,
        group: Principal { name: user.name.clone(), id: None },
        comment: String::new(),
        home: format!("/home/{}", user.name),
        shell: String::new(),
    });
    let mut facts = Vec::new();
    if user.remove {
        facts.push(format!("with its home {}", before.home));
    }
    changes.set("force", user.force);
    changes.set("remove", user.remove);
    changes.push(Change::User(UserChange {
        before: Some(before),
        home: user.remove && unknown.is_none(),
        facts,
        commands: vec![Command::new(argv)],
        unknown,
        ..UserChange::default()
    }));
}
