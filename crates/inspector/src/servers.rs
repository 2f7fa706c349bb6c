//! The HTTP servers of an isolate: which of a process's listening ports speak HTTP, without sending them anything.

use std::net::{IpAddr, SocketAddr};

use serde::{Deserialize, Serialize};

use crate::error::InspectorError;
use crate::session::{Session, decode};
use crate::wire::RemoteObject;

/// What `http.createServer` and its kin have open. A port that merely listens may belong to a database's or a
/// broker's protocol, and a request sent there can end the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct HttpServer {
    /// Where it listens; an unspecified address means every interface.
    pub address: SocketAddr,
    /// What a client has to speak.
    pub protocol: HttpProtocol,
}

/// A dialect of HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HttpProtocol {
    /// HTTP/1.1 in clear text: `node:http`.
    Http1,
    /// Behind TLS: `node:https`, `http2.createSecureServer`.
    Tls,
    /// HTTP/2 in clear text: `http2.createServer`.
    Http2,
}

impl Session {
    /// The servers of this isolate that listen on TCP, in the order in which they were opened.
    ///
    /// # Errors
    /// The process does not answer, or the connection ended.
    pub async fn http_servers(&self) -> Result<Vec<HttpServer>, InspectorError> {
        let doing = "listing the HTTP servers";
        let active = format!("({LISTENING})(({ACTIVE})())");
        let mut found: Vec<Listening> = decode(self.value(&active, doing).await?, doing)?;
        if found.is_empty() && self.value(IS_CLUSTER_WORKER, doing).await? == true {
            found = self.in_heap(doing).await?;
        }
        Ok(found
            .into_iter()
            .map(|server| HttpServer {
                address: SocketAddr::new(server.address, server.port),
                protocol: match (server.tls, server.http2) {
                    (true, _) => HttpProtocol::Tls,
                    (false, true) => HttpProtocol::Http2,
                    (false, false) => HttpProtocol::Http1,
                },
            })
            .collect())
    }

    /// Servers found among all objects: the primary of a cluster holds their sockets, so that a worker's own list of
    /// handles lacks them.
    async fn in_heap(&self, doing: &'static str) -> Result<Vec<Listening>, InspectorError> {
        let prototype = self.object(HTTP_PROTOTYPE, doing).await?;
        let params = QueryObjects {
            prototype_object_id: &prototype,
        };
        let found: Queried = self.call("Runtime.queryObjects", params, doing).await?;
        let Some(servers) = found.objects.object_id else {
            return Ok(Vec::new());
        };
        let code = format!("function(){{return ({LISTENING})(this)}}");
        decode(self.call_on(&servers, &code, doing).await?, doing)
    }
}

/// Objects of the event loop, servers among them, as a function's source.
const ACTIVE: &str =
    "()=>typeof process._getActiveHandles==='function'?process._getActiveHandles():[]";

/// From objects to the HTTP servers among them that listen on TCP, as a function's source. They are told by what only
/// they have, since loading `node:http` to compare classes would change the heap that is about to be measured. A server
/// on a Unix socket has a text for its address.
const LISTENING: &str = "objects=>objects\
    .filter(s=>s&&s.listening&&typeof s.address==='function')\
    .map(s=>({at:s.address(),http1:'headersTimeout'in s,\
    http2:typeof s.updateSettings==='function',tls:typeof s.setSecureContext==='function'}))\
    .filter(s=>(s.http1||s.http2)&&s.at&&typeof s.at==='object')\
    .map(s=>({address:s.at.address,port:s.at.port,tls:s.tls,http2:s.http2}))";

const IS_CLUSTER_WORKER: &str = "['internal/cluster/child','_http_server']\
    .every(name=>(process.moduleLoadList??[]).includes('NativeModule '+name))";

const HTTP_PROTOTYPE: &str =
    "(process.getBuiltinModule?process.getBuiltinModule('http'):require('http')).Server.prototype";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct QueryObjects<'a> {
    prototype_object_id: &'a str,
}

#[derive(Deserialize)]
struct Queried {
    objects: RemoteObject,
}

#[derive(Deserialize)]
struct Listening {
    address: IpAddr,
    port: u16,
    tls: bool,
    http2: bool,
}
