//! Calls into the descriptors and sockets they open, and uses of these into what closes them, reads them to their end, or
//! gives them to somebody else.

use oxc_ast::AstKind;
use oxc_ast::ast::{Argument, Expression};
use oxc_semantic::{NodeId, SymbolId};
use oxc_span::{GetSpan, Span};
use stanch_js_source::{bare, literal_text};

use crate::facts::fate::{Fate, Way, call_at, is_test, uses};
use crate::facts::lent::LENDS;
use crate::facts::one_more::gives_one_more;
use crate::facts::platform::{Outside, is_method_of_package, outside};
use crate::file::{File, argument};

/// What is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A file that is read.
    Reader,
    /// A file that is written.
    Writer,
    /// A file of fs/promises.
    Handle,
    /// The number of an open file.
    Number,
    /// A connection.
    Socket,
    /// A datagram socket.
    Datagram,
    /// The answer to a request of this program: a socket until it is read.
    Answer,
    /// A connection of a client of a database, broker or WebSocket, or a browser: it stays until it is closed, whatever is
    /// asked of it.
    Client,
    /// A connection of a pool, which wants it back.
    Lent,
    /// A watcher of the file system.
    Watcher,
    /// An instance of a class of the project that has something open, and a method to close it.
    Wrapped,
}

impl Kind {
    /// What is kept, in words.
    pub(crate) const fn kept(self) -> &'static str {
        match self {
            Self::Reader | Self::Writer | Self::Handle | Self::Number => "a descriptor",
            Self::Socket | Self::Datagram => "a socket",
            Self::Answer => "the connection of the answer",
            Self::Client | Self::Lent => "a connection",
            Self::Watcher => "a watcher",
            Self::Wrapped => "what it has open",
        }
    }

    /// Whether it stays until it is closed, whatever is asked of it.
    pub(crate) const fn is_used_by_asking(self) -> bool {
        matches!(
            self,
            Self::Client | Self::Watcher | Self::Lent | Self::Wrapped
        )
    }

    /// Whether it may be the process's own, where it is not made for each request or message.
    pub(crate) const fn may_serve_all(self) -> bool {
        matches!(self, Self::Client | Self::Watcher)
    }
}

/// What packages export that connects at once, or is a client that does so when it is told to: by their documentation.
pub(crate) const CONNECTS: &[(&str, &str)] = &[
    ("http2", "connect"),
    ("amqplib", "connect"),
    ("mongodb", "MongoClient.connect"),
    ("mysql", "createConnection"),
    ("mysql2", "createConnection"),
    ("mysql2/promise", "createConnection"),
    ("redis", "createClient"),
    ("mqtt", "connect"),
    ("puppeteer", "launch"),
    ("playwright", "chromium.launch"),
    ("playwright", "firefox.launch"),
    ("playwright", "webkit.launch"),
    ("puppeteer-core", "launch"),
    ("nats", "connect"),
    ("mysql", "createPool"),
    ("mysql2", "createPool"),
    ("mysql2/promise", "createPool"),
    ("mongoose", "createConnection"),
    ("socket.io-client", "io"),
    ("socket.io-client", "connect"),
    ("ldapjs", "createClient"),
    ("neo4j-driver", "driver"),
];
/// Classes of packages whose instances connect.
pub(crate) const CLIENTS: &[(&str, &str)] = &[
    ("ws", ""),
    ("ws", "WebSocket"),
    ("pg", "Client"),
    ("mongodb", "MongoClient"),
    ("ioredis", ""),
    ("ioredis", "Redis"),
    ("ssh2", "Client"),
    ("basic-ftp", "Client"),
    ("pg", "Pool"),
    ("ioredis", "Cluster"),
    ("@prisma/client", "PrismaClient"),
    ("sequelize", "Sequelize"),
    ("imapflow", "ImapFlow"),
    ("ssh2-sftp-client", ""),
    ("cassandra-driver", "Client"),
];
/// Methods of what packages export that give a client which connects when it is told to: by their documentation.
const GIVES_CLIENTS: &[(&str, &str)] = &[
    ("kafkajs", "producer"),
    ("kafkajs", "consumer"),
    ("kafkajs", "admin"),
];

fn of_package(found: &Outside, list: &[(&str, &str)]) -> bool {
    list.iter().any(|(module, name)| found.is(module, name))
}

