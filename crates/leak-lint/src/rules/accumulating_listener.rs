//! `bus.on(…)` per request on an emitter that outlives the request, and nothing takes it off.

use oxc_ast::ast::Expression;
use oxc_semantic::NodeId;
use oxc_span::Span;
use stanch_js_source::{bare, literal_text};
use stanch_leak_patterns::{Confidence, Pattern};

use crate::facts::ends::ends_soon;
use crate::facts::fields::is_of_the_program;
use crate::facts::guard::is_guarded;
use crate::facts::handed::{handed_in, is_handed_anew};
use crate::facts::left_on::is_left_on;
use crate::facts::lifetime::{Life, life_of};
use crate::facts::listeners::{Added, Way};
use crate::facts::recalls::is_called_again_by_itself;
use crate::facts::removal::{Ending, ending, is_for_once, is_given_back};
use crate::facts::repeats::{Repeats, is_called_again_within, repeats};
use crate::facts::settlement::gives_up_waiting;
use crate::facts::waiting::{
    is_one, is_one_of_a_field, names_one, undoes_at_the_end, unless_it_comes, waits_beside_another,
};
use crate::file::File;
use crate::finding::{Finding, Fix, Label};
use crate::fix::ending::{ending as end_of_work, taken_off};
use crate::project::{Calls, Receiver};
use crate::rule::{On, Rule};

pub(crate) const RULE: Rule = Rule {
    id: "accumulating-listener",
    pattern: Pattern::UnremovedListener,
    on: On::WhenSure,
    page: "# accumulating-listener

Finds listeners that are added again and again to an emitter that lives on, and that nothing takes off.

## Why it leaks

An emitter keeps each of its listeners until it is taken off or the emitter itself goes. A bus, a database connection or a
store of the module lives as long as the process: a listener that is added to it for each request, connection or job stays
with everything that its scope keeps, the request and the response among it, and each event is handed to all of them.
`once` helps only where the event comes: listeners for an error or for the answer to one question mostly wait for ever.

## Example

```js
const bus = new EventEmitter();

app.get('/prices', (req, res) => {
  bus.on('price', (price) => res.write(`data: ${price}\\n\\n`));
});
```

## Use instead

```js
const bus = new EventEmitter();

app.get('/prices', (req, res) => {
  const onPrice = (price) => res.write(`data: ${price}\\n\\n`);
  bus.on('price', onPrice);
  res.once('close', () => bus.off('price', onPrice));
});
```

The response's `close` always comes; the request's may not, once its body was read.

## How safe the fix is

Unsafe: it gives the listener a name and takes it off when the response, or the connection, is closed. Whoever wanted to
hear of events after that does not any more.

## What is not flagged

Listeners on requests, responses, streams and on whatever the function made itself; registrations that run once, while the
module is loaded or behind a flag; listeners that the project takes off anywhere, by name, with a signal, through what the
registration gave back or through somebody who was given the listener; functions that register what their caller hands them, unless callers
make a new listener for each request and drop what would take it off.

## References

- Node.js, `events`: `emitter.off()`, `emitter.setMaxListeners()` and `MaxListenersExceededWarning`
",
    check,
};

fn check<'a>(file: &File<'_, 'a>, findings: &mut Vec<Finding>) {
    for added in &file.listeners().added {
        if is_of_another_rule(file, added) {
            continue;
        }
        let Some(verdict) = verdict(file, added) else {
            continue;
        };
        findings.push(Finding {
            rule: RULE.id,
            confidence: verdict.confidence,
            message: verdict.message,
            growth: Some(verdict.growth),
            place: Label::new(file.extent(added.span()), "nothing takes this listener off"),
            labels: verdict
                .holder
                .map(|span| Label::new(file.extent(span), verdict.lives))
                .into_iter()
                .chain(file.declared_elsewhere(added.emitter, "it is declared here"))
                .collect(),
            fixes: fix(file, added).into_iter().collect(),
        });
    }
}

/// Listeners on `process` and on signals have rules of their own, and those on the DOM live with a page.
fn is_of_another_rule<'a>(file: &File<'_, 'a>, added: &Added<'a>) -> bool {
    let is_process = match added.emitter {
        Expression::Identifier(name) => name.name == "process",
        _ => false,
    };
    let is_abort = added.way == Way::Disposable
        || added.event.and_then(literal_text) == Some("abort")
            && matches!(added.way, Way::EventTarget | Way::Awaited);
    is_process || is_abort || file.is_of_a_page() || ends_soon(file)
}

