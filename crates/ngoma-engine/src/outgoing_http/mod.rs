//! Calls to the outside: one client, guarded against reaching private networks, without redirects.

mod reach;
mod resolver;

pub use reach::Reach;

use crate::service::{HttpPort, HttpRequest, HttpResponse, PortError};
use async_trait::async_trait;
use reqwest::Method;
use reqwest::redirect::Policy;
use resolver::{GuardedResolver, PrivateName};
use std::error::Error;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use url::{Host, Url};

/// How long a connection may take to be made.
const CONNECT_LIMIT: Duration = Duration::from_secs(10);
/// How long an idle connection is kept.
const IDLE_LIMIT: Duration = Duration::from_secs(60);

/// A guarded HTTP client; cheap to clone, clones share their connections.
#[derive(Clone)]
pub struct HttpClient {
    reach: Reach,
    /// Built at the first call: reading the certificates of authorities takes longer than opening an engine.
    client: Arc<OnceLock<Result<reqwest::Client, HttpError>>>,
}

/// A call that brought no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct HttpError {
    /// What the caller acts on.
    pub kind: HttpErrorKind,
    /// The cause in words.
    pub reason: String,
}

/// The kinds of calls that brought no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HttpErrorKind {
    /// The guard refused the address: nothing was sent.
    Refused,
    /// No connection (name, TCP or TLS): nothing was sent.
    Unreachable,
    /// It was sent and no whole answer came.
    Lost,
    /// The answer is larger than the caller's limit.
    TooLarge,
    /// The address is not an http or https URL.
    BadUrl,
}

impl HttpError {
    fn new(kind: HttpErrorKind, reason: impl ToString) -> Self {
        let reason = reason.to_string();
        Self { kind, reason }
    }
}

impl HttpClient {
    /// A client that reaches only there.
    pub fn new(reach: Reach) -> Self {
        Self {
            reach,
            client: Arc::default(),
        }
    }

    /// Makes one call. Never follows a redirect.
    pub async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let url = self.reach.check_url(&request.url)?;
        let client = self
            .client
            .get_or_init(|| build(self.reach))
            .as_ref()
            .map_err(HttpError::clone)?;
        let limit = request.response_limit;
        let response = client
            .execute(prepare(client, url, request)?)
            .await
            .map_err(no_response)?;
        read(response, limit).await
    }
}

impl Reach {
    /// Reads an address that may be called, as far as can be told without looking its name up.
    pub(crate) fn check_url(self, text: &str) -> Result<Url, HttpError> {
        let bad = |problem: &str| HttpError::new(HttpErrorKind::BadUrl, format!("{text}: {problem}"));
        let url = Url::parse(text).map_err(|error| bad(&error.to_string()))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(bad("only http and https addresses can be called"));
        }
        // A name is checked when it is looked up; the URL parser has already read 127.1 and 0x7f.1 as addresses.
        let is_allowed = match url.host() {
            Some(Host::Ipv4(address)) => self.allows(address.into()),
            Some(Host::Ipv6(address)) => self.allows(address.into()),
            Some(Host::Domain(_)) => true,
            None => return Err(bad("it names no host")),
        };
        let port = url.port_or_known_default().unwrap_or(0);
        if !is_allowed {
            return Err(refused(format!(
                "{} is in a private network",
                url.host_str().unwrap_or(text)
            )));
        }
        if !self.allows_port(port) {
            return Err(refused(format!("port {port} may not be called")));
        }
        Ok(url)
    }
}

/// The calls of services: to public hosts, and to private ones where whoever runs the service allowed it.
pub(crate) struct ServiceCalls {
    /// Reaches public hosts alone.
    pub(crate) public: HttpClient,
    /// Reaches any.
    pub(crate) anywhere: HttpClient,
}

#[async_trait]
impl HttpPort for ServiceCalls {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, PortError> {
        let client = match request.may_be_private {
            true => &self.anywhere,
            false => &self.public,
        };
        let called = client.call(request).await;
        called.map_err(|error| PortError(error.to_string()))
    }
}

fn build(reach: Reach) -> Result<reqwest::Client, HttpError> {
    // A second installation is refused and does no harm: the first is the same provider.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = || {
        reqwest::Client::builder()
            .dns_resolver(Arc::new(GuardedResolver(reach)))
            .redirect(Policy::none())
            .no_proxy()
            .connect_timeout(CONNECT_LIMIT)
            .pool_idle_timeout(IDLE_LIMIT)
            .user_agent(concat!("ngoma/", env!("CARGO_PKG_VERSION")))
    };
    // A machine without certificates still calls http; https then fails with its own words.
    builder()
        .build()
        .or_else(|_| builder().tls_certs_only([]).build())
        .map_err(|error| {
            HttpError::new(
                HttpErrorKind::Unreachable,
                format!("no HTTP client: {}", causes(&error)),
            )
        })
}

fn prepare(client: &reqwest::Client, url: Url, request: HttpRequest) -> Result<reqwest::Request, HttpError> {
    let bad = |error: &dyn Error| HttpError::new(HttpErrorKind::BadUrl, causes(error));
    let method = Method::from_bytes(request.method.as_bytes()).map_err(|error| bad(&error))?;
    let mut builder = client.request(method, url).timeout(request.timeout);
    for (name, value) in &request.headers {
        builder = builder.header(name, value);
    }
    if let Some(body) = request.body {
        builder = builder.body(body);
    }
    builder.build().map_err(|error| bad(&error))
}

