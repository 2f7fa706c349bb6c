//! An expression into what it opens and how that is closed.

use oxc_ast::AstKind;
use oxc_ast::ast::{Argument, Expression};
use oxc_semantic::{NodeId, SymbolId};
use oxc_span::GetSpan;

use super::code::{Code, last_name, method_call};

/// What was opened, by how it is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Opened {
    /// A stream to read from or to pass through; `destroy()` may be called twice.
    Stream,
    /// A file to write to: what was written is to reach it.
    FileSink,
    /// A TCP or TLS socket: what was written is to reach it.
    Socket,
    /// A request to another server.
    Request,
    /// A file watcher; `close()` may be called twice.
    Watcher,
    /// A UDP socket; `close()` throws when called twice.
    Datagram,
}

impl Opened {
    /// The method that closes it and may be called also when it is closed.
    pub(crate) const fn closing(self) -> Option<&'static str> {
        match self {
            Self::Stream | Self::Request => Some("destroy"),
            Self::FileSink => Some("end"),
            Self::Socket => Some("destroySoon"),
            Self::Watcher => Some("close"),
            Self::Datagram => None,
        }
    }

    /// What a reader calls it.
    pub(crate) const fn noun(self) -> &'static str {
        match self {
            Self::Stream => "stream",
            Self::FileSink => "file",
            Self::Socket => "connection",
            Self::Request => "request",
            Self::Watcher => "file watcher",
            Self::Datagram => "UDP socket",
        }
    }

    /// What ends it where no response does.
    pub(crate) const fn advice(self) -> &'static str {
        match self {
            Self::Stream => {
                "`destroy()` a stream that is not read to its end, also when its reader goes away: \
                 an 'error' handler alone leaves its descriptor open."
            }
            Self::FileSink => "`end()` a file's stream as soon as another takes its place.",
            Self::Socket => {
                "`end()` or `destroy()` the socket in every case, errors and timeouts included, or \
                 keep one connection for all."
            }
            Self::Request => {
                "Read an answer to its end, if only with `resume()`, or `destroy()` its request: \
                 until then its socket stays open."
            }
            Self::Watcher => "Watch each file once, and `close()` the watcher with what it serves.",
            Self::Datagram => {
                "`close()` the socket in the callback of `send`, or keep one socket for all."
            }
        }
    }
}

/// Methods by the module's usual name.
const CALLS: &[(&str, &[&str], Opened)] = &[
    ("fs", &["watch"], Opened::Watcher),
    ("net", &["connect", "createConnection"], Opened::Socket),
    ("tls", &["connect"], Opened::Socket),
    ("http", &["get", "request"], Opened::Request),
    ("https", &["get", "request"], Opened::Request),
    ("dgram", &["createSocket"], Opened::Datagram),
];
/// Methods that say enough by themselves.
const NAMED: &[(&str, Opened)] = &[
    ("createReadStream", Opened::Stream),
    ("createWriteStream", Opened::FileSink),
    ("createGzip", Opened::Stream),
    ("createGunzip", Opened::Stream),
    ("createDeflate", Opened::Stream),
    ("createInflate", Opened::Stream),
    ("createBrotliCompress", Opened::Stream),
    ("createBrotliDecompress", Opened::Stream),
    ("createCipheriv", Opened::Stream),
    ("createDecipheriv", Opened::Stream),
];
const CLASSES: &[&str] = &["PassThrough", "Transform", "Duplex", "Readable"];

/// What an expression opens.
pub(crate) fn opened(expression: &Expression<'_>) -> Option<Opened> {
    match expression {
        Expression::NewExpression(new) => {
            let class = last_name(&new.callee)?;
            CLASSES.contains(&class.as_str()).then_some(Opened::Stream)
        }
        Expression::CallExpression(call) => {
            let method = last_name(&call.callee)?;
            let by_name = NAMED.iter().find(|(name, _)| *name == method);
            by_name.map(|(_, opened)| *opened).or_else(|| {
                let object = last_name(method_call(call)?.object)?;
                let mut calls = CALLS.iter();
                let found = calls.find(|(module, methods, _)| {
                    *module == object && methods.contains(&method.as_str())
                })?;
                Some(found.2)
            })
        }
        _ => None,
    }
}

impl<'a> Code<'_, 'a> {
    /// What a variable that is never assigned to again is initialised with, and its declaration.
    pub(crate) fn constant(&self, symbol: SymbolId) -> Option<(NodeId, &'a Expression<'a>)> {
        let declaration = self.scoping().symbol_declaration(symbol);
        match self.kind(declaration) {
            AstKind::VariableDeclarator(declarator)
                if !self.scoping().symbol_is_mutated(symbol)
                    && declarator.id.get_binding_identifier().is_some() =>
            {
                Some((declaration, declarator.init.as_ref()?))
            }
            _ => None,
        }
    }

    /// Whether a variable's value stays with the code around it: nothing but its members is used,
    /// and it is handed to nothing but pipes.
    pub(crate) fn stays(&self, symbol: SymbolId) -> bool {
        self.references(symbol).all(|node| {
            let span = self.kind(node).span();
            match self.parent(node).map(|parent| self.kind(parent)) {
                Some(AstKind::StaticMemberExpression(member)) => member.object.span() == span,
                Some(AstKind::CallExpression(call)) => {
                    let name = last_name(&call.callee);
                    call.callee.span() != span && matches!(name.as_deref(), Some("pipe" | "once"))
                }
                _ => false,
            }
        })
    }

    /// The calls of a variable's methods with that name.
    pub(crate) fn calls_on(
        &self,
        symbol: SymbolId,
        method: &str,
    ) -> Vec<(NodeId, &'a [Argument<'a>])> {
        let calls = self.references(symbol).filter_map(|node| {
            let member = self.parent(node)?;
            let call = self.parent(member)?;
            let AstKind::CallExpression(found) = self.kind(call) else {
                return None;
            };
            let called = method_call(found)?;
            let is_method =
                called.method == method && found.callee.span() == self.kind(member).span();
            (is_method && called.object.span() == self.kind(node).span())
                .then_some((call, called.arguments))
        });
        calls.collect()
    }
}