/// What is said of one registration.
struct Verdict {
    confidence: Confidence,
    message: String,
    growth: &'static str,
    /// Where the emitter is named first.
    holder: Option<Span>,
    lives: &'static str,
}

fn verdict<'a>(file: &File<'_, 'a>, added: &Added<'a>) -> Option<Verdict> {
    let function = file.function_around(added.node)?;
    let (mut confidence, repeats, holder, lives) = accumulation(file, added, function)?;
    let handed = added.handler.and_then(|handler| handed_in(file, handler));
    if let Some((wrapper, position)) = handed
        && !is_handed_anew(file, added, wrapper, position)
    {
        return None;
    }
    if is_for_once(file, added) {
        confidence = unless_it_comes(file, added, confidence)?;
    }
    let is_ended = match ending(file, added) {
        None => false,
        Some(Ending::TakenOff(removal)) => {
            // What the wrapper gives back would take it off, and its callers drop that.
            let is_dropped = handed
                .is_some_and(|(wrapper, _)| is_given_back(file, removal, wrapper))
                || file.is_left_again(function) && is_given_back(file, removal, function);
            !is_dropped && !is_left_on(file, added, function)
        }
        Some(_) => true,
    };
    if is_ended || is_guarded(file, added.node, added.emitter) {
        return None;
    }
    let emitter = file.written(added.emitter);
    let (each, growth) = match (repeats, lives) {
        (Repeats::PerRequest, Lives::Process) => {
            ("each request", "per request, for the life of the process")
        }
        (_, Lives::Process) => ("each call", "per call, for the life of the process"),
        (_, Lives::Longer) => ("each call", "per call, for as long as the emitter lives"),
    };
    Some(Verdict {
        confidence,
        message: format!(
            "{each} adds a listener to `{emitter}`, which {}, and nothing takes it off",
            match lives {
                Lives::Process => "lives as long as the process",
                Lives::Longer => "outlives it",
            }
        ),
        growth,
        holder,
        lives: match lives {
            Lives::Process => "lives as long as the process",
            Lives::Longer => "outlives what listens to it",
        },
    })
}

/// How long an emitter lives, next to what listens to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lives {
    Process,
    Longer,
}

/// Whether one emitter gets many listeners from a registration: how sure, how they come, and whose they are.
fn accumulation<'a>(
    file: &File<'_, 'a>,
    added: &Added<'a>,
    function: NodeId,
) -> Option<(Confidence, Repeats, Option<Span>, Lives)> {
    match life_of(file, added.emitter) {
        Life::Process(holder) => {
            let repeats = repeats(file, added.node);
            let waits_for_one = added
                .event
                .is_some_and(|event| names_one(file, event) || is_one(file, event))
                && gives_up_waiting(file, added);
            let confidence = match repeats {
                _ if waits_for_one => Confidence::High,
                Repeats::Never => return None,
                Repeats::PerRequest | Repeats::PerCall => Confidence::High,
                Repeats::Unknown => Confidence::Medium,
            };
            Some((confidence, repeats, holder, Lives::Process))
        }
        life @ (Life::Given { .. } | Life::Call { .. }) => {
            let home = life.function()?;
            if is_called_again_within(file, function, home) && !undoes_at_the_end(file, added) {
                let holder = None;
                return Some((Confidence::High, Repeats::PerCall, holder, Lives::Longer));
            }
            if let Life::Given {
                function,
                index,
                property,
            } = life
                && let Some(calls) = file.is_given_what_lasts(function, index, property)
            {
                return of_what_lasts(file, added.node, calls);
            }
            if let Life::Given {
                function, index, ..
            } = life
                && file.is_given_what_is_older(function, index)
                && !undoes_at_the_end(file, added)
            {
                return Some((Confidence::High, Repeats::PerCall, None, Lives::Longer));
            }
            let waits_for_one = matches!(life, Life::Given { .. })
                && added.event.is_some_and(|event| names_one(file, event))
                && gives_up_waiting(file, added);
            waits_for_one.then_some((Confidence::High, Repeats::PerCall, None, Lives::Longer))
        }
        Life::Instance { class } => {
            // What waits for one end, and sets out again then, is gone when it does.
            let is_repeated = !is_for_once(file, added)
                || added
                    .event
                    .is_none_or(|event| literal_text(event).is_none());
            if is_repeated && is_of_the_program(file, class, added.emitter) {
                return of_what_lasts(file, added.node, Calls::Once);
            }
            let leaves_its_listener = waits_beside_another(file, added, function)
                || is_called_again_by_itself(file, function, added);
            leaves_its_listener.then_some((Confidence::High, Repeats::PerCall, None, Lives::Longer))
        }
        Life::HandedToInstance {
            constructor,
            index,
            property,
        } => {
            let calls = file.is_given_what_lasts(constructor, index, property)?;
            of_what_lasts(file, added.node, calls)
        }
        Life::Unknown if matches!(bare(added.emitter), Expression::ThisExpression(_)) => {
            // An emitter that listens to itself for others.
            let (wrapper, position) = handed_in(file, added.handler?)?;
            let lasts = file.is_handed_anew(wrapper, position, Receiver::WhatLasts);
            lasts.then_some((Confidence::High, Repeats::PerCall, None, Lives::Process))
        }
        Life::Unknown if is_one_of_a_field(file, added.emitter) => {
            let class = file.parsed.class_around(added.node);
            if class.is_some_and(|class| file.calls_of(class) == Calls::Once) {
                return of_what_lasts(file, added.node, Calls::Once);
            }
            let leaves_its_listener = waits_beside_another(file, added, function);
            leaves_its_listener.then_some((Confidence::High, Repeats::PerCall, None, Lives::Longer))
        }
        Life::Connection | Life::Unknown => None,
    }
}