/// What a call or `new` opens, if it opens a file or a connection of its own.
pub(crate) fn opens<'a>(file: &File<'_, 'a>, node: NodeId) -> Option<Kind> {
    let callee: &Expression<'a> = match file.kind(node) {
        AstKind::CallExpression(call) => &call.callee,
        AstKind::NewExpression(new) => &new.callee,
        _ => return None,
    };
    if GIVES_CLIENTS.iter().any(|(module, name)| {
        is_called_so(callee, name) && is_method_of_package(file, callee, module, name)
    }) {
        return Some(Kind::Client);
    }
    if gives_one_more(file, node, callee) {
        return Some(Kind::Client);
    }
    let found = outside(file, callee)?;
    let is_new = matches!(file.kind(node), AstKind::NewExpression(_));
    Some(match (found.module.as_str(), found.name.as_str()) {
        ("fs" | "chokidar", "watch") => Kind::Watcher,
        _ if !is_new && of_package(&found, CONNECTS) => Kind::Client,
        _ if is_new && of_package(&found, CLIENTS) => Kind::Client,
        ("fs" | "graceful-fs" | "fs-extra", "createReadStream") => Kind::Reader,
        ("fs" | "graceful-fs" | "fs-extra", "createWriteStream") => Kind::Writer,
        ("fs/promises", "open") => Kind::Handle,
        ("fs", "openSync") => Kind::Number,
        ("net", "connect" | "createConnection") | ("tls", "connect") => Kind::Socket,
        ("net", "Socket") if is_new => Kind::Socket,
        ("dgram", "createSocket") => Kind::Datagram,
        _ => return None,
    })
}

/// Whether a callee is a member of that name: asked before it is asked what it stands for.
fn is_called_so(callee: &Expression<'_>, name: &str) -> bool {
    bare(callee)
        .as_member_expression()
        .is_some_and(|member| member.static_property_name() == Some(name))
}

/// Whether a call takes a connection out of a pool, which gets it back by its method `release`.
pub(crate) fn lends<'a>(
    file: &File<'_, 'a>,
    node: NodeId,
    call: &oxc_ast::ast::CallExpression<'a>,
) -> bool {
    let is_lent = crate::file::method(call).is_some_and(|(_, name)| LENDS.contains(&name));
    let way = crate::facts::fate::way(file, node);
    let Fate::Variable(lent) = way.fate else {
        return false;
    };
    is_lent
        && way.awaited
        && uses(file, lent).iter().any(|(_, way)| {
            matches!(
                way.fate,
                Fate::Asked {
                    method: "release",
                    ..
                }
            )
        })
}

/// Whether a call asks another server over http, and its answer comes to a function.
pub(crate) fn asks_a_server<'a>(file: &File<'_, 'a>, callee: &Expression<'a>) -> bool {
    outside(file, callee).is_some_and(|found| {
        matches!(found.module.as_str(), "http" | "https" | "follow-redirects")
            && matches!(
                found.name.as_str(),
                "get" | "request" | "http.get" | "http.request" | "https.get" | "https.request"
            )
    })
}

/// Whether a call is `request` of undici, or of one of its clients: its result has a body that must be read.
pub(crate) fn gives_a_body<'a>(file: &File<'_, 'a>, callee: &Expression<'a>) -> bool {
    if outside(file, callee).is_some_and(|found| found.is("undici", "request")) {
        return true;
    }
    is_method_of_package(file, callee, "undici", "request")
}

/// What is done to something open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Deed {
    /// Nothing that changes who has to close it.
    Nothing,
    /// It is closed.
    Closes,
    /// It is read to its end, where it closes itself.
    Reads,
    /// Somebody else has it from here on.
    HandsOver,
}

/// A use, and where.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Used {
    pub(crate) node: NodeId,
    pub(crate) deed: Deed,
    /// The expression in which it happens.
    pub(crate) span: Span,
}

/// Methods that close.
const CLOSES: &[&str] = &[
    "destroy",
    "end",
    "close",
    "destroySoon",
    "terminate",
    "resetAndDestroy",
    "cancel",
    "abort",
    "dump",
];
/// Methods that read to the end: streams, their iterator helpers, and bodies.
const READS: &[&str] = &[
    "pipe",
    "resume",
    "toArray",
    "forEach",
    "map",
    "filter",
    "reduce",
    "find",
    "some",
    "every",
    "flatMap",
    "iterator",
    "text",
    "json",
    "arrayBuffer",
    "blob",
    "bytes",
    "formData",
];
/// Methods that leave everything as it is: of streams, sockets, datagram sockets and file handles; of TLS sockets all that only
/// tell of the connection, by Node's documentation.
const LEAVES: &[&str] = &[
    "getCertificate",
    "getCipher",
    "getEphemeralKeyInfo",
    "getFinished",
    "getPeerCertificate",
    "getPeerFinished",
    "getPeerX509Certificate",
    "getProtocol",
    "getSession",
    "getSharedSigalgs",
    "getTLSTicket",
    "getX509Certificate",
    "isSessionReused",
    "exportKeyingMaterial",
    "off",
    "removeListener",
    "removeAllListeners",
    "setMaxListeners",
    "listenerCount",
    "emit",
    "setEncoding",
    "pause",
    "isPaused",
    "read",
    "unshift",
    "write",
    "cork",
    "uncork",
    "setTimeout",
    "setNoDelay",
    "setKeepAlive",
    "ref",
    "unref",
    "connect",
    "address",
    "send",
    "bind",
    "setBroadcast",
    "addMembership",
    "readv",
    "writev",
    "stat",
    "truncate",
    "datasync",
    "sync",
    "chmod",
    "chown",
    "utimes",
    "readFile",
    "writeFile",
    "appendFile",
];
const LISTENS: &[&str] = &[
    "on",
    "once",
    "addListener",
    "prependListener",
    "prependOnceListener",
];

