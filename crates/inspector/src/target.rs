//! Turns what a user typed (pid, host:port, ws://…) into a target, and says which addresses are ours.

use std::fmt;
use std::net::IpAddr;

use crate::error::InspectorError;

/// Whether inspectors on other machines may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AllowRemote {
    /// Loopback addresses only.
    No,
    /// Any address: traffic is plain text and whoever reads it can take over the process.
    Yes,
}

/// Where an inspector listens. The websocket path stays out of `Debug`: it is a secret.
#[derive(Clone, PartialEq, Eq)]
pub struct Endpoint {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) path: String,
    pub(crate) pid: Option<u32>,
}

impl Endpoint {
    /// The process that listens, when it is on this machine and was found.
    pub fn pid(&self) -> Option<u32> {
        self.pid
    }

    /// The inspector's TCP port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// host:port, fit to be shown.
    pub fn address(&self) -> String {
        address(&self.host, self.port)
    }

    /// An endpoint where nobody listens.
    pub(crate) fn nowhere() -> Self {
        Self {
            host: "127.0.0.1".to_owned(),
            port: 0,
            path: "/".to_owned(),
            pid: None,
        }
    }

    /// Reads `ws://host:port/path`.
    pub(crate) fn from_url(url: &str) -> Option<Self> {
        let rest = url.strip_prefix("ws://")?;
        let (authority, path) = rest.split_once('/')?;
        let (host, port) = host_and_port(authority)?;
        let path = format!("/{path}");
        Some(Self {
            host,
            port,
            path,
            pid: None,
        })
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let address = self.address();
        f.debug_struct("Endpoint")
            .field("address", &address)
            .field("pid", &self.pid)
            .finish_non_exhaustive()
    }
}

/// What to attach to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// A process on this machine; its inspector is opened by SIGUSR1 if it is not open yet.
    Pid(u32),
    /// An inspector's address, the websocket path is asked for.
    Address {
        /// Name or address, IPv6 without brackets.
        host: String,
        /// TCP port.
        port: u16,
    },
    /// A full websocket address.
    Endpoint(Endpoint),
}

impl Target {
    /// Reads a pid, `host:port`, `:port`, `http://host:port` or `ws://host:port/path`.
    ///
    /// # Errors
    /// [`InspectorError::BadTarget`] when it is none of these.
    pub fn parse(text: &str) -> Result<Self, InspectorError> {
        let text = text.trim();
        if let Ok(pid) = text.parse::<u32>()
            && pid > 0
        {
            return Ok(Self::Pid(pid));
        }
        if let Some(endpoint) = Endpoint::from_url(text).filter(|endpoint| endpoint.path.len() > 1)
        {
            return Ok(Self::Endpoint(endpoint));
        }
        let bare = ["ws://", "http://"]
            .iter()
            .find_map(|scheme| text.strip_prefix(scheme))
            .unwrap_or(text);
        let authority = bare.strip_suffix('/').unwrap_or(bare);
        match host_and_port(authority) {
            Some((host, port)) => Ok(Self::Address { host, port }),
            None => Err(InspectorError::BadTarget {
                text: without_path(text),
            }),
        }
    }
}

impl From<Endpoint> for Target {
    fn from(endpoint: Endpoint) -> Self {
        Self::Endpoint(endpoint)
    }
}

/// host:port with brackets where IPv6 needs them.
pub(crate) fn address(host: &str, port: u16) -> String {
    if host.contains(':') {
        format!("[{host}]:{port}")
    } else {
        format!("{host}:{port}")
    }
}

/// Refuses hosts that are not this machine, unless they are allowed.
pub(crate) fn check_host(host: &str, port: u16, remote: AllowRemote) -> Result<(), InspectorError> {
    if remote == AllowRemote::Yes || is_loopback(host) {
        return Ok(());
    }
    Err(InspectorError::NotLoopback {
        host: host.to_owned(),
        port,
    })
}

fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
        || host
            .parse::<IpAddr>()
            .is_ok_and(|ip| ip.to_canonical().is_loopback())
}

fn host_and_port(authority: &str) -> Option<(String, u16)> {
    let (host, port) = authority.rsplit_once(':')?;
    let port = port.parse::<u16>().ok().filter(|port| *port > 0)?;
    let host = match host
        .strip_prefix('[')
        .and_then(|inner| inner.strip_suffix(']'))
    {
        Some(v6) => v6.parse::<IpAddr>().ok()?.to_string(),
        None if host.contains(':') || host.contains('/') || host.contains('@') => return None,
        None if host.contains(char::is_whitespace) => return None,
        None if host.is_empty() => "127.0.0.1".to_owned(),
        None => host.to_owned(),
    };
    Some((host, port))
}

/// The text up to a path, so that a mistyped websocket address does not print its secret.
fn without_path(text: &str) -> String {
    let start = text.find("://").map_or(0, |at| at + 3);
    match text[start..].find('/') {
        Some(at) => format!("{}/…", &text[..start + at]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        let got = match Target::parse(text) {
            Ok(Target::Pid(pid)) => format!("pid {pid}"),
            Ok(Target::Address { host, port }) => address(&host, port),
            Ok(Target::Endpoint(endpoint)) => {
                format!("{} at {}", endpoint.path, endpoint.address())
            }
            Err(error) => error
                .to_string()
                .split(": ")
                .next()
                .unwrap_or_default()
                .to_owned(),
        };
        assert_eq!(got, expected, "{text}");
    }

    #[test]
    fn targets_are_told_apart() {
        check("4242", "pid 4242");
        check("127.0.0.1:9229", "127.0.0.1:9229");
        check(":9229", "127.0.0.1:9229");
        check("[::1]:9229", "[::1]:9229");
        check("http://localhost:9229/", "localhost:9229");
        check("ws://127.0.0.1:9229", "127.0.0.1:9229");
        check("ws://127.0.0.1:9229/ab-cd", "/ab-cd at 127.0.0.1:9229");
        check("0", "`0` is no target");
        check("server.js", "`server.js` is no target");
        check("localhost:99999", "`localhost:99999` is no target");
        check("ws://host/5ec-ret", "`ws://host/…` is no target");
    }

    #[test]
    fn only_loopback_is_ours() {
        for host in [
            "127.0.0.1",
            "127.9.9.9",
            "localhost",
            "::1",
            "::ffff:127.0.0.1",
        ] {
            assert!(check_host(host, 1, AllowRemote::No).is_ok(), "{host}");
        }
        for host in [
            "10.0.0.1",
            "example.org",
            "0.0.0.0",
            "::",
            "localhost.example.org",
        ] {
            let refused = check_host(host, 7, AllowRemote::No).map_err(|error| error.to_string());
            assert!(
                refused.is_err_and(|text| text.contains("ssh -L 7:127.0.0.1:7")),
                "{host}"
            );
            assert!(check_host(host, 7, AllowRemote::Yes).is_ok(), "{host}");
        }
    }

    #[test]
    fn the_secret_path_is_never_shown() {
        let target = Target::parse("ws://127.0.0.1:9229/5ec-ret").ok();
        assert!(!format!("{target:?}").contains("5ec-ret"));
    }
}
