//! What a rule wants changed into the edits of a [`Fix`], in the style of the file.
//!
//! For authors of rules. A rule has a function `fix(file, …) -> Option<Fix>` beside its `check`, which collects a [`Change`]:
//!
//! ```text
//! fn fix(file: &File<'_, '_>, node: NodeId, call: &CallExpression<'_>) -> Option<Fix> {
//!     let mut change = Change::of(file);
//!     let pipeline = change.import(node, "node:stream", "pipeline")?;   // `pipeline`, `stream.pipeline`, `pipeline2`
//!     let timer = change.fresh(node, "timer")?;                         // `timer`, or `timer2` where that is taken
//!     change.insert(call.span.start, format!("const {timer} = "));
//!     change.after(node, format!("res.on({}, () => clearInterval({timer}));", change.string("close")))?;
//!     change.done("Clear the interval when the response is closed", Safety::Unsafe)
//! }
//! ```
//!
//! - [`Change::import`] finds or makes an import, extends the one of that module, and says under which name it is there.
//! - [`Change::replace`], [`Change::insert`] and [`Change::remove_statement`] change the text.
//! - [`Change::before`] and [`Change::after`] put statements around the one that a node stands in; they add braces where
//!   there are none. Text is written with semicolons, lines end with `\n`, and a tab at their start is a level of
//!   indentation: the file's own style is put in. [`Change::finally`] puts all that follows into a `try`.
//! - [`Change::quote`] gives code that is put elsewhere, [`Change::string`] a string in the file's quotes,
//!   [`Change::fresh`] a free name.
//! - [`Change::constant`] gives a name to a handler that is written in place. [`ending::ending`] tells what ends the request
//!   or the connection that a node belongs to, and [`ending::taken_off`] is the fix of a listener that has to go then.
//!
//! All of them give `None` where they cannot keep their word (no statement around, a name that is shadowed): the rule then
//! has a finding without a fix. [`apply::fix_text`] applies the fixes of a file and checks each of them.

pub(crate) mod apply;
mod bound;
pub(crate) mod ending;
mod finally;
mod import;
mod layout;
mod name;
mod statement;
mod variable;

use oxc_ast::ast::Expression;
use oxc_semantic::NodeId;
use oxc_span::{GetSpan, Span};

use crate::file::File;
use crate::finding::{Edit, Fix, Safety};

use import::Wanted;
use layout::Layout;
use statement::Around;

pub(crate) use bound::LAST;
pub(crate) use name::{for_event, is_seen};
pub(crate) use variable::own_variable;

/// The edits of one fix while they are collected.
pub(crate) struct Change<'f, 's, 'a> {
    file: &'f File<'s, 'a>,
    layout: Layout<'f>,
    edits: Vec<Edit>,
    /// Edits for the looks, left out where they are in the way of others.
    looks: Vec<Edit>,
    around: Vec<Around>,
    imports: Vec<Wanted>,
    names: Vec<String>,
}

impl<'f, 's, 'a> Change<'f, 's, 'a> {
    pub(crate) fn of(file: &'f File<'s, 'a>) -> Self {
        Self {
            file,
            layout: Layout::of(file),
            edits: Vec::new(),
            looks: Vec::new(),
            around: Vec::new(),
            imports: Vec::new(),
            names: Vec::new(),
        }
    }

    /// Other text in place of a span.
    pub(crate) fn replace(&mut self, span: Span, text: impl Into<String>) {
        self.replace_under(span.start, span, text);
    }

    /// The same, with further lines indented as the one of another offset is.
    pub(crate) fn replace_under(&mut self, line: u32, span: Span, text: impl Into<String>) {
        let indent = self.layout.indent_at(line);
        let text = self.layout.indented(&text.into(), indent);
        self.edits.push(Edit {
            start: span.start,
            end: span.end,
            text,
        });
    }

    /// Text at an offset.
    pub(crate) fn insert(&mut self, at: u32, text: impl Into<String>) {
        self.replace(Span::new(at, at), text);
    }

