//! Outcomes to report on, as a linter would hand them over.

use std::sync::Arc;

use stanch_js_source::{Extent, SourceText};
use stanch_leak_lint::{Applied, Edit, Finding, Fix, Label, Safety};
use stanch_leak_patterns::Confidence;
use stanch_lint_project::{
    FixedFile, Located, Named, Outcome, Problem, ProblemKind, Reason, Skipped,
};

const BUS: &str = "const { EventEmitter } = require('node:events');

module.exports = new EventEmitter();
";
const SERVER: &str = "const bus = require('./lib/bus');

function serve(req, res) {
  bus.on('price', (price) => res.write(`${price}`));
  feed.pipe(res); // é 😀 then
}
";

/// Findings of several kinds and a file that cannot be parsed.
pub(crate) fn findings() -> Outcome {
    let server = SourceText::new("src/server.js", SERVER);
    let bus = SourceText::new("src/lib/bus.js", BUS);
    let broken = SourceText::new("src/my broken.ts", "let a = = 1;\n");
    let mut outcome = Outcome {
        checked: 1_200,
        findings: vec![
            located("src/server.js", listener(&server, &bus)),
            located("src/server.js", pipe(&server)),
            located("src/server.js", suppression(&server)),
        ],
        problems: vec![
            Problem {
                file: Arc::from("src/my broken.ts"),
                kind: ProblemKind::Syntax,
                message: "Unexpected token".to_owned(),
                place: Some(extent(&broken, "= 1")),
            },
            Problem {
                file: Arc::from("src/secret.js"),
                kind: ProblemKind::Unreadable,
                message: "cannot be read: Permission denied (os error 13)".to_owned(),
                place: None,
            },
        ],
        skipped: vec![Skipped {
            path: "src/jquery.min.js".into(),
            reason: Reason::Minified,
            named: Named::InFolder,
        }],
        fixed: vec![fixed()],
        suppressed: 2,
        baselined: 1,
        gone: 1,
        ..Outcome::default()
    };
    for source in [server, bus, broken] {
        outcome.texts.insert(Arc::from(source.path()), source);
    }
    outcome
}

/// A project without a finding.
pub(crate) fn clean() -> Outcome {
    Outcome {
        checked: 120,
        ..Outcome::default()
    }
}

/// Names and code that try to leave the report.
pub(crate) fn hostile() -> Outcome {
    let code = "bus.on('\u{1b}[2J\u{202e}', () => 1); // \u{9b}31m]]>\u{2028}\n";
    let file = "src/\u{1b}[31m\r\n::error::.js";
    let source = SourceText::new(file, code);
    let mut finding = pipe(&SourceText::new(file, SERVER));
    finding.place = Label::new(extent(&source, "bus"), "\u{1b}]0;title\u{7}");
    finding.message = "`\u{202e}name\u{1b}[0m`\n::error::is kept <b>&\u{0}".to_owned();
    let mut outcome = Outcome {
        checked: 1,
        findings: vec![located(file, finding)],
        ..Outcome::default()
    };
    outcome.texts.insert(Arc::from(file), source);
    outcome
}

/// The same finding on two lines alike, the first of them at that byte.
pub(crate) fn twice(text: &str, at: u32) -> Outcome {
    let source = SourceText::new("a.js", format!("{text}a();\n"));
    let second = source.text().len() as u32 - 5;
    let finding = |start| {
        let mut finding = suppression(&source);
        finding.place = Label::new(source.extent(start, start + 3), "");
        located("a.js", finding)
    };
    let mut outcome = Outcome {
        checked: 1,
        findings: vec![finding(at), finding(second)],
        ..Outcome::default()
    };
    outcome.texts.insert(Arc::from("a.js"), source.clone());
    outcome
}

fn located(file: &str, finding: Finding) -> Located {
    Located {
        file: Arc::from(file),
        finding,
    }
}

fn listener(server: &SourceText, bus: &SourceText) -> Finding {
    let call = extent(server, "bus.on('price', (price) => res.write(`${price}`))");
    Finding {
        rule: "listener-on-reused-socket",
        confidence: Confidence::High,
        message: "Each request adds a handler to `bus`, and nothing removes it.".to_owned(),
        growth: Some("per request, for the life of the process"),
        place: Label::new(call, "a handler is added here"),
        labels: vec![
            Label::new(extent(server, "serve"), "runs for each request"),
            Label::in_file(
                "src/lib/bus.js",
                extent(bus, "new EventEmitter()"),
                "the emitter lives as long as the process",
            ),
        ],
        fixes: vec![
            Fix {
                title: "Remove the handler when the response closes".to_owned(),
                safety: Safety::Unsafe,
                edits: vec![Edit {
                    start: call.end + 1,
                    end: call.end + 1,
                    text: "\n  res.once('close', () => bus.off('price', write));".to_owned(),
                }],
            },
            Fix {
                title: "Give the listener an AbortSignal".to_owned(),
                safety: Safety::Display,
                edits: Vec::new(),
            },
        ],
    }
}

fn pipe(server: &SourceText) -> Finding {
    Finding {
        rule: "unguarded-pipe",
        confidence: Confidence::Medium,
        message: "`feed` stays open when the client goes away.".to_owned(),
        growth: None,
        place: Label::new(extent(server, "feed.pipe(res)"), "nothing ends `feed` here"),
        labels: Vec::new(),
        fixes: Vec::new(),
    }
}

fn suppression(source: &SourceText) -> Finding {
    let place = source.text().find("// é").unwrap_or(0) as u32;
    let end = source.text().trim_end_matches("\n}\n").len() as u32;
    Finding {
        rule: "unused-suppression",
        confidence: Confidence::High,
        message: "`unguarded-pipe` finds nothing here: the suppression can go.".to_owned(),
        growth: None,
        place: Label::new(source.extent(place, end), ""),
        labels: Vec::new(),
        fixes: vec![Fix {
            title: "Remove the suppression".to_owned(),
            safety: Safety::Safe,
            edits: vec![Edit {
                start: place,
                end,
                text: String::new(),
            }],
        }],
    }
}

fn fixed() -> FixedFile {
    FixedFile {
        file: Arc::from("src/a b.js"),
        path: "/project/src/a b.js".into(),
        before: "one();\r\ntwo();\r\nthree();\r\n".to_owned(),
        after: "one();\r\n2();\r\nthree();\r\n".to_owned(),
        applied: vec![Applied {
            rule: "unused-suppression",
            line: 2,
            title: "Remove the suppression".to_owned(),
            safety: Safety::Safe,
        }],
        broken: Vec::new(),
    }
}

fn extent(source: &SourceText, part: &str) -> Extent {
    let start = source.text().find(part).map_or(0, |at| at as u32);
    source.extent(start, start + part.len() as u32)
}
