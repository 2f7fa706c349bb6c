//! A function into whether it takes the place of one that asks servers: all that a program asks for comes by there, address by
//! address.

use oxc_ast::AstKind;
use oxc_ast::ast::{AssignmentTarget, Expression};
use oxc_semantic::NodeId;
use stanch_js_source::{ImportedName, ParsedSource, bare};

use crate::file::parent;

/// Functions of Node's modules for requests.
const ASKS: &[&str] = &["get", "request"];

/// Whether a function is put in the place of `http.get`, `https.request` or the global `fetch`.
pub(crate) fn wraps_requests(parsed: &ParsedSource<'_>, function: NodeId) -> bool {
    let around = parsed.semantic().nodes().kind(parent(parsed, function));
    let AstKind::AssignmentExpression(assignment) = around else {
        return false;
    };
    let target = match &assignment.left {
        AssignmentTarget::StaticMemberExpression(member) => member,
        AssignmentTarget::AssignmentTargetIdentifier(name) => {
            let scoping = parsed.semantic().scoping();
            let declared = scoping.get_reference(name.reference_id()).symbol_id();
            return name.name == "fetch" && declared.is_none();
        }
        _ => return false,
    };
    let object = bare(&target.object);
    match target.property.name.as_str() {
        "fetch" => matches!(object, Expression::Identifier(global)
            if matches!(global.name.as_str(), "globalThis" | "global" | "window" | "self")),
        name if ASKS.contains(&name) => parsed.import_of(object).is_some_and(|(module, whole)| {
            let module = module.strip_prefix("node:").unwrap_or(&module);
            matches!(module, "http" | "https") && !matches!(whole, ImportedName::Named(_))
        }),
        _ => false,
    }
}
