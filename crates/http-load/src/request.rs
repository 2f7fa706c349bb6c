//! A method, a URL, headers and a body → requests that can be sent again and again.

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{
    CONTENT_LENGTH, HOST, HeaderMap, HeaderName, HeaderValue, TRANSFER_ENCODING, USER_AGENT,
};
use hyper::{Method, Uri};

use crate::LoadError;
use crate::template::{Template, Values};

/// One request of a plan.
///
/// In the path, the query and the body, `{seq}` stands for a number that counts the requests of the load from 1, and
/// `{rand}` for a random whole number below 2^53 that is another one at each place and in each request. The plan's
/// seed decides which.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    method: Method,
    origin: Origin,
    host: HeaderValue,
    target: Template,
    headers: Vec<(String, String)>,
    body: Template,
}

/// Where a connection leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Origin {
    /// A name or an address, without the brackets of IPv6.
    pub(crate) host: String,
    pub(crate) port: u16,
}

impl Request {
    /// A request without headers of its own and without a body. The method may be in small letters.
    ///
    /// # Errors
    /// Says what is wrong with the method or the URL: only complete `http://` URLs are accepted.
    pub fn new(method: &str, url: &str) -> Result<Self, LoadError> {
        let method = parse_method(method)?;
        let (authority, target) = split(url)?;
        let malformed = |problem| LoadError::MalformedUrl {
            url: url.to_owned(),
            problem,
        };
        if authority.contains('@') {
            return Err(LoadError::Credentials);
        }
        if !url.is_ascii() {
            return Err(malformed(
                "write characters beyond ASCII in their percent-encoded form",
            ));
        }
        let origin = parse_authority(authority).map_err(malformed)?;
        let host =
            HeaderValue::from_str(authority).map_err(|_| malformed("its host is not valid"))?;
        let target = Template::parse(target.as_bytes());
        Uri::from_maybe_shared(target.fill(&mut Values::longest())).map_err(|_| {
            malformed("its path or query has a character that must be percent-encoded")
        })?;
        Ok(Self {
            method,
            origin,
            host,
            target,
            headers: Vec::new(),
            body: Template::parse(b""),
        })
    }

    /// The TCP port it goes to.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.origin.port
    }

    /// The same request with these headers, names and values. [`crate::Load::new`] says if one cannot be sent.
    #[must_use]
    pub fn with_headers(self, headers: Vec<(String, String)>) -> Self {
        Self { headers, ..self }
    }

    /// The same request with this body. Its `Content-Length` is sent, a `Content-Type` only if it is among the headers.
    #[must_use]
    pub fn with_body(self, body: Vec<u8>) -> Self {
        Self {
            body: Template::parse(&body),
            ..self
        }
    }
}

fn parse_method(text: &str) -> Result<Method, LoadError> {
    let wrong = || LoadError::Method {
        method: text.to_owned(),
    };
    let method = Method::from_bytes(text.to_ascii_uppercase().as_bytes()).map_err(|_| wrong())?;
    // CONNECT asks for a tunnel instead of an answer.
    if method == Method::CONNECT {
        Err(wrong())
    } else {
        Ok(method)
    }
}

/// The authority, and the path with the query.
fn split(url: &str) -> Result<(&str, String), LoadError> {
    let (scheme, rest) = url.split_once("://").ok_or_else(|| LoadError::NotHttp {
        url: url.to_owned(),
    })?;
    if scheme.eq_ignore_ascii_case("https") {
        return Err(LoadError::Https {
            url: url.to_owned(),
        });
    }
    if !scheme.eq_ignore_ascii_case("http") {
        return Err(LoadError::NotHttp {
            url: url.to_owned(),
        });
    }
    let rest = rest.split('#').next().unwrap_or(rest);
    let (authority, target) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    let target = if target.starts_with('/') {
        target.to_owned()
    } else {
        format!("/{target}")
    };
    Ok((authority, target))
}

fn parse_authority(authority: &str) -> Result<Origin, &'static str> {
    const WRONG: &str = "its host or port is not valid";
    if authority.is_empty() || authority.starts_with(':') {
        return Err("it names no host");
    }
    let uri = Uri::try_from(format!("http://{authority}/")).map_err(|_| WRONG)?;
    let host = uri.host().ok_or(WRONG)?;
    let port = match authority.strip_prefix(host).ok_or(WRONG)? {
        "" | ":" => 80,
        _ => uri.port_u16().filter(|port| *port > 0).ok_or(WRONG)?,
    };
    let host = host
        .trim_start_matches('[')
        .trim_end_matches(']')
        .to_owned();
    Ok(Origin { host, port })
}

/// A request whose headers have been checked, ready to be filled in.
#[derive(Debug)]
pub(crate) struct Compiled {
    method: Method,
    /// Where it goes.
    pub(crate) origin: Origin,
    target: Template,
    headers: HeaderMap,
    body: Template,
}

