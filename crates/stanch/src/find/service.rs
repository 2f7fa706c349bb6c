//! From a command or a target to a service that answers, and the requests to send it.

use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use regex::Regex;
use stanch_http_load::Request;
use stanch_inspector::{
    AllowRemote, ChildOutput, Exposure, Launch, ListeningPort, Service, Session, Target, attach,
};
use tokio::time::{Instant, timeout_at};

use super::serving::{Serving, process_behind, served_by, serving};
use crate::args::{FindArgs, LoadArgs};
use crate::ui::Ui;

/// How long a service may take until it listens; some compile their sources first.
const READY_LIMIT: Duration = Duration::from_secs(60);
/// Between the end of a process's connections and its end.
const END_KNOWN: Duration = Duration::from_millis(300);
/// Lines of a service's output in an error message: Node's report of an uncaught error has some twenty.
const LAST_WORDS: usize = 25;
/// How long the port of `--url` is waited for once another one is open.
const OTHER_PORT: Duration = Duration::from_secs(5);
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
            let (url, chosen) = served_by(&session, &own_ports(&ports, &session)).await?;
            notes.extend(chosen);
            vec![url]
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
        let given = requests(&args.load.url, &args.load)?;
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
        match Self::ready(&service, args, given.first().map(Request::port)).await {
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
        given: Option<u16>,
    ) -> Result<(Session, Vec<String>, Vec<String>)> {
        let deadline = Instant::now() + READY_LIMIT;
        wait_until_ready(service, args.load.ready.as_deref(), given, deadline).await?;
        if args.load.no_load {
            let session = service.attach().await?;
            return Ok((session, Vec::new(), Vec::new()));
        }
        if let Some(port) = given {
            let session = process_behind(service, port).await?;
            return Ok((session, args.load.url.clone(), Vec::new()));
        }
        let Serving {
            session,
            url,
            notes,
        } = serving(service, deadline).await?;
        Ok((session, vec![url], notes))
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
    given: Option<u16>,
    deadline: Instant,
) -> Result<()> {
    match ready {
        None => wait_for_port(service, given, deadline).await,
        Some(url) if url.starts_with("http://") => wait_for_answer(service, url, deadline).await,
        Some(pattern) => {
            let pattern = Regex::new(pattern)
                .context("--ready is neither an http:// URL nor a regular expression")?;
            wait_for_line(service, &pattern, deadline).await
        }
    }
}

/// Waits for the port that the requests go to; for another one only so long, since a proxy may stand in between.
async fn wait_for_port(service: &Service, given: Option<u16>, deadline: Instant) -> Result<()> {
    let mut first = None;
    loop {
        if service.exited().is_some() {
            return Err(ended_early(service));
        }
        let ports = service.listening_ports().await;
        let is_given = given.is_none_or(|given| ports.iter().any(|port| port.port() == given));
        let since = (!ports.is_empty()).then(|| *first.get_or_insert_with(Instant::now));
        if since.is_some_and(|since| is_given || since.elapsed() >= OTHER_PORT) {
            return Ok(());
        }
        if Instant::now() >= deadline {
            return Err(silent_too_long(service));
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

/// The error to report about a service that never listens.
pub(crate) fn silent_too_long(service: &Service) -> anyhow::Error {
    anyhow!(
        "the service listens on no TCP port after {} s{}\nIf it needs longer or serves no HTTP, say when it is ready with --ready, or drive it yourself with --no-load.",
        READY_LIMIT.as_secs(),
        last_words(service)
    )
}

/// The error to report about a service that is gone already.
pub(crate) fn ended_early(service: &Service) -> anyhow::Error {
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
