//! A call into whether what it gives is large: what reads, loads, unpacks or derives something, of whatever package.

use oxc_ast::ast::{CallExpression, Expression};
use oxc_semantic::SymbolId;
use stanch_js_source::{ImportedName, bare, literal_text};

use super::{Bulk, LARGE, Text, is_contents, is_used_as_many, of_value};
use crate::facts::lifetime::is_exchange_of;
use crate::facts::listeners::member;
use crate::file::{argument, method};

/// Functions that read a file, a body or a stream as a whole, or parse a text: Node, the web's own, drivers of databases.
const READS: &[&str] = &[
    "readFile",
    "readFileSync",
    "parse",
    "parseAsync",
    "arrayBuffer",
    "buffer",
    "blob",
    "json",
    "text",
    "toBuffer",
    "toArray",
    "findMany",
    "findAll",
    "query",
    "all",
    "aggregate",
    "execute",
    "concat",
    "alloc",
    "allocUnsafe",
    "download",
    "getObject",
    "readAll",
    "raw",
    "formData",
];
/// Functions that are given a request and read its body: of raw-body, micro, co-body, h3 and multipart parsers.
const BODIES: &[&str] = &[
    "raw",
    "rawBody",
    "getRawBody",
    "readBody",
    "readRawBody",
    "parseBody",
    "parseMultipart",
];
/// Functions that make a document or bytes of packed ones: of zlib, node:v8, the web, and packages for MessagePack and the like.
const UNPACKS: &[&str] = &[
    "decode",
    "unpack",
    "deserialize",
    "gunzipSync",
    "inflateSync",
    "unzipSync",
    "brotliDecompressSync",
    "decompress",
];
/// Words that begin the names of functions that load something.
const LOADS: &[&str] = &[
    "load", "read", "fetch", "query", "list", "search", "scan", "find", "export", "collect",
];
/// Methods of collections, texts and bytes that give another one as large.
const DERIVES: &[&str] = &[
    "toString", "subarray", "flat", "map", "filter", "slice", "flatMap", "concat", "sort",
    "reverse", "toSorted", "entries", "values", "split", "join",
];

pub(super) fn of_call<'a>(
    file: Text<'_, 'a>,
    call: &'a CallExpression<'a>,
    holder: Option<SymbolId>,
    deeper: u32,
) -> Option<Bulk> {
    let (object, name) = match method(call) {
        Some((object, name)) => (Some(object), name.to_owned()),
        // An import may have another name here.
        None => match (bare(&call.callee), file.parsed.import_of(&call.callee)) {
            (_, Some((_, ImportedName::Named(name)))) => (None, name),
            (Expression::Identifier(name), _) => (None, name.name.to_string()),
            _ => return None,
        },
    };
    let name = name.as_str();
    if DERIVES.contains(&name)
        && let Some(object) = object
        && of_value(file, object, None, deeper).is_some()
    {
        return Some(Bulk::Contents);
    }
    if is_written_out(file, object, name, call, deeper) {
        return Some(Bulk::Contents);
    }
    if READS.contains(&name) && reads(file, object, name, call) {
        return Some(Bulk::Contents);
    }
    let takes_a_request = || argument(call, 0).is_some_and(|it| is_exchange_of(file.parsed, it));
    if object.is_none() && BODIES.contains(&name) && takes_a_request() {
        return Some(Bulk::Contents);
    }
    if file.gives_much(&call.callee) {
        return Some(Bulk::Contents);
    }
    // What is loaded is large where it is used as a collection, or has what only documents have.
    let is_loaded = LOADS.iter().any(|word| name.starts_with(word));
    let holder = holder?;
    ((is_loaded || hands_on(file, call, deeper)) && is_used_as_many(file, holder))
        .then_some(Bulk::Contents)
}

/// `withClient((client) => client.query(…))`, `retry(() => load())`: what lends something, or tries again, gives what the
/// function gives that it is handed.
fn hands_on<'a>(file: Text<'_, 'a>, call: &'a CallExpression<'a>, deeper: u32) -> bool {
    (0..call.arguments.len()).any(|at| match argument(call, at).map(bare) {
        Some(Expression::ArrowFunctionExpression(arrow)) => arrow
            .get_expression()
            .is_some_and(|given| of_value(file, given, None, deeper).is_some()),
        _ => false,
    })
}