/// All that is done to what a variable holds.
pub(crate) fn deeds(file: &File<'_, '_>, variable: SymbolId) -> Vec<Used> {
    let uses = uses(file, variable);
    let pauses = uses.iter().any(|(_, way)| {
        matches!(
            way.fate,
            Fate::Asked {
                method: "pause",
                ..
            }
        )
    });
    uses.iter()
        .map(|(node, way)| deed(file, *node, way, pauses))
        .collect()
}

/// Methods of clients that give something which goes with the client: a database, a channel, a page.
const GIVES_PART: &[&str] = &[
    "db",
    "collection",
    "createChannel",
    "createConfirmChannel",
    "newPage",
    "newContext",
    "createBrowserContext",
    "startSession",
    "request",
    "duplicate",
];
/// Methods that end clients, beside those that end streams.
const ENDS_CLIENTS: &[&str] = &[
    "quit",
    "disconnect",
    "release",
    "dispose",
    "kill",
    "goodbye",
    "$disconnect",
    "shutdown",
    "logout",
    "unbind",
    "drain",
];

/// The same for a client or a watcher: whatever it is asked leaves it open, unless it is closed or given away.
pub(crate) fn deeds_of_client(file: &File<'_, '_>, variable: SymbolId) -> Vec<Used> {
    let all = uses(file, variable);
    let is_lent = all.iter().any(|(_, way)| {
        matches!(
            way.fate,
            Fate::Asked {
                method: "release",
                ..
            }
        )
    });
    all.iter()
        .map(|(node, way)| {
            let used = deed(file, *node, way, false);
            let Fate::Asked { call, method } = way.fate else {
                let deed = match way.fate {
                    Fate::Given { call, .. } if is_lent && runs_a_parameter(file, call) => {
                        Deed::Nothing
                    }
                    _ => used.deed,
                };
                return Used { deed, ..used };
            };
            let deed = if CLOSES.contains(&method) || ENDS_CLIENTS.contains(&method) {
                Deed::Closes
            } else if GIVES_PART.contains(&method) && is_part_given_on(file, call) {
                Deed::HandsOver
            } else {
                Deed::Nothing
            };
            Used { deed, ..used }
        })
        .collect()
}

/// Whether a call runs what its function was given: that works with what it gets, whose function takes it back.
fn runs_a_parameter(file: &File<'_, '_>, call: NodeId) -> bool {
    let callee = call_at(file, call).and_then(|call| file.variable(&call.callee));
    callee.is_some_and(|callee| {
        let declared = file.parsed.semantic().scoping().symbol_declaration(callee);
        matches!(file.kind(declared), AstKind::FormalParameter(_))
            && file.function_around(declared) == file.function_around(call)
    })
}

/// Whether what a client gives goes to somebody who may end the client with it, or use it after the call.
fn is_part_given_on(file: &File<'_, '_>, call: NodeId) -> bool {
    match crate::facts::fate::way(file, call).fate {
        Fate::Variable(part) => uses(file, part).iter().any(|(_, way)| {
            !matches!(
                way.fate,
                Fate::Asked { .. } | Fate::Read { .. } | Fate::Dropped
            )
        }),
        Fate::Asked { .. } | Fate::Read { .. } | Fate::Dropped => false,
        _ => true,
    }
}

