//! Turns an inspector's address into its websocket address, by asking its `/json/list`.

use std::time::Duration;

use http_body_util::{BodyExt, Empty, Limited};
use hyper::Request;
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::error::InspectorError;
use crate::target::{Endpoint, address};
use crate::wire::ListedTarget;

/// The inspector answers from a thread of its own, so even a busy process is quick.
const ANSWER_LIMIT: Duration = Duration::from_secs(5);
/// The list has one short entry per process; more is no inspector.
const LARGEST_LIST_BYTES: usize = 1 << 20;

/// Asks the inspector at host:port for its websocket path.
///
/// # Errors
/// [`InspectorError::Unreachable`] when nothing listens, [`InspectorError::NotAnInspector`] when the answer
/// is no list of targets.
pub(crate) async fn discover(host: &str, port: u16) -> Result<Endpoint, InspectorError> {
    let address = address(host, port);
    let wrong = |detail: String| InspectorError::NotAnInspector {
        address: address.clone(),
        detail,
    };
    let unreachable = |source| InspectorError::Unreachable {
        address: address.clone(),
        source,
    };
    let answer = tokio::time::timeout(ANSWER_LIMIT, async {
        let stream = TcpStream::connect((host, port))
            .await
            .map_err(unreachable)?;
        let peer = stream.peer_addr().map_err(unreachable)?;
        list(stream, &peer.to_string()).await.map_err(wrong)
    });
    let list = match answer.await {
        Ok(list) => list?,
        Err(_) => {
            return Err(wrong(format!(
                "no answer within {} s",
                ANSWER_LIMIT.as_secs()
            )));
        }
    };
    let targets: Vec<ListedTarget> = serde_json::from_slice(&list)
        .map_err(|_| wrong("/json/list is no list of targets".to_owned()))?;
    let url = targets
        .into_iter()
        .find_map(|target| target.web_socket_debugger_url);
    // Only the path counts: behind a port forward the announced address is another machine's.
    let path = url
        .as_deref()
        .and_then(Endpoint::from_url)
        .map(|endpoint| endpoint.path);
    let path = path.ok_or_else(|| wrong("/json/list names no target".to_owned()))?;
    Ok(Endpoint {
        host: host.to_owned(),
        port,
        path,
        pid: None,
    })
}

async fn list(stream: TcpStream, host: &str) -> Result<Bytes, String> {
    let say = |error: hyper::Error| error.to_string();
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .map_err(say)?;
    let request = Request::get("/json/list")
        .header("host", host)
        .body(Empty::<Bytes>::new());
    let request = request.map_err(|error| error.to_string())?;
    let exchange = async {
        let response = sender.send_request(request).await.map_err(say)?;
        if !response.status().is_success() {
            return Err(format!("HTTP {}", response.status().as_u16()));
        }
        let body = Limited::new(response.into_body(), LARGEST_LIST_BYTES)
            .collect()
            .await;
        body.map(http_body_util::Collected::to_bytes)
            .map_err(|error| error.to_string())
    };
    tokio::pin!(exchange);
    tokio::pin!(connection);
    tokio::select! {
        answer = &mut exchange => answer,
        ended = &mut connection => match ended {
            Ok(()) => exchange.await,
            Err(error) => Err(error.to_string()),
        },
    }
}
