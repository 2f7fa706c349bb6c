//! A service's processes and their HTTP servers into the session to measure and the address to load.
//!
//! Nothing is sent to find out: a service may also listen for a protocol of its own, and a request there can end it.

use std::time::Duration;

use anyhow::{Result, bail};
use stanch_inspector::{AllowRemote, Endpoint, HttpProtocol, HttpServer, ListeningPort, Service};
use stanch_inspector::{Session, Target, attach};
use tokio::time::Instant;

use super::service::{ended_early, silent_too_long};

/// Servers that open one after another do so within this time; a last one may be the service's own.
const SETTLED: Duration = Duration::from_millis(300);
/// How long a port may be open without an HTTP server behind it that Node knows of.
const WITHOUT_SERVER: Duration = Duration::from_secs(2);
/// How often servers are asked for, which no event announces.
const POLL: Duration = Duration::from_millis(25);
/// Ports from here on are given out by the system (its default range), lower ones were chosen by somebody.
const EPHEMERAL: u16 = 32_768;

/// Where a service is measured and loaded.
pub(crate) struct Serving {
    pub(crate) session: Session,
    /// The root of the HTTP server found there.
    pub(crate) url: String,
    /// What was chosen among what, a sentence each.
    pub(crate) notes: Vec<String>,
}

/// An HTTP server, and the process it is in.
struct Candidate {
    session: Session,
    server: HttpServer,
}

/// Waits until a started service has an HTTP server, and chooses among several.
pub(crate) async fn serving(service: &Service, deadline: Instant) -> Result<Serving> {
    let mut processes = Processes::default();
    let mut seen = Vec::new();
    let mut changed = Instant::now();
    loop {
        if service.exited().is_some() {
            return Err(ended_early(service));
        }
        let candidates = processes.candidates(service).await;
        let ports = service.listening_ports().await;
        let now: Vec<u16> = candidates
            .iter()
            .map(port)
            .chain(ports.iter().map(ListeningPort::port))
            .collect();
        if now != seen {
            (seen, changed) = (now, Instant::now());
        }
        let announced = announced(&candidates, &service.last_lines());
        // Of several processes, more may be about to share the port.
        let is_settled = !candidates.is_empty() && changed.elapsed() >= SETTLED;
        if is_settled || (announced.is_some() && service.endpoints().len() == 1) {
            return chosen(candidates, announced);
        }
        if candidates.is_empty() && !ports.is_empty() && changed.elapsed() >= WITHOUT_SERVER {
            return Ok(Serving {
                session: service.attach().await?,
                url: only_port(&ports)?,
                notes: Vec::new(),
            });
        }
        if Instant::now() >= deadline {
            return Err(silent_too_long(service));
        }
        tokio::time::sleep(POLL).await;
    }
}

/// The process of a started service that serves on this port, as far as Node knows of one.
pub(crate) async fn process_behind(service: &Service, wanted: u16) -> Result<Session> {
    let mut processes = Processes::default();
    let candidates = processes.candidates(service).await;
    let found = candidates
        .into_iter()
        .find(|candidate| port(candidate) == wanted);
    match found {
        Some(candidate) => Ok(candidate.session),
        None => Ok(service.attach().await?),
    }
}

/// The address to load in a process that we are attached to, of which `ports` are listening.
pub(crate) async fn served_by(
    session: &Session,
    ports: &[ListeningPort],
) -> Result<(String, Vec<String>)> {
    let candidates = servers(session).await;
    if candidates.is_empty() {
        return Ok((only_port(ports)?, Vec::new()));
    }
    chosen(candidates, None).map(|serving| (serving.url, serving.notes))
}

/// Sessions with the Node processes of one service, kept between looks.
#[derive(Default)]
struct Processes {
    known: Vec<(Endpoint, Session)>,
}

impl Processes {
    async fn candidates(&mut self, service: &Service) -> Vec<Candidate> {
        for endpoint in service.endpoints() {
            let is_known = self
                .known
                .iter()
                .any(|(known, _)| known.port() == endpoint.port());
            if is_known || endpoint.pid().is_none() {
                continue;
            }
            // A process that has ended by now, or that somebody else debugs, is no candidate.
            if let Ok(session) = attach(&Target::from(endpoint.clone()), AllowRemote::No).await {
                self.known.push((endpoint, session));
            }
        }
        let mut candidates = Vec::new();
        for (_, session) in &self.known {
            candidates.extend(servers(session).await);
        }
        candidates
    }
}

/// The HTTP servers of a process: of its main thread, else of its worker threads.
async fn servers(session: &Session) -> Vec<Candidate> {
    let mut found = session.http_servers().await.unwrap_or_default();
    if found.is_empty() {
        for worker in session.workers().await.unwrap_or_default() {
            if let Ok(worker) = session.worker(&worker.id).await {
                found.extend(worker.http_servers().await.unwrap_or_default());
            }
        }
    }
    let candidate = |server| Candidate {
        session: session.clone(),
        server,
    };
    found.into_iter().map(candidate).collect()
}

