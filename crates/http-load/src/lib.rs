//! A list of requests into load on a service: counts and latencies.
//!
//! [`Load`] sends the requests of a [`Plan`] over keep-alive connections, for as long and as often as it is told to,
//! and [`LoadReport`] says what came back. Only `http://` is spoken. Nothing here looks at the service's memory.
//!
//! ```no_run
//! # async fn example() -> Result<(), stanch_http_load::LoadError> {
//! use std::time::Duration;
//! use stanch_http_load::{Load, Plan, Request};
//!
//! let requests = vec![Request::new("GET", "http://127.0.0.1:3000/articles/{seq}")?];
//! let load = Load::new(Plan { requests, ..Plan::default() })?;
//! load.run_for(Duration::from_secs(5)).await;
//! println!("{}", load.report());
//! load.close().await;
//! # Ok(())
//! # }
//! ```

mod answers;
mod connection;
mod error;
mod exchange;
mod load;
mod plan;
mod recent;
mod report;
mod request;
mod run;
mod tally;
mod template;

pub use answers::answers;
pub use error::LoadError;
pub use load::Load;
pub use plan::{Pace, Plan};
pub use report::{Latency, LoadReport};
pub use request::Request;