impl Compiled {
    /// Checks the headers, and adds those that every request needs.
    ///
    /// # Errors
    /// Names the header that cannot be sent.
    pub(crate) fn new(request: &Request) -> Result<Self, LoadError> {
        let mut headers = HeaderMap::new();
        for (name, value) in &request.headers {
            let wrong = || LoadError::Header { name: name.clone() };
            let parsed = HeaderName::from_bytes(name.as_bytes()).map_err(|_| wrong())?;
            if parsed == CONTENT_LENGTH || parsed == TRANSFER_ENCODING {
                return Err(LoadError::BodyHeader { name: name.clone() });
            }
            headers.append(parsed, HeaderValue::from_str(value).map_err(|_| wrong())?);
        }
        headers.entry(HOST).or_insert_with(|| request.host.clone());
        headers
            .entry(USER_AGENT)
            .or_insert(HeaderValue::from_static("stanch"));
        Ok(Self {
            method: request.method.clone(),
            origin: request.origin.clone(),
            target: request.target.clone(),
            headers,
            body: request.body.clone(),
        })
    }

    /// One request with its own numbers. None if its target cannot be sent, which checking rules out beforehand.
    pub(crate) fn fill(&self, mut values: Values) -> Option<Filled<'_>> {
        let target = Uri::from_maybe_shared(self.target.fill(&mut values)).ok()?;
        Some(Filled {
            request: self,
            target,
            body: self.body.fill(&mut values),
        })
    }
}

/// One request, which can be sent once more if the connection turns out to be closed.
#[derive(Debug)]
pub(crate) struct Filled<'a> {
    request: &'a Compiled,
    target: Uri,
    body: Bytes,
}

impl Filled<'_> {
    /// Where it goes.
    pub(crate) fn origin(&self) -> &Origin {
        &self.request.origin
    }

    /// Whether sending it twice does no more than sending it once.
    pub(crate) fn is_safe(&self) -> bool {
        self.request.method.is_safe()
    }

    /// In the form that the connection takes.
    pub(crate) fn message(&self) -> hyper::Request<Full<Bytes>> {
        let mut message = hyper::Request::new(Full::new(self.body.clone()));
        *message.method_mut() = self.request.method.clone();
        *message.uri_mut() = self.target.clone();
        *message.headers_mut() = self.request.headers.clone();
        message
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use super::*;

    fn check(url: &str, host: &str, port: u16, target: &str) {
        let request = Request::new("GET", url).unwrap();
        assert_eq!(
            (request.origin.host.as_str(), request.origin.port),
            (host, port),
            "{url}"
        );
        let compiled = Compiled::new(&request).unwrap();
        let message = compiled.fill(Values::new(0, 5)).unwrap().message();
        assert_eq!(message.uri().to_string(), target, "{url}");
    }

    fn check_error(method: &str, url: &str, expected: &str) {
        let error = Request::new(method, url).unwrap_err().to_string();
        assert!(error.contains(expected), "{url}: {error}");
    }

    fn check_header(name: &str, value: &str, expected: &str) {
        let headers = vec![(name.to_owned(), value.to_owned())];
        let request = Request::new("GET", "http://h/")
            .unwrap()
            .with_headers(headers);
        let error = Compiled::new(&request).unwrap_err().to_string();
        assert!(error.contains(expected), "{name}: {error}");
    }

    #[test]
    fn urls_become_origin_and_target() {
        check("http://127.0.0.1:3000", "127.0.0.1", 3000, "/");
        check("HTTP://localhost/a?b=c#d", "localhost", 80, "/a?b=c");
        check("http://[::1]:8080?x={seq}", "::1", 8080, "/?x=5");
        check("http://h:1/a/{seq}/{seq}", "h", 1, "/a/5/5");
        check("http://h/?to=http://other/", "h", 80, "/?to=http://other/");
    }

    #[test]
    fn what_cannot_be_requested_is_told_in_a_sentence() {
        check_error("GET", "https://h/", "needs TLS");
        check_error("GET", "localhost:3000/", "does not begin with http://");
        check_error("GET", "ftp://h/", "does not begin with http://");
        check_error("GET", "http:///x", "names no host");
        check_error("GET", "http://h:99999/", "port");
        check_error("GET", "http://h:0/", "port");
        check_error("GET", "http://a b/", "host");
        check_error("GET", "http://{seq}/", "host");
        check_error("GET", "http://h/a b", "percent-encoded");
        check_error("GET", "http://h/ü", "percent-encoded");
        check_error("G T", "http://h/", "no HTTP method");
        check_error("connect", "http://h/", "no HTTP method");
        check_error("GET", "http://me:secret@h/", "Authorization");
    }

    #[test]
    fn headers_that_cannot_be_sent_are_named() {
        check_header("a b", "c", "`a b`");
        check_header("a", "b\nc", "`a`");
        check_header("Content-Length", "3", "follows from the body");
    }

    #[test]
    fn given_headers_replace_the_usual_ones() {
        let headers = vec![("Host".to_owned(), "shop.test".to_owned())];
        let request = Request::new("post", "http://h:1/")
            .unwrap()
            .with_headers(headers);
        let compiled = Compiled::new(&request.with_body(b"{seq}".to_vec())).unwrap();
        let filled = compiled.fill(Values::new(0, 9)).unwrap();
        assert_eq!(filled.message().method(), Method::POST);
        assert_eq!(filled.message().headers()[HOST], "shop.test");
        assert_eq!(filled.message().headers().get_all(HOST).iter().count(), 1);
        assert_eq!(filled.body, "9");
    }
}