/// The one that the service's own output or `PORT` names, if it is one.
fn announced(candidates: &[Candidate], lines: &[String]) -> Option<usize> {
    let given: Option<u16> = std::env::var("PORT")
        .ok()
        .and_then(|port| port.parse().ok());
    let ports: Vec<u16> = candidates.iter().map(port).collect();
    ports
        .iter()
        .position(|port| Some(*port) == given)
        .or_else(|| only(&ports, |port| lines.iter().any(|line| mentions(line, port))))
}

fn chosen(mut candidates: Vec<Candidate>, announced: Option<usize>) -> Result<Serving> {
    let ports: Vec<u16> = candidates.iter().map(port).collect();
    let mut different = ports.clone();
    different.dedup();
    let at = announced
        .or_else(|| only(&ports, |port| port < EPHEMERAL))
        // What a service needs for itself it opens before it serves others.
        .unwrap_or(ports.len() - 1);
    let Candidate { session, server } = candidates.swap_remove(at);
    let url = root_url(&server.address);
    match server.protocol {
        HttpProtocol::Http1 => {}
        HttpProtocol::Tls => bail!(
            "the service speaks HTTP over TLS only, at {}, and stanch loads plain HTTP\nLet it serve plain HTTP on 127.0.0.1 for the measurement, or drive it yourself with --no-load.",
            server.address
        ),
        HttpProtocol::Http2 => bail!(
            "the service speaks HTTP/2 without TLS only, at {}, and stanch loads HTTP/1.1\nDrive it yourself with --no-load.",
            server.address
        ),
    }
    let mut notes = vec![if different.len() > 1 {
        format!(
            "{} HTTP servers listen (ports {}); {url} was requested. Choose another with --url.",
            different.len(),
            list(&different)
        )
    } else {
        format!("No --url was given: {url} was requested.")
    }];
    let sharing = ports
        .iter()
        .filter(|port| **port == server.address.port())
        .count();
    if sharing > 1 {
        notes.push(format!(
            "{sharing} processes share the port and one of them was measured: per request it keeps {sharing} times what is shown."
        ));
    }
    Ok(Serving {
        session,
        url,
        notes,
    })
}

/// For servers that Node does not know of: an addon's own, or a process we have no inspector of.
fn only_port(ports: &[ListeningPort]) -> Result<String> {
    match ports {
        [] => bail!(
            "the process listens on no TCP port; say what to request with --url, or drive it yourself with --no-load"
        ),
        [only] => Ok(root_url(&only.address)),
        several => bail!(
            "the service listens on several ports ({}), and Node knows of no HTTP server behind them; say which to request with --url",
            list(&several.iter().map(ListeningPort::port).collect::<Vec<_>>())
        ),
    }
}

fn root_url(address: &std::net::SocketAddr) -> String {
    let host = if address.is_ipv6() {
        "[::1]"
    } else {
        "127.0.0.1"
    };
    format!("http://{host}:{}/", address.port())
}

fn port(candidate: &Candidate) -> u16 {
    candidate.server.address.port()
}

/// The first index that `holds` is true of, if all such are one port.
fn only(ports: &[u16], holds: impl Fn(u16) -> bool) -> Option<usize> {
    let first = ports.iter().position(|port| holds(*port))?;
    let others = ports
        .iter()
        .filter(|port| holds(**port) && **port != ports[first]);
    (others.count() == 0).then_some(first)
}

/// Whether a line has the port as a number of its own.
fn mentions(line: &str, port: u16) -> bool {
    line.split(|c: char| !c.is_ascii_digit())
        .any(|number| number == port.to_string())
}

fn list(ports: &[u16]) -> String {
    let texts: Vec<String> = ports.iter().map(u16::to_string).collect();
    texts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::{mentions, only};

    #[test]
    fn a_port_is_named_by_its_whole_number() {
        let check =
            |line: &str, expected: bool| assert_eq!(mentions(line, 8080), expected, "{line}");
        check("listening on http://127.0.0.1:8080/", true);
        check("server ready (8080)", true);
        check("pid 18080, port 80801", false);
    }

    #[test]
    fn several_servers_need_one_that_stands_out() {
        let check = |ports: &[u16], expected: Option<usize>| {
            assert_eq!(only(ports, |port| port < 32_768), expected, "{ports:?}");
        };
        check(&[40_001, 3_000], Some(1));
        check(&[3_000, 9_090], None);
        check(&[3_000, 3_000], Some(0));
        check(&[40_001, 40_002], None);
    }
}
