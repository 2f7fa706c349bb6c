//! What to send, how fast and with how much patience, checked before anything is sent.

use std::time::Duration;

use crate::{LoadError, Request};

/// A load that has not begun.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// Sent in turn, from the first to the last and round again.
    pub requests: Vec<Request>,
    /// How many requests can be under way at the same time, each on a connection of its own.
    pub connections: usize,
    /// When the next request is due.
    pub pace: Pace,
    /// How long a response that goes on and on is read after its headers, before the load leaves it as a client does
    /// that closes the page.
    pub hold: Duration,
    /// How long to wait for a response's headers.
    pub timeout: Duration,
    /// Decides every `{rand}`.
    pub seed: u64,
}

/// When the next request is due.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Pace {
    /// As soon as a connection is free.
    ClosedLoop,
    /// So many per second, evenly spaced, whether or not the service keeps up. Latencies count from the moment at
    /// which a request was due, so that waiting for a free connection is part of them.
    Rate(f64),
}

impl Default for Plan {
    /// No request yet; 10 connections, each as fast as its answers come.
    fn default() -> Self {
        Self {
            requests: Vec::new(),
            connections: 10,
            pace: Pace::ClosedLoop,
            hold: Duration::from_millis(250),
            timeout: Duration::from_secs(2),
            seed: 0,
        }
    }
}

impl Plan {
    /// Whether it can be carried out.
    ///
    /// # Errors
    /// Says what is missing, or which number is none.
    pub(crate) fn check(&self) -> Result<(), LoadError> {
        if self.requests.is_empty() {
            return Err(LoadError::NoRequests);
        }
        if self.connections == 0 {
            return Err(LoadError::NoConnections);
        }
        if self.timeout.is_zero() {
            return Err(LoadError::NoTimeout);
        }
        match self.pace {
            Pace::Rate(rate) if !(rate.is_finite() && rate > 0.0) => Err(LoadError::Rate { rate }),
            _ => Ok(()),
        }
    }
}
