//! From a command or a target to a service that answers, and the requests to send it.

use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use regex::Regex;
use stanch_http_load::Request;
use stanch_inspector::{
    AllowRemote, ChildOutput, Exposure, Launch, ListeningPort, Service, Session, Target, attach,
};
use tokio::time::{Instant, timeout_at};

use crate::args::{FindArgs, LoadArgs};
use crate::ui::Ui;

/// How long a service may take until it listens; some compile their sources first.
const READY_LIMIT: Duration = Duration::from_secs(60);
/// Between the end of a process's connections and its end.
const END_KNOWN: Duration = Duration::from_millis(300);
/// Lines of a service's output in an error message: Node's report of an uncaught error has some twenty.
const LAST_WORDS: usize = 25;
/// How often /proc is asked for listening ports, which no event announces.
const PORT_POLL: Duration = Duration::from_millis(20);

/// A service that is ready for load.
pub(crate) struct Subject {
    /// The process, where we started it.
    pub(crate) service: Option<Service>,
    pub(crate) session: Session,
    /// What to send; empty when somebody else drives the load.
    pub(crate) requests: Vec<Request>,
    /// The requests as they were given or found, for the report.
    pub(crate) urls: Vec<String>,
    /// What the reader should know, a sentence each.
    pub(crate) notes: Vec<String>,
}

impl Subject {
    /// Starts or attaches, and waits until the service is ready.
    pub(crate) async fn prepare(args: &FindArgs, ui: &Ui) -> Result<Self> {
        match &args.target {
            Some(target) => Self::attached(target, args).await,
            None => Self::started(args, ui).await,
        }
    }

    async fn attached(target: &str, args: &FindArgs) -> Result<Self> {
        let allow = if args.allow_remote {
            AllowRemote::Yes
        } else {
            AllowRemote::No
        };
        let session = attach(&Target::parse(target)?, allow).await?;
        let mut notes = Vec::new();
        if let Exposure::Network(address) = session.exposure() {
            notes.push(format!(
                "The inspector listens on {address}: whoever reaches that port controls the process. Start Node with --inspect=127.0.0.1 instead."
            ));
        }
        let urls = if args.load.no_load {
            Vec::new()
        } else if args.load.url.is_empty() {
            let ports = session
                .pid()
                .map(stanch_inspector::listening_ports_of)
                .unwrap_or_default();
            vec![root_url(&own_ports(&ports, &session), &mut notes)?]
        } else {
            args.load.url.clone()
        };
        let requests = requests(&urls, &args.load)?;
        Ok(Self {
            service: None,
            session,
            requests,
            urls,
            notes,
        })
    }

    async fn started(args: &FindArgs, ui: &Ui) -> Result<Self> {
        // Mistakes in the options are said before anything is started.
        requests(&args.load.url, &args.load)?;
        let (program, rest) = args
            .command
            .split_first()
            .context("no command was given after `--`")?;
        let output = if ui.shows_service_output() {
            ChildOutput::PassThrough
        } else {
            ChildOutput::Keep
        };
        let service = Launch::new(program)
            .args(rest)
            .output(output)
            .start()
            .await?;
        match Self::ready(&service, args).await {
            Ok((session, urls, notes)) => {
                let requests = requests(&urls, &args.load)?;
                Ok(Self {
                    service: Some(service),
                    session,
                    requests,
                    urls,
                    notes,
                })
            }
            Err(error) => {
                service.stop().await;
                Err(error)
            }
        }
    }

    async fn ready(
        service: &Service,
        args: &FindArgs,
    ) -> Result<(Session, Vec<String>, Vec<String>)> {
        let deadline = Instant::now() + READY_LIMIT;
        let mut notes = Vec::new();
        let ports = wait_until_ready(service, args.load.ready.as_deref(), deadline).await?;
        let session = service.attach().await?;
        let urls = if args.load.no_load {
            Vec::new()
        } else if args.load.url.is_empty() {
            let ports = if ports.is_empty() {
                wait_for_port(service, deadline).await?
            } else {
                ports
            };
            vec![root_url(&ports, &mut notes)?]
        } else {
            args.load.url.clone()
        };
        Ok((session, urls, notes))
    }

    /// Ends the load's target if we started it, and the session.
    pub(crate) async fn end(self) {
        self.session.close().await;
        if let Some(service) = &self.service {
            service.stop().await;
        }
    }
}

/// The error to report when something failed while the service was running: its own end explains the most.
pub(crate) async fn explain(error: anyhow::Error, service: Option<&Service>) -> anyhow::Error {
    let Some(service) = service else { return error };
    // The connection breaks a moment before the process's end is known.
    match tokio::time::timeout(END_KNOWN, service.exit()).await {
        Ok(Some(status)) => anyhow!(
            "the service ended by itself while it was measured ({status}){}",
            last_words(service)
        ),
        _ => error,
    }
}

