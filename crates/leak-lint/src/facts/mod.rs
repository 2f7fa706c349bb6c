//! What rules ask of a file: each module answers one question about a place, a value or a holder.
//!
//! What grows: [`holders`], [`names`], [`insertions`], [`keys`], [`letting_go`], [`steadiness`], [`checks`], [`fillers`], [`told`],
//! [`updates`]. Listeners:
//! [`listeners`], [`lifetime`], [`fields`], [`lent`], [`removal`], [`repeats`], [`recalls`], [`reconnects`], [`guard`], [`heard`],
//! [`handed`], [`left_on`], [`settlement`], [`waiting`], [`containers`]. Closures: [`kept`], [`entries`],
//! [`bulk`].
//! Streams: [`fate`], [`paths`], [`left_open`], [`streams`], [`piped`], [`answered`], [`called_back`], [`given_open`], [`one_more`].
//! Promises and timers: [`rejections`], [`timers`], [`intervals`], [`interval_fields`], [`jobs`], [`left_ticking`], [`waiters`],
//! [`waiting_lists`], [`locks`], [`threads`], [`turns`], [`steps`], [`outliving`], [`pending`], [`under_way`],
//! [`answers`], [`lines`], [`every_way`].
//! For all of them: [`ends`], [`page`], [`platform`].

pub(crate) mod answered;
pub(crate) mod answers;
pub(crate) mod bulk;
pub(crate) mod called_back;
pub(crate) mod checks;
pub(crate) mod containers;
pub(crate) mod ends;
pub(crate) mod entries;
pub(crate) mod every_way;
pub(crate) mod fate;
pub(crate) mod fields;
pub(crate) mod fillers;
pub(crate) mod given_open;
pub(crate) mod guard;
pub(crate) mod handed;
pub(crate) mod heard;
pub(crate) mod holders;
pub(crate) mod insertions;
pub(crate) mod interval_fields;
pub(crate) mod intervals;
pub(crate) mod jobs;
pub(crate) mod kept;
pub(crate) mod keys;
pub(crate) mod left_on;
pub(crate) mod left_open;
pub(crate) mod left_ticking;
pub(crate) mod lent;
pub(crate) mod letting_go;
pub(crate) mod lifetime;
pub(crate) mod lines;
pub(crate) mod listeners;
pub(crate) mod locks;
pub(crate) mod names;
pub(crate) mod one_more;
pub(crate) mod outliving;
pub(crate) mod page;
pub(crate) mod paths;
pub(crate) mod pending;
pub(crate) mod piped;
pub(crate) mod platform;
pub(crate) mod recalls;
pub(crate) mod reconnects;
pub(crate) mod rejections;
pub(crate) mod removal;
pub(crate) mod repeats;
pub(crate) mod settlement;
pub(crate) mod steadiness;
pub(crate) mod steps;
pub(crate) mod streams;
pub(crate) mod threads;
pub(crate) mod timers;
pub(crate) mod told;
pub(crate) mod turns;
pub(crate) mod under_way;
pub(crate) mod updates;
pub(crate) mod waiters;
pub(crate) mod waiting;
pub(crate) mod waiting_lists;