    /// The statement that a node stands in goes, with its line if it is alone on it.
    #[cfg_attr(
        not(test),
        expect(dead_code, reason = "no rule takes a whole statement away yet")
    )]
    pub(crate) fn remove_statement(&mut self, node: NodeId) -> Option<()> {
        let spot = statement::spot(self.file, node)?;
        let span = match spot.kind {
            statement::SpotKind::Listed => self.layout.with_line(spot.span),
            statement::SpotKind::Bare => {
                self.replace(spot.span, "{}");
                return Some(());
            }
            statement::SpotKind::Arrow => return None,
        };
        self.edits.push(Edit {
            start: span.start,
            end: span.end,
            text: String::new(),
        });
        Some(())
    }

    /// Statements before the one that a node stands in.
    pub(crate) fn before(&mut self, node: NodeId, text: impl Into<String>) -> Option<()> {
        let around = self.around(node)?;
        around.before.push(text.into());
        Some(())
    }

    /// Statements after the one that a node stands in; none where that returns, throws, or is what an arrow function gives.
    pub(crate) fn after(&mut self, node: NodeId, text: impl Into<String>) -> Option<()> {
        let spot = statement::spot(self.file, node)?;
        if spot.leaves {
            return None;
        }
        let around = self.around(node)?;
        around.after.push(text.into());
        Some(())
    }

    fn around(&mut self, node: NodeId) -> Option<&mut Around> {
        let spot = statement::spot(self.file, node)?;
        let known = self
            .around
            .iter()
            .position(|around| around.spot.span == spot.span);
        let index = known.unwrap_or_else(|| {
            self.around.push(Around::of(spot));
            self.around.len() - 1
        });
        self.around.get_mut(index)
    }

    /// The code that stands for the export `name` of a module at a node; an import is made where the file has none.
    pub(crate) fn import(&mut self, at: NodeId, module: &str, name: &str) -> Option<String> {
        import::import(self, at, module, name)
    }

    /// A name that is free in the block that a node stands in: the wanted one, or that with a number.
    pub(crate) fn fresh(&mut self, node: NodeId, wanted: &str) -> Option<String> {
        let scope = statement::spot(self.file, node)?.scope;
        let name = name::free(self.file, scope, wanted, &self.names);
        self.names.push(name.clone());
        let mut new_names = self.file.new_names.borrow_mut();
        new_names.push((scope, name.clone()));
        Some(name)
    }

    /// The code that stands for a function: what it is called, or a constant that it is put into before the statement of
    /// `node`, where it is written in place or made by `bind`.
    pub(crate) fn constant(
        &mut self,
        node: NodeId,
        function: &Expression<'a>,
        wanted: &str,
    ) -> Option<String> {
        let span = function.span();
        if matches!(function, Expression::Identifier(_))
            || function
                .as_member_expression()
                .is_some_and(|member| !member.is_computed())
        {
            return Some(self.file.slice(span).to_owned());
        }
        let name = self.fresh(node, wanted)?;
        let code = self.quote(span)?;
        self.before(node, format!("const {name} = {code};"))?;
        self.replace(span, name.clone());
        Some(name)
    }

    /// A string literal in the quotes of the file.
    pub(crate) fn string(&self, text: &str) -> String {
        self.layout.string(text)
    }

    /// The code of a span, to be put elsewhere by [`Change::replace`] and its kind; none where indenting it would change it.
    pub(crate) fn quote(&self, span: Span) -> Option<String> {
        if layout::has_long_text(self.file, span) {
            return None;
        }
        Some(self.layout.quoted(span))
    }

    /// The fix; none when its edits are in each other's way, or there are none.
    pub(crate) fn done(mut self, title: impl Into<String>, safety: Safety) -> Option<Fix> {
        let (mut edits, mut after) = (Vec::new(), Vec::new());
        for around in &self.around {
            let mut own = Vec::new();
            around.render(self.file, &self.layout, &mut own, &mut self.looks);
            let (opening, closing): (Vec<Edit>, Vec<Edit>) = own
                .into_iter()
                .partition(|edit| edit.end <= around.spot.span.start);
            edits.extend(opening);
            after.extend(closing);
        }
        import::render(&mut self);
        // At one place: what comes before a statement, what its own code becomes, what comes after it.
        edits.append(&mut self.edits);
        edits.append(&mut after);
        edits.sort_by_key(|edit| (edit.start, edit.end));
        let overlaps = edits.windows(2).any(|pair| match pair {
            [one, next] => next.start < one.end,
            _ => false,
        });
        if overlaps || edits.is_empty() {
            return None;
        }
        for look in self.looks {
            let free = edits.iter().all(|edit| {
                look.end < edit.start || edit.end < look.start || edit.start == edit.end
            });
            if free {
                edits.push(look);
            }
        }
        edits.sort_by_key(|edit| (edit.start, edit.end));
        Some(Fix {
            title: title.into(),
            safety,
            edits,
        })
    }
}

#[cfg(test)]
mod tests {
    use stanch_js_source::{SourceText, with_parsed};

    use super::{Change, apply::edited};
    use crate::file::File;
    use crate::finding::Safety;

    /// Puts statements around the one with the call of `here()`.
    #[track_caller]
    fn check_around(text: &str, before: Option<&str>, after: Option<&str>, expected: Option<&str>) {
        check(text, expected, |change, node| {
            if let Some(before) = before {
                change.before(node, before)?;
            }
            if let Some(after) = after {
                change.after(node, after)?;
            }
            Some(())
        });
    }

