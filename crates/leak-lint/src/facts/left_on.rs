//! A listener that is taken off on some ways into whether hot code leaves it where it is on others.

use oxc_ast::AstKind;
use oxc_semantic::NodeId;
use oxc_span::{GetSpan, Span};

use crate::facts::fate::{Fate, uses, way};
use crate::facts::heard::{heard_by, misses_the_end};
use crate::facts::listeners::Added;
use crate::facts::paths::{Exit, Resource, left_open};
use crate::facts::removal::removals_within;
use crate::facts::repeats::{Repeats, repeats};
use crate::file::File;

/// Whether hot code leaves a listener where it is, although it takes it off on other ways: it returns before it sees to that,
/// or does so when something is heard that does not come when the client goes away.
pub(crate) fn is_left_on<'a>(file: &File<'_, 'a>, added: &Added<'a>, function: NodeId) -> bool {
    let is_hot = matches!(
        repeats(file, added.node),
        Repeats::PerRequest | Repeats::PerCall
    );
    let Some(removals) = removals_within(file, added, function).filter(|_| is_hot) else {
        return false;
    };
    let functions: Vec<NodeId> = removals
        .iter()
        .filter_map(|removal| file.function_around(*removal))
        .collect();
    let heard = functions.iter().map(|around| heard_by(file, *around));
    if let Some(heard) = heard.collect::<Option<Vec<_>>>()
        && misses_the_end(file, &heard.concat()).is_some()
    {
        return true;
    }
    let closed: Vec<Span> = removals
        .iter()
        .flat_map(|removal| wired(file, *removal, function))
        .collect();
    let resource = Resource {
        opened: Some(added.call.span),
        closed: &closed,
        variable: None,
    };
    left_open(file, function, &resource)
        .iter()
        .any(|left| matches!(left.exit, Exit::Return | Exit::Throw))
}

/// Where a function sees to it that some code in it runs later: the code itself, the function it is in, or what names that.
fn wired(file: &File<'_, '_>, node: NodeId, function: NodeId) -> Vec<Span> {
    let mut at = node;
    while let Some(around) = file.function_around(at) {
        if around == function {
            return vec![file.kind(at).span()];
        }
        let named = match (file.kind(around), way(file, around).fate) {
            (AstKind::Function(declared), _) if declared.is_declaration() => {
                declared.id.as_ref().and_then(|name| name.symbol_id.get())
            }
            (_, Fate::Variable(named)) => Some(named),
            _ => None,
        };
        if let Some(named) = named {
            let within = file.kind(around).span();
            return uses(file, named)
                .into_iter()
                .filter(|(used, _)| !within.contains_inclusive(file.kind(*used).span()))
                .flat_map(|(used, _)| wired(file, used, function))
                .collect();
        }
        at = around;
    }
    Vec::new()
}
