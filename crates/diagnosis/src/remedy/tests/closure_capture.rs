//! Functions that keep more than they use.

use stanch_leak_patterns::Pattern::ClosureCapture;

use super::Case;

fn captured(name: &'static str, variable: &'static str) -> Case {
    let mut case = Case::new(ClosureCapture, "Array", name);
    case.captured = Some(variable);
    case
}

#[test]
fn one_property_is_read_before_the_function_is_made() {
    captured("hooks", "order").check(
        "function f(order) {\n  hooks.push(«() => `${order.id}: ${order.id}`»);\n}\n",
        &[
            "-  hooks.push(() => `${order.id}: ${order.id}`);",
            "+  const orderId = order.id;",
            "+  hooks.push(() => `${orderId}: ${orderId}`);",
        ],
    );
    captured("hooks", "order").path("a.ts").check(
        "function f(order: Order, orderId: number): void {\n\t«hooks.push(function () {\n\t\treturn order.id;\n\t})»\n}\n",
        &[
            "+\tconst orderId2 = order.id",
            "-\t\treturn order.id;",
            "+\t\treturn orderId2;",
        ],
    );
    captured("hooks", "order").check(
        "function f(order) {\n  hooks.push(«(orderId) => order.id + orderId»);\n}\n",
        &[
            "-  hooks.push((orderId) => order.id + orderId);",
            "+  const orderId2 = order.id;",
            "+  hooks.push((orderId) => orderId2 + orderId);",
        ],
    );
}

#[test]
fn what_would_not_help_or_could_differ_has_no_patch() {
    for source in [
        "function f(order) {\n  hooks.push(«() => order.id + order.size»);\n}\n",
        "function f(order) {\n  hooks.push(«() => order»);\n}\n",
        "function f(order) {\n  hooks.push(«() => order.id()»);\n}\n",
        "function f(order) {\n  hooks.push(«() => order?.id»);\n}\n",
        "function f(order) {\n  hooks.push(«() => { order.id = 1; }»);\n}\n",
        "function f(order) {\n  hooks.push(«() => order.id»);\n  order.id += 1;\n}\n",
        "function f(order) {\n  hooks.push(«() => order.id»);\n  return () => order;\n}\n",
        "function f(order) {\n  order = g(order);\n  hooks.push(«() => order.id»);\n}\n",
        "function f(order) {\n  return () => {\n    hooks.push(«() => order.id»);\n  };\n}\n",
        "function f(order) {\n  hooks.push(«() => order.id»);\n  eval('order');\n}\n",
        "const f = (order) => hooks.push(«() => order.id»);\n",
        "const f=(order)=>{hooks.push(«()=>order.id»);g()};\n",
    ] {
        captured("hooks", "order").check(source, &[]);
    }
}

#[test]
fn words_name_the_sibling_that_captures() {
    captured("hooks", "rows").check_words(
        "function f(id) {\n  const rows = load(id);\n  const total = () => rows.length;\n  hooks.push(«() => id»);\n  return total();\n}\n",
        &["do not capture `rows`", "`total` at app.js:3 alone captures `rows`"],
    );
    captured("retries", "invoice").check_words(
        "function f(invoice) {\n  «retries.set(1, send.bind(this, invoice))»;\n}\n",
        &["`bind` at app.js:2"],
    );
    captured("report", "next").check_words(
        "function wrap(next) {\n  return «(error) => {\n    next(error);\n  }»;\n}\n",
        &["app.js:2 calls `next`", "chain"],
    );
}