    #[track_caller]
    fn check(
        text: &str,
        expected: Option<&str>,
        write: impl FnOnce(&mut Change<'_, '_, '_>, oxc_semantic::NodeId) -> Option<()>,
    ) {
        let source = SourceText::new("a.js", text);
        let project = crate::project::Project::alone(&source, crate::options::Options::default());
        let fix = with_parsed(&source, |parsed| {
            assert_eq!(parsed.problems(), [], "{text}");
            let file = File::new(parsed, &project, crate::project::FileIndex(0));
            let calls = file.calls().iter();
            let here = calls
                .map(|(node, _)| *node)
                .find(|node| file.slice(oxc_span::GetSpan::span(&file.kind(*node))) == "here()");
            let mut change = Change::of(&file);
            write(&mut change, here?)?;
            change.done("Change", Safety::Safe)
        });
        let text = fix.map(|fix| edited(text, &fix.edits));
        assert_eq!(text.as_deref(), expected);
    }

    #[test]
    fn statements_go_on_lines_of_their_own() {
        check_around(
            "f(() => {\n    here(); // now\n    g();\n});\n",
            Some("if (late) {\n\treturn;\n}"),
            Some("end();"),
            Some(
                "f(() => {\n    if (late) {\n        return;\n    }\n    here(); // now\n    end();\n    g();\n});\n",
            ),
        );
        check_around(
            "f(() => {\r\n\there()\r\n\tg()\r\n})\r\n",
            Some("a();"),
            Some("b();"),
            Some("f(() => {\r\n\ta()\r\n\there()\r\n\tb()\r\n\tg()\r\n})\r\n"),
        );
        check_around(
            "here()\n;[1].map(f)\n",
            None,
            Some("b();"),
            Some("here()\nb()\n;[1].map(f)\n"),
        );
        check_around(
            "function f() { here() }",
            Some("a();"),
            Some("b();"),
            Some("function f() { a(); here(); b(); }"),
        );
    }

    #[test]
    fn braces_come_where_they_are_needed() {
        check_around(
            "if (x) here(); else g();",
            Some("a();"),
            Some("b();"),
            Some("if (x) { a(); here(); b(); } else g();"),
        );
        check_around(
            "for (const x of xs)\n  here();\ng();",
            Some("a();"),
            Some("b();"),
            Some("for (const x of xs) {\n  a();\n  here();\n  b();\n}\ng();"),
        );
        check_around(
            "on('a', (x) => here());",
            Some("a();"),
            None,
            Some("on('a', (x) => { a(); return here(); });"),
        );
        check_around(
            "on('a', (x) => h({\n  x: here(),\n}));",
            Some("a();"),
            None,
            Some("on('a', (x) => {\n  a();\n  return h({\n    x: here(),\n  });\n});"),
        );
    }

    #[test]
    fn where_no_statement_can_be() {
        check_around("const f = (a = here()) => a;", Some("a();"), None, None);
        check_around("class A { a = here(); }", Some("a();"), None, None);
        check_around("const f = () => here();", None, Some("b();"), None);
        check_around("function f() { return here(); }", None, Some("b();"), None);
    }

    #[test]
    fn what_follows_is_done_within_a_try() {
        let tried = |text: &str, expected: Option<&str>| {
            check(text, expected, |change, node| {
                change.finally(node, "end();")
            });
        };
        tried(
            "async () => {\n  here()\n  // work\n  const x = await f()\n  if (x) {\n    return x\n  }\n  g() // last\n}\n",
            Some(
                "async () => {\n  here()\n  // work\n  try {\n    const x = await f()\n    if (x) {\n      return x\n    }\n    g() // last\n  } finally {\n    end()\n  }\n}\n",
            ),
        );
        tried("() => {\n  here();\n}\n", None);
        tried("() => { here(); f(); }\n", None);
        tried(
            "() => {\n  const f = () => x;\n  here();\n  const x = f();\n}\n",
            None,
        );
    }

    #[test]
    fn names_that_are_free() {
        let named = |text: &str, expected: &str| {
            check(text, Some(expected), |change, node| {
                let name = change.fresh(node, "t")?;
                change.before(node, format!("let {name};"))
            });
        };
        named("here();", "let t;\nhere();");
        named("f(t); here();", "f(t); let t2; here();");
        named(
            "function f() { here(); } function g(t) {}",
            "function f() { let t; here(); } function g(t) {}",
        );
        named(
            "function f() { here(); { let t; } }",
            "function f() { let t2; here(); { let t; } }",
        );
    }

    #[test]
    fn a_statement_that_goes_takes_its_line_with_it() {
        let removed = |text: &str, expected: Option<&str>| {
            check(text, expected, |change, node| change.remove_statement(node));
        };
        removed("a();\n  here();\nb();\n", Some("a();\nb();\n"));
        removed("a(); here(); b();", Some("a();  b();"));
        removed("if (a) here();", Some("if (a) {}"));
        removed("const f = () => here();", None);
    }
}
