//! Methods with a decorator that memoizes them.

use oxc_ast::ast::Expression;
use oxc_ast::{AstKind, AstType};
use oxc_semantic::NodeId;
use stanch_js_source::{ImportedName, bare};
use stanch_leak_patterns::Confidence;

use super::packages::{DECORATORS, is_without};
use super::{finding, has_few_arguments};
use crate::facts::holders::{Lifetime, of_instances};
use crate::file::File;
use crate::finding::Finding;

/// What is said of them.
pub(super) fn decorated<'a>(file: &File<'_, 'a>, findings: &mut Vec<Finding>) {
    for node in file.nodes_of([AstType::MethodDefinition]) {
        let AstKind::MethodDefinition(decorated) = node.kind() else {
            continue;
        };
        for decorator in &decorated.decorators {
            let Some(by) = memoizing(file, node.id(), &decorator.expression) else {
                continue;
            };
            let parameters = &decorated.value.params;
            if parameters.items.is_empty() && parameters.rest.is_none()
                || has_few_arguments(file, parameters)
            {
                continue;
            }
            findings.push(finding(&by, Confidence::High, file.extent(decorator.span)));
        }
    }
}

/// The name of a decorator, if it memoizes without a limit, for as long as the process lives.
fn memoizing<'a>(
    file: &File<'_, 'a>,
    method: NodeId,
    decorator: &Expression<'a>,
) -> Option<String> {
    let (callee, call) = match bare(decorator) {
        Expression::CallExpression(call) => (bare(&call.callee), Some(call)),
        name => (name, None),
    };
    let of_package = file.parsed.import_of(callee).and_then(|(module, name)| {
        let own = DECORATORS.iter().find(|own| own.module == module);
        own.filter(
            |own| matches!(&name, ImportedName::Named(name) if Some(name.as_str()) == own.name),
        )
    });
    let lasts = || {
        let class = file.parsed.class_around(method);
        class.is_some_and(|class| of_instances(file, class) == Lifetime::Process)
    };
    let memoizes = match of_package {
        Some(package) => {
            lasts() && call.is_none_or(|call| is_without(&call.arguments, package.caps))
        }
        None => {
            let by = file.parsed.value(callee);
            file.project.memoizes(file.index, &by)
                || file.project.memoizes_by_instance(file.index, &by) && lasts()
        }
    };
    memoizes.then(|| format!("@{}", file.written(callee)))
}