/// `JSON.stringify(await load())`, `Buffer.from(text)`: another form of something large, or of what had to be waited for.
fn is_written_out<'a>(
    file: Text<'_, 'a>,
    object: Option<&'a Expression<'a>>,
    name: &str,
    call: &'a CallExpression<'a>,
    deeper: u32,
) -> bool {
    let is_of = |wanted: &str| matches!(object.map(bare), Some(Expression::Identifier(name)) if name.name == wanted);
    let Some(given) = argument(call, 0) else {
        return false;
    };
    match name {
        "stringify" if is_of("JSON") => {
            matches!(bare(given), Expression::AwaitExpression(_))
                || of_value(file, given, None, deeper).is_some()
        }
        "from" if is_of("Buffer") => {
            let is_encoded = argument(call, 1).and_then(literal_text) == Some("base64")
                && member(given).is_some_and(|(_, name)| LARGE.contains(&name));
            is_encoded || of_value(file, given, None, deeper).is_some()
        }
        _ if UNPACKS.contains(&name) => of_value(file, given, None, deeper).is_some(),
        _ => false,
    }
}

/// Whether a call by a name of those that read is not one of something else: `Promise.all`, `Number.parse`, `z.parse`.
fn reads<'a>(
    file: Text<'_, 'a>,
    object: Option<&'a Expression<'a>>,
    name: &str,
    call: &'a CallExpression<'a>,
) -> bool {
    let object_name = match object.map(bare) {
        Some(Expression::Identifier(name)) => name.name.as_str(),
        _ => "",
    };
    match name {
        // What a function makes of a text or an answer may be a token; what it makes of a file is large.
        "parse" | "parseAsync" | "json" if file.project.is_none() => {
            argument(call, 0).is_some_and(|text| is_contents(file, text))
        }
        "parse" | "parseAsync" => !matches!(
            object_name,
            "Date"
                | "Number"
                | "path"
                | "url"
                | "URL"
                | "querystring"
                | "qs"
                | "semver"
                | "cookie"
                | "ms"
        ),
        "all" | "raw" | "execute" => {
            object.is_some()
                && object_name != "Promise"
                && argument(call, 0).is_some_and(|asked| !asks_for_little(asked))
        }
        "concat" | "alloc" | "allocUnsafe" => object_name == "Buffer",
        "query" => {
            // A statement is asked of a database, whatever that is called here.
            let is_statement = || {
                argument(call, 0)
                    .and_then(literal_text)
                    .is_some_and(|text| text.contains(' '))
            };
            (!is_exchange_query(file, object) || is_statement())
                && !argument(call, 0).is_some_and(|asked| asks_for_little(asked))
        }
        _ => true,
    }
}

/// Whether a text of SQL changes something, counts, or asks for one row.
fn asks_for_little(asked: &Expression<'_>) -> bool {
    let text = match asked {
        Expression::TemplateLiteral(template) => {
            let parts = template.quasis.iter().map(|part| part.value.raw.as_str());
            parts.collect::<Vec<_>>().join(" ").to_ascii_lowercase()
        }
        asked => match literal_text(asked) {
            Some(text) => text.to_ascii_lowercase(),
            None => return false,
        },
    };
    let words = || text.split_ascii_whitespace();
    let changes = words().next().is_some_and(|first| {
        matches!(
            first,
            "insert"
                | "update"
                | "delete"
                | "create"
                | "drop"
                | "alter"
                | "begin"
                | "commit"
                | "set"
        )
    });
    changes
        || text.contains("count(")
        || text.contains("where id =")
        || words().rev().take(2).eq(["1", "limit"])
}

fn is_exchange_query<'a>(file: Text<'_, 'a>, object: Option<&'a Expression<'a>>) -> bool {
    object.is_some_and(|object| is_exchange_of(file.parsed, object))
}