/// The service's last lines, for an error message.
pub(crate) fn last_words(service: &Service) -> String {
    let lines = service.last_lines();
    let shown = &lines[lines.len().saturating_sub(LAST_WORDS)..];
    if shown.is_empty() {
        return "; it wrote nothing".to_owned();
    }
    format!("; its last lines:\n  {}", shown.join("\n  "))
}

async fn wait_until_ready(
    service: &Service,
    ready: Option<&str>,
    deadline: Instant,
) -> Result<Vec<ListeningPort>> {
    match ready {
        None => wait_for_port(service, deadline).await,
        Some(url) if url.starts_with("http://") => {
            wait_for_answer(service, url, deadline).await?;
            Ok(Vec::new())
        }
        Some(pattern) => {
            let pattern = Regex::new(pattern)
                .context("--ready is neither an http:// URL nor a regular expression")?;
            wait_for_line(service, &pattern, deadline).await?;
            Ok(Vec::new())
        }
    }
}

async fn wait_for_port(service: &Service, deadline: Instant) -> Result<Vec<ListeningPort>> {
    loop {
        if service.exited().is_some() {
            return Err(ended_early(service));
        }
        let ports = service.listening_ports().await;
        if !ports.is_empty() {
            return Ok(ports);
        }
        if Instant::now() >= deadline {
            bail!(
                "the service listens on no TCP port after {} s{}\nIf it needs longer or serves no HTTP, say when it is ready with --ready, or drive it yourself with --no-load.",
                READY_LIMIT.as_secs(),
                last_words(service)
            );
        }
        tokio::time::sleep(PORT_POLL).await;
    }
}

async fn wait_for_answer(service: &Service, url: &str, deadline: Instant) -> Result<()> {
    loop {
        if service.exited().is_some() {
            return Err(ended_early(service));
        }
        if stanch_http_load::answers(url).await {
            return Ok(());
        }
        if Instant::now() >= deadline {
            bail!(
                "{url} gave no answer within {} s{}",
                READY_LIMIT.as_secs(),
                last_words(service)
            );
        }
        tokio::time::sleep(PORT_POLL).await;
    }
}

async fn wait_for_line(service: &Service, pattern: &Regex, deadline: Instant) -> Result<()> {
    let mut lines = service.output();
    let found = timeout_at(deadline, async {
        while let Some(line) = lines.next().await {
            if pattern.is_match(&line.text) {
                return true;
            }
        }
        false
    });
    match found.await {
        Ok(true) => Ok(()),
        Ok(false) => Err(ended_early(service)),
        Err(_) => bail!(
            "no line of the service's output matched `{pattern}` within {} s{}",
            READY_LIMIT.as_secs(),
            last_words(service)
        ),
    }
}

fn ended_early(service: &Service) -> anyhow::Error {
    let status = service.exited().map_or_else(
        || "its status is unknown".to_owned(),
        |status| status.to_string(),
    );
    anyhow!(
        "the service ended before it was ready ({status}){}",
        last_words(service)
    )
}

fn own_ports(ports: &[ListeningPort], session: &Session) -> Vec<ListeningPort> {
    let inspector = session.address();
    ports
        .iter()
        .filter(|port| !inspector.ends_with(&format!(":{}", port.port())))
        .copied()
        .collect()
}

fn root_url(ports: &[ListeningPort], notes: &mut Vec<String>) -> Result<String> {
    let Some(first) = ports.first() else {
        bail!(
            "the process listens on no TCP port; say what to request with --url, or drive it yourself with --no-load"
        )
    };
    let host = if first.address.is_ipv6() {
        "[::1]"
    } else {
        "127.0.0.1"
    };
    let url = format!("http://{host}:{}/", first.port());
    if ports.len() > 1 {
        notes.push(format!(
            "It listens on several ports; {url} was requested. Choose another with --url."
        ));
    } else {
        notes.push(format!("No --url was given: {url} was requested."));
    }
    Ok(url)
}

fn requests(urls: &[String], load: &LoadArgs) -> Result<Vec<Request>> {
    let body = match &load.body {
        Some(file) => std::fs::read(file)
            .with_context(|| format!("cannot read the body file {}", file.display()))?,
        None => Vec::new(),
    };
    let headers = load
        .header
        .iter()
        .map(|header| parse_header(header))
        .collect::<Result<Vec<_>>>()?;
    urls.iter()
        .map(|text| {
            let (method, url) = text.split_once(' ').unwrap_or(("GET", text));
            let carries_body = !matches!(method, "GET" | "HEAD");
            Ok(Request::new(method, url.trim())?
                .with_headers(headers.clone())
                .with_body(if carries_body {
                    body.clone()
                } else {
                    Vec::new()
                }))
        })
        .collect()
}

fn parse_header(text: &str) -> Result<(String, String)> {
    let (name, value) = text
        .split_once(':')
        .with_context(|| format!("`{text}` is no header; write `Name: value`"))?;
    Ok((name.trim().to_owned(), value.trim().to_owned()))
}