async fn read(mut response: reqwest::Response, limit: usize) -> Result<HttpResponse, HttpError> {
    let text = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let headers = response
        .headers()
        .iter()
        .map(|(name, value)| (name.as_str().to_owned(), text(value)));
    let (code, headers) = (response.status().as_u16(), headers.collect());
    let mut body = Vec::new();
    loop {
        match response.chunk().await {
            Ok(None) => return Ok(HttpResponse { code, headers, body }),
            Ok(Some(chunk)) if body.len() + chunk.len() > limit => {
                let received = body.len() + chunk.len();
                let reason = format!("Received {received} bytes, maximum of {limit} bytes allowed.");
                return Err(HttpError::new(HttpErrorKind::TooLarge, reason));
            }
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            Err(error) => return Err(HttpError::new(HttpErrorKind::Lost, causes(&error))),
        }
    }
}

fn no_response(error: reqwest::Error) -> HttpError {
    let reason = causes(&error);
    if is_caused_by::<PrivateName>(&error) {
        refused(reason)
    } else if error.is_connect() {
        HttpError::new(HttpErrorKind::Unreachable, reason)
    } else {
        HttpError::new(HttpErrorKind::Lost, reason)
    }
}

fn refused(what: String) -> HttpError {
    HttpError::new(HttpErrorKind::Refused, format!("{what}; calls there are refused"))
}

fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error| (*error).source())
}

fn is_caused_by<Cause: Error + 'static>(error: &(dyn Error + 'static)) -> bool {
    chain(error).any(|cause| cause.is::<Cause>())
}

/// The error and its causes in one line, without the URL, whose query may hold secrets.
fn causes(error: &dyn Error) -> String {
    let mut text = String::new();
    let mut next: Option<&dyn Error> = Some(error);
    while let Some(error) = next {
        let part = error.to_string();
        let part = part.split(" for url (").next().unwrap_or_default();
        if !text.is_empty() {
            text.push_str(": ");
        }
        text.push_str(part);
        next = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(url: &str) -> HttpRequest {
        HttpRequest {
            method: "GET".to_owned(),
            url: url.to_owned(),
            headers: Vec::new(),
            body: None,
            response_limit: 100,
            timeout: Duration::from_secs(5),
            may_be_private: false,
        }
    }

    #[tokio::test]
    async fn private_addresses_are_refused_however_they_are_written() {
        let client = HttpClient::new(Reach::PublicOnly);
        let urls = [
            "http://127.0.0.1/",
            "http://127.1/",
            "http://0x7f.1/",
            "http://2130706433/",
            "http://017700000001/",
            "http://[::1]/",
            "http://[::ffff:127.0.0.1]/",
            "http://169.254.169.254/latest/",
            "http://localhost:8080/",
            "http://user@10.0.0.1/",
            "http://8.8.8.8:22/",
        ];
        for url in urls {
            let error = client.call(request(url)).await.expect_err(url);
            assert_eq!(error.kind, HttpErrorKind::Refused, "{url}: {error}");
        }
    }

    #[tokio::test]
    async fn what_is_not_a_web_address_is_named_so() {
        let client = HttpClient::new(Reach::Anywhere);
        for url in ["", "clinic", "ftp://a.org/", "file:///etc/passwd", "http://"] {
            let error = client.call(request(url)).await.expect_err(url);
            assert_eq!(error.kind, HttpErrorKind::BadUrl, "{url}: {error}");
        }
    }

    #[tokio::test]
    async fn a_closed_port_is_unreachable() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}/", listener.local_addr().expect("its address"));
        drop(listener);
        let error = HttpClient::new(Reach::Anywhere)
            .call(request(&url))
            .await
            .expect_err("closed");
        assert_eq!(error.kind, HttpErrorKind::Unreachable, "{error}");
        assert!(
            !error.reason.contains("127.0.0.1:"),
            "no address in the reason: {error}"
        );
    }

    /// Answers one connection with this text.
    async fn answer_once(answer: String) -> String {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}/", listener.local_addr().expect("its address"));
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.expect("a connection");
            let _ = stream.read(&mut [0; 1024]).await;
            let _ = stream.write_all(answer.as_bytes()).await;
        });
        url
    }

    #[tokio::test]
    async fn answers_are_read_to_their_limit_and_redirects_are_not_followed() {
        let client = HttpClient::new(Reach::Anywhere);
        let body = |length: usize| {
            format!(
                "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{}",
                "x".repeat(length)
            )
        };
        let answer = client
            .call(request(&answer_once(body(100)).await))
            .await
            .expect("an answer");
        assert_eq!((answer.code, answer.body.len()), (200, 100));
        let error = client
            .call(request(&answer_once(body(101)).await))
            .await
            .expect_err("too large");
        assert_eq!(error.kind, HttpErrorKind::TooLarge);
        let redirect = "HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n\r\n";
        let answer = client
            .call(request(&answer_once(redirect.to_owned()).await))
            .await
            .expect("an answer");
        assert_eq!(answer.code, 302);
        let error = client
            .call(request(&answer_once("HTTP/1.1 200".to_owned()).await))
            .await
            .expect_err("cut off");
        assert_eq!(error.kind, HttpErrorKind::Lost, "{error}");
    }
}