/// What a use does to what it is a use of; `pauses` if it is paused somewhere.
pub(crate) fn deed<'a>(file: &File<'_, 'a>, node: NodeId, way: &Way<'a>, pauses: bool) -> Used {
    let own = file.kind(way.whole).span();
    let (deed, span) = match way.fate {
        Fate::Asked { call, method } => {
            let span = file.kind(call).span();
            (asked(file, call, method, pauses), span)
        }
        Fate::Given { call, at: 0 } if function_of_fs(file, call).is_some() => {
            let closes = function_of_fs(file, call).is_some_and(|name| name.starts_with("close"));
            let deed = if closes { Deed::Closes } else { Deed::Nothing };
            (deed, file.kind(call).span())
        }
        Fate::Given { call, at } => {
            let waits = at == 0 && waits_for_event(file, call);
            let deed = match waits.then(|| event_of(file, call, 1)).flatten() {
                Some("data") if !pauses => Deed::Reads,
                Some("end" | "close" | "finish") => Deed::Reads,
                Some(_) => Deed::Nothing,
                None => Deed::HandsOver,
            };
            (deed, file.kind(call).span())
        }
        Fate::Read { property: "fd", .. } => (Deed::HandsOver, own),
        Fate::Dropped | Fate::Read { .. } => (Deed::Nothing, own),
        Fate::Iterated => (Deed::Reads, own),
        Fate::Disposed => (Deed::Closes, own),
        _ if is_test(file, node) => (Deed::Nothing, own),
        _ => (Deed::HandsOver, own),
    };
    Used { node, deed, span }
}

fn asked(file: &File<'_, '_>, call: NodeId, method: &str, pauses: bool) -> Deed {
    if CLOSES.contains(&method) {
        return Deed::Closes;
    }
    if READS.contains(&method) {
        return Deed::Reads;
    }
    if LEAVES.contains(&method) {
        return Deed::Nothing;
    }
    if LISTENS.contains(&method) {
        // A listener for `data` makes it flow, and it goes on flowing when the listener is gone.
        return match event_of(file, call, 0) {
            Some("data") if !pauses => Deed::Reads,
            Some("readable") if method != "once" => Deed::Reads,
            Some(_) => Deed::Nothing,
            None => Deed::HandsOver,
        };
    }
    Deed::HandsOver
}

/// The function of `fs` that a call is of: it works on the descriptor that it is given first.
fn function_of_fs(file: &File<'_, '_>, call: NodeId) -> Option<String> {
    let found = outside(file, &call_at(file, call)?.callee)?;
    (found.module == "fs").then(|| found.name.clone())
}

/// Whether a call is `once` of node:events.
fn waits_for_event(file: &File<'_, '_>, call: NodeId) -> bool {
    call_at(file, call).is_some_and(|call| {
        outside(file, &call.callee).is_some_and(|found| {
            found.module == "events" && matches!(found.name.as_str(), "once" | "EventEmitter.once")
        })
    })
}

/// The event that an argument of a call names.
pub(crate) fn event_of<'a>(file: &File<'_, 'a>, call: NodeId, at: usize) -> Option<&'a str> {
    let argument = call_at(file, call)?.arguments.get(at)?;
    literal_text(argument.as_expression()?)
}

/// The function among the arguments of a call, and its first parameter; the parameter is none where it is not taken.
pub(crate) fn callback<'a>(
    file: &File<'_, 'a>,
    call: &oxc_ast::ast::CallExpression<'a>,
) -> Option<(NodeId, Option<SymbolId>)> {
    let last = call
        .arguments
        .iter()
        .filter_map(Argument::as_expression)
        .next_back()?;
    let function = match bare(last) {
        Expression::ArrowFunctionExpression(arrow) => arrow.node_id.get(),
        Expression::FunctionExpression(function) => function.node_id.get(),
        _ => return None,
    };
    let given = file.parsed.parameters(function)?;
    if given.items.is_empty() && given.rest.is_none() {
        return Some((function, None));
    }
    Some((function, Some(crate::facts::timers::parameter(given, 0)?)))
}

/// Whether the first arguments of a request say that it is `HEAD`, whose answer has no body.
pub(crate) fn asks_for_head(file: &File<'_, '_>, call: &oxc_ast::ast::CallExpression<'_>) -> bool {
    (0..2).filter_map(|at| argument(call, at)).any(|argument| {
        !matches!(
            argument,
            Expression::ArrowFunctionExpression(_) | Expression::FunctionExpression(_)
        ) && file.slice(argument.span()).contains("HEAD")
    })
}

/// The part of a call from its name on, where a chain spans several lines.
pub(crate) fn name_on(file: &File<'_, '_>, node: NodeId) -> Span {
    let whole = file.kind(node).span();
    match call_at(file, node).map(|call| bare(&call.callee)) {
        Some(Expression::StaticMemberExpression(member)) => {
            let before = Span::new(whole.start, member.property.span.start);
            if file.slice(before).contains('\n') {
                Span::new(member.property.span.start, whole.end)
            } else {
                whole
            }
        }
        _ => whole,
    }
}
