//! A call into whether it gives one more of what its object has many of: a channel, a page, a connection that subscribes.

use oxc_ast::AstKind;
use oxc_ast::ast::Expression;
use oxc_semantic::NodeId;
use stanch_js_source::bare;

use crate::facts::fate::{Fate, uses, way};
use crate::facts::streams::opens;
use crate::file::File;

/// Methods of connections and browsers that give something which stays open beside the others until it is closed, in files that
/// import one of these packages: by their documentation.
const GIVES_ONE_MORE: &[(&[&str], &[&str])] = &[
    (&["createChannel", "createConfirmChannel"], &["amqplib"]),
    (
        &[
            "newPage",
            "newContext",
            "createBrowserContext",
            "createIncognitoBrowserContext",
        ],
        &[
            "puppeteer",
            "puppeteer-core",
            "playwright",
            "playwright-core",
            "playwright-chromium",
        ],
    ),
];

/// Whether a call gives one more of what its object has many of: a channel of a connection, a page of a browser, or a connection
/// that subscribes beside one that asks.
pub(crate) fn gives_one_more<'a>(
    file: &File<'_, 'a>,
    node: NodeId,
    callee: &Expression<'a>,
) -> bool {
    let Some(member) = bare(callee).as_member_expression() else {
        return false;
    };
    let Some(name) = member.static_property_name() else {
        return false;
    };
    if name == "duplicate" {
        return subscribes(file, node);
    }
    let is_known = GIVES_ONE_MORE
        .iter()
        .any(|(names, modules)| names.contains(&name) && file.imports_any(modules));
    // What goes with something that the function has opened itself is closed with that.
    let has_opened = || {
        let owner = file.variable(member.object());
        owner.is_some_and(|owner| {
            let declared = file.parsed.semantic().scoping().symbol_declaration(owner);
            if file.function_around(declared) != file.function_around(node) {
                return false;
            }
            let opening = match file.kind(declared) {
                AstKind::VariableDeclarator(declarator) => declarator.init.as_ref().map(bare),
                _ => None,
            };
            let opening = match opening {
                Some(Expression::AwaitExpression(waited)) => Some(bare(&waited.argument)),
                opening => opening,
            };
            matches!(opening, Some(Expression::CallExpression(call))
                if opens(file, call.node_id.get()).is_some())
        })
    };
    is_known && !has_opened()
}

/// Whether what a call gives is a variable that subscribes to something.
fn subscribes(file: &File<'_, '_>, node: NodeId) -> bool {
    let Fate::Variable(made) = way(file, node).fate else {
        return false;
    };
    uses(file, made).iter().any(|(_, way)| {
        matches!(
            way.fate,
            Fate::Asked {
                method: "subscribe" | "psubscribe" | "pSubscribe" | "ssubscribe" | "sSubscribe",
                ..
            }
        )
    })
}
