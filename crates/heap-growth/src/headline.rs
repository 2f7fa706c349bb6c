//! The names along a holder's path into the one that a report is headed with.

use serde::{Deserialize, Serialize};
use stanch_leak_patterns::Pattern;

use crate::anchor::{Anchor, Origin};

/// What a holder is called, and by whom.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Headline {
    /// Its name in the sources; none where only the runtime holds it.
    pub anchor: Option<Anchor>,
    /// A name in the service's own sources further up, where the holder's is inside a package.
    pub user_anchor: Option<Anchor>,
    /// Whose code the nearest name belongs to, whichever was chosen.
    pub inner_origin: Option<Origin>,
}

impl Headline {
    /// Chooses among the names, given nearest first, of a holder that grows in this pattern.
    ///
    /// `origin` says whose code a name is in: a source map may know better than the script's URL.
    #[must_use]
    pub fn of(
        names: &[Anchor],
        pattern: Option<Pattern>,
        origin: impl Fn(&Anchor) -> Origin,
    ) -> Self {
        let inner_origin = names.first().map(&origin);
        let nearest = outermost_of_nested(names, &origin);
        let user = || names.iter().find(|name| origin(name) == Origin::User);
        match nearest {
            Some(near) if origin(near) != Origin::User => match (user(), pattern) {
                // How a package's emitter lists its listeners is its own business, as `_events` is Node's.
                (Some(user), Some(Pattern::UnremovedListener)) => Self {
                    anchor: Some(user.clone()),
                    user_anchor: None,
                    inner_origin,
                },
                (user, _) => Self {
                    anchor: Some(near.clone()),
                    user_anchor: user.cloned(),
                    inner_origin,
                },
            },
            near => Self {
                anchor: near.cloned(),
                user_anchor: None,
                inner_origin,
            },
        }
    }
}

/// The nearest name, but the outermost of a package's nested fields, which are its own business.
fn outermost_of_nested(names: &[Anchor], origin: impl Fn(&Anchor) -> Origin) -> Option<&Anchor> {
    let mut chosen = names.first()?;
    for outer in &names[1..] {
        let nested = !chosen.is_variable() && origin(chosen) != Origin::User;
        if !nested || outer.is_variable() {
            break;
        }
        chosen = outer;
    }
    Some(chosen)
}
