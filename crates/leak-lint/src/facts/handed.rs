//! A listener into the function whose caller hands it in, and whether callers make a new one each time.

use oxc_ast::AstKind;
use oxc_ast::ast::Expression;
use oxc_semantic::NodeId;
use oxc_span::GetSpan;
use stanch_js_source::is_function;

use crate::facts::listeners::{ADDS, Added, Way};
use crate::file::File;
use crate::project::Receiver;

/// The function, and which parameter, if a listener is what the caller handed in: its caller registers it, and knows how to take it off.
pub(crate) fn handed_in<'a>(
    file: &File<'_, 'a>,
    handler: &'a Expression<'a>,
) -> Option<(NodeId, usize)> {
    let variable = file.variable(handler)?;
    let scoping = file.parsed.semantic().scoping();
    let declaration = scoping.symbol_declaration(variable);
    if !matches!(file.kind(declaration), AstKind::FormalParameter(_)) {
        return None;
    }
    // What a promise gives its executor is made for it.
    let function = file
        .nodes()
        .ancestor_ids(declaration)
        .find(|around| is_function(file.kind(*around)))?;
    let is_executor = matches!(file.kind(file.parent(function)), AstKind::NewExpression(_));
    // Nor does a framework take off what it hands to its handlers.
    if is_executor || file.is_handler(function) {
        return None;
    }
    let span = file.kind(declaration).span();
    let parameters = file.parsed.parameters(function)?;
    let position = parameters.items.iter().position(|own| own.span == span);
    // Taken out of an object: nobody is known to hand that in.
    Some((function, position.unwrap_or(usize::MAX)))
}

/// Whether a function that registers what it is handed is handed a new one for each unit of work. Callers of `on` and its
/// kind are told themselves.
pub(crate) fn is_handed_anew<'a>(
    file: &File<'_, 'a>,
    added: &Added<'a>,
    wrapper: NodeId,
    position: usize,
) -> bool {
    let name = file.parsed.function_ref(wrapper).name;
    let is_told = name.is_some_and(|name| ADDS.contains(&name.as_str()));
    !is_told && added.way == Way::On && file.is_handed_anew(wrapper, position, Receiver::Anything)
}