/// A registration on something that lives as long as the process and was handed in, by calls that come so often.
fn of_what_lasts(
    file: &File<'_, '_>,
    node: NodeId,
    calls: Calls,
) -> Option<(Confidence, Repeats, Option<Span>, Lives)> {
    let here = repeats(file, node);
    let confidence = match (calls, here) {
        // Who is known to hand it in does so while the program starts.
        (_, Repeats::Never) | (Calls::Once, Repeats::Unknown) => return None,
        (Calls::Again, _) | (_, Repeats::PerRequest | Repeats::PerCall) => Confidence::High,
        _ => Confidence::Medium,
    };
    Some((confidence, here, None, Lives::Process))
}

/// The listener is taken off when what the handler serves is closed.
fn fix<'a>(file: &File<'_, 'a>, added: &Added<'a>) -> Option<Fix> {
    if !matches!(added.way, Way::On | Way::Once | Way::EventTarget) {
        return None;
    }
    taken_off(
        file,
        added.node,
        added.call,
        &end_of_work(file, added.node)?,
    )
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::{check, check_fix, check_page};

    #[test]
    fn the_page_holds() {
        check_page(&RULE);
    }

    #[test]
    fn emitters_of_the_process() {
        check(
            &RULE,
            "import bus from './bus';\napp.get('/', (req, res) => {\n  bus.on('a', (x) => res.write(x));\n});",
            &[3],
        );
        check(
            &RULE,
            "const mongoose = require('mongoose');\nexports.f = (req, res) => { mongoose.connection.on('error', () => res.end()); };",
            &[2],
        );
        check(
            &RULE,
            "class H { static hub = new EventEmitter(); }\nwss.on('connection', (ws) => {\n  H.hub.on('a', (x) => ws.send(x));\n});",
            &[3],
        );
        check(
            &RULE,
            "const t = new EventTarget();\nrouter.get('/s', (c) => stream(c, async (s) => { t.addEventListener('x', (e) => s.write(e)); }));",
            &[2],
        );
        check(
            &RULE,
            "import { api } from './api';\nexport const forUser = (req: Request) => { api.interceptors.request.use((c) => c); return api; };",
            &[2],
        );
        check(
            &RULE,
            "module.exports = (app, bus) => { app.get('/', (req, res) => { bus.on('a', (x) => res.write(x)); }); };",
            &[1],
        );
        check(
            &RULE,
            "const bus = make().setMaxListeners(0);\nserver.on('request', (req, res) => { bus.on('a', (x) => res.write(x)).on('b', (x) => res.write(x)); });",
            &[2, 2],
        );
    }

    #[test]
    fn once_for_what_may_not_come() {
        check(
            &RULE,
            "import p from './proxy';\napp.use((req, res, next) => { p.once('error', next); p.once('ready', next); p.web(req, res); });",
            &[2],
        );
        check(
            &RULE,
            "export function answer(bus, id, ms) {\n  return new Promise((resolve, reject) => {\n    const t = setTimeout(() => reject(new Error()), ms);\n    bus.once(`done:${id}`, (x) => { clearTimeout(t); resolve(x); });\n  });\n}",
            &[4],
        );
        check(
            &RULE,
            "class Sink { constructor() { this.s = net.connect(1); }\n  send(x) { return new Promise((resolve, reject) => {\n    this.s.once('error', reject);\n    this.s.write(x, () => resolve()); }); } }",
            &[3],
        );
        check(
            &RULE,
            "class Sink { constructor() { this.s = net.connect(1); }\n  open() { return new Promise((resolve, reject) => {\n    this.s.once('error', reject);\n    this.s.once('connect', resolve); }); } }",
            &[],
        );
    }

    #[test]
    fn what_ends_them() {
        let silent = |body: &str| {
            let text = format!(
                "const bus = new EventEmitter();\napp.get('/', (req, res) => {{ {body} }});"
            );
            check(&RULE, &text, &[]);
        };
        silent(
            "const f = (x) => res.write(x); bus.on('a', f); res.on('close', () => bus.off('a', f));",
        );
        silent(
            "bus.on('a', (x) => res.write(x)); res.on('close', () => bus.removeAllListeners('a'));",
        );
        silent("bus.off('a', f); bus.on('a', f);");
        silent("const f = (x) => { bus.off('a', f); res.end(x); }; bus.on('a', f);");
        silent("const stop = bus.on('a', (x) => res.write(x)); res.on('close', stop);");
        silent(
            "const f = (x) => res.write(x); bus.on('a', f); res.locals.ends.push(() => drop(f)); ends.push(f);",
        );
        silent(
            "const gone = new AbortController(); bus.addEventListener('a', (x) => res.write(x), { signal: gone.signal }); res.on('close', () => gone.abort());",
        );
        silent("if (bus.listenerCount('a') === 0) bus.on('a', show);");
        silent("if (!bus.wired) { bus.wired = true; bus.on('a', show); }");
        silent(
            "const own = new EventEmitter(); own.on('a', (x) => res.write(x)); req.on('data', show);",
        );
    }

    #[test]
    fn what_does_not_add_up() {
        check(
            &RULE,
            "bus.on('a', f); for (const e of ['a', 'b']) bus.on(e, f);",
            &[],
        );
        check(
            &RULE,
            "const bus = new EventEmitter();\nfunction wire() { bus.on('a', f); }\nwire();",
            &[],
        );
        check(
            &RULE,
            "const bus = new EventEmitter();\nexports.listen = (req, f) => { bus.on('a', f); };",
            &[],
        );
        check(
            &RULE,
            "let socket;\nexports.open = (req, res) => { socket = net.connect(1); socket.on('error', (e) => res.end(e)); };",
            &[],
        );
        check(
            &RULE,
            "'use client';\nimport { bus } from './bus';\nexport const P = (req, res) => { bus.on('a', () => res.x()); };",
            &[],
        );
        check(
            &RULE,
            "import * as mqtt from 'm';\nconst c = mqtt.connect();\napp.get('/', (req, res) => { c.subscribe('t', (err) => res.end(err)); });",
            &[],
        );
        let asks = "import mqtt from 'mqtt';\nconst c = mqtt.connect();\nc.on('connect', () => { c.subscribe('t', () => log()); });\napp.get('/', (req, res) => { c.subscribe('t', () => res.end()); });";
        check(&RULE, asks, &[]);
    }

    #[test]
    fn taken_off_with_the_response() {
        check_fix(
            &RULE,
            "const bus = new EventEmitter();\napp.get('/', (req, res) => {\n  bus.on('price', (x) => res.write(x));\n});\n",
            "const bus = new EventEmitter();\napp.get('/', (req, res) => {\n  const onPrice = (x) => res.write(x);\n  bus.on('price', onPrice);\n  res.once('close', () => bus.off('price', onPrice));\n});\n",
        );
    }

    #[test]
    fn functions_that_register_what_they_are_handed() {
        let wrapper = |body: &str, call: &str| {
            format!(
                "const bus = new EventEmitter();\nfunction watch(f) {{\n  bus.on('a', f);\n  {body}\n}}\napp.get('/', (req, res) => {{ {call} }});"
            )
        };
        check(&RULE, &wrapper("", "watch((x) => res.write(x));"), &[3]);
        check(&RULE, &wrapper("", "watch(shared);"), &[]);
        let remover = "return () => bus.off('a', f);";
        check(
            &RULE,
            &wrapper(remover, "watch((x) => res.write(x));"),
            &[3],
        );
        check(
            &RULE,
            &wrapper(remover, "res.on('close', watch((x) => res.write(x)));"),
            &[],
        );
        check(
            &RULE,
            "const bus = new EventEmitter();\nfunction watch(f) { bus.on('a', f); }\nwatch((x) => log(x));",
            &[],
        );
        let own = |made: &str| {
            format!(
                "class Hub extends EventEmitter {{\n  watch(f) {{ this.on('a', f); }}\n}}\nconst hub = new Hub();\napp.get('/', (req, res) => {{ {made}.watch((x) => res.write(x)); }});"
            )
        };
        check(&RULE, &own("hub"), &[2]);
        check(&RULE, &own("new Hub()"), &[]);
    }

    #[test]
    fn taken_off_on_other_ways() {
        let handler = |rest: &str| {
            format!(
                "import bus from './bus';\napp.get('/', async (req, res) => {{\n  const f = (x) => res.write(x);\n  bus.on('a', f);\n  {rest}\n}});"
            )
        };
        let end = "res.on('close', () => bus.off('a', f));";
        check(&RULE, &handler(&format!("if (!req.x) return; {end}")), &[4]);
        check(&RULE, &handler(&format!("{end} if (!req.x) return;")), &[]);
        check(
            &RULE,
            &handler(
                "const off = () => bus.off('a', f); if (!req.x) { off(); return; } res.on('close', off);",
            ),
            &[],
        );
        check(
            &RULE,
            &handler("res.on('finish', () => bus.off('a', f));"),
            &[4],
        );
        check(
            &RULE,
            &handler("res.on('close', () => bus.off('b', f));"),
            &[4],
        );
    }

    #[test]
    fn the_one_instance_there_is() {
        let source = |given: &str| {
            format!(
                "let made;\nfunction bus() {{ {given} }}\napp.get('/', (req, res) => {{\n  bus().on('a', (x) => res.write(x));\n}});"
            )
        };
        check(
            &RULE,
            &source("if (!made) made = open(); return made;"),
            &[4],
        );
        check(&RULE, &source("return (made ??= open());"), &[4]);
        check(&RULE, &source("return open();"), &[]);
        check(
            &RULE,
            &source("made = null; if (!made) made = open(); return made;"),
            &[],
        );
    }

    #[test]
    fn waiting_for_an_event_of_its_own() {
        let wait = |emitter: &str, settle: &str| {
            format!(
                "const bus = new EventEmitter();\nexport const f = ({emitter}, id) => new Promise((go, no) => {{\n  bus.once(id, go);\n  {settle}\n}});"
            )
        };
        check(&RULE, &wait("x", "setTimeout(no, 9);"), &[3]);
        check(&RULE, &wait("x", "bus.emit('ask', id);"), &[]);
        check(&RULE, &wait("bus", "setTimeout(no, 9);"), &[]);
    }

    #[test]
    fn subjects_and_injected_emitters() {
        let gateway = |chain: &str| {
            format!(
                "@WebSocketGateway()\nclass G {{\n  constructor(private readonly feed: Feed) {{}}\n  @SubscribeMessage('a')\n  follow(client) {{\n    this.feed.bids{chain}.subscribe((b) => client.emit('b', b));\n  }}\n}}"
            )
        };
        check(&RULE, &gateway(""), &[6]);
        check(&RULE, &gateway(".pipe(filter(mine))"), &[6]);
        check(&RULE, &gateway(".pipe(filter(mine), takeUntil(gone))"), &[]);
        check(
            &RULE,
            "@Injectable({ scope: Scope.REQUEST })\nclass C {\n  constructor(private readonly all: Settings) { all.on('saved', () => this.load()); }\n}",
            &[3],
        );
    }

    #[test]
    fn clients_that_connect_again() {
        let bot = |made: &str, event: &str| {
            format!(
                "import {{ io }} from 'socket.io-client';\nexport function f(url) {{\n  const s = {made};\n  s.{event}, () => {{\n    s.on('order', (o) => log(o));\n  }});\n}}"
            )
        };
        check(&RULE, &bot("io(url)", "on('connect'"), &[5]);
        check(&RULE, &bot("io(url)", "once('connect'"), &[]);
        check(&RULE, &bot("net.connect(url)", "on('connect'"), &[]);
        let bridge = |again: &str| {
            format!(
                "function B(url) {{ this.c = open(url); }}\nB.prototype.start = function () {{\n  var self = this;\n  this.c.on('m', (x) => self.put(x));\n  {again}\n}};"
            )
        };
        check(&RULE, &bridge("setTimeout(() => self.start(), 9);"), &[4]);
        check(&RULE, &bridge("setTimeout(() => self.stop(), 9);"), &[]);
        check(
            &RULE,
            &bridge("this.c.once('close', () => self.start());"),
            &[4],
        );
        let anew = "setTimeout(() => self.start(), 9);\n};\nB.prototype.drop = function () { this.c = open();";
        check(&RULE, &bridge(anew), &[]);
    }
}
