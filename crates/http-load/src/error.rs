//! Turns what is wrong with a request or a plan into sentences that say what to write instead.

/// Why a request or a plan cannot be sent.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The URL asks for TLS.
    #[error(
        "`{url}` needs TLS, which the load does not speak: give the service's plain http:// address"
    )]
    Https {
        /// As it was given.
        url: String,
    },
    /// The URL names no scheme, or one that is not HTTP.
    #[error("`{url}` does not begin with http://: write it like http://127.0.0.1:3000/path")]
    NotHttp {
        /// As it was given.
        url: String,
    },
    /// The URL begins well but cannot be requested.
    #[error("`{url}` is no valid URL: {problem}")]
    MalformedUrl {
        /// As it was given.
        url: String,
        /// What is wrong, as the rest of a sentence.
        problem: &'static str,
    },
    /// The URL holds a user name or a password. The text repeats neither.
    #[error(
        "the URL holds a user name or password: leave it out and send an Authorization header instead"
    )]
    Credentials,
    /// Not a method that a request can have.
    #[error("`{method}` is no HTTP method that can be sent: use one such as GET or POST")]
    Method {
        /// As it was given.
        method: String,
    },
    /// A header that HTTP does not allow. The text leaves out the value, which may be secret.
    #[error(
        "the header `{name}` cannot be sent: its name or its value has a character that HTTP does not allow"
    )]
    Header {
        /// As it was given.
        name: String,
    },
    /// A header that follows from the body.
    #[error("the header `{name}` follows from the body: leave it out")]
    BodyHeader {
        /// As it was given.
        name: String,
    },
    /// The plan has no request.
    #[error("there is no request to send: give at least one URL")]
    NoRequests,
    /// The plan has no connection.
    #[error("0 connections send nothing: give at least one")]
    NoConnections,
    /// Not a number of requests per second.
    #[error("{rate} requests per second are no rate: give a number above 0")]
    Rate {
        /// As it was given.
        rate: f64,
    },
    /// No answer can come in no time.
    #[error("a timeout of 0 leaves no time for an answer: give a longer one")]
    NoTimeout,
}
