//! A link to a carrier: the first of its hosts that answers, within TLS where that is wanted.

use ngoma_engine::outgoing_http::Reach;
use ngoma_smpp::tls;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

/// How long connecting to one address may take.
const CONNECT_WITHIN: Duration = Duration::from_secs(10);

/// What a session runs on.
pub trait Link: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Link for T {}

/// Where a carrier is, and how it is spoken to.
#[derive(Clone, Debug)]
pub struct Place {
    /// Tried one after the other.
    pub hosts: Vec<(String, u16)>,
    pub reach: Reach,
    /// Nothing when the link is plain.
    pub tls: Option<tls::Client>,
}

impl Place {
    /// Connects to the first host that answers, beginning with the one at `first`; says why none did.
    pub async fn dial(&self, first: usize) -> Result<Box<dyn Link>, String> {
        let mut problems = Vec::new();
        for offset in 0..self.hosts.len() {
            let (host, port) = &self.hosts[(first + offset) % self.hosts.len()];
            match self.dial_host(host, *port).await {
                Ok(link) => return Ok(link),
                Err(problem) => problems.push(format!("{host}:{port}: {problem}")),
            }
        }
        Err(problems.join("; "))
    }

    async fn dial_host(&self, host: &str, port: u16) -> Result<Box<dyn Link>, String> {
        let found: Vec<SocketAddr> = tokio::net::lookup_host((host, port))
            .await
            .map_err(|error| error.to_string())?
            .collect();
        let mut problem = "it has no address".to_owned();
        for address in found {
            if !self.reach.allows(address.ip()) {
                problem = "it leads to a private network: allow_private = true permits that".into();
                continue;
            }
            match tokio::time::timeout(CONNECT_WITHIN, self.connect(host, address)).await {
                Ok(Ok(link)) => return Ok(link),
                Ok(Err(error)) => problem = error.to_string(),
                Err(_) => problem = format!("no answer within {CONNECT_WITHIN:?}"),
            }
        }
        Err(problem)
    }

    async fn connect(&self, host: &str, address: SocketAddr) -> std::io::Result<Box<dyn Link>> {
        let link = TcpStream::connect(address).await?;
        // Small PDUs go at once.
        link.set_nodelay(true)?;
        Ok(match &self.tls {
            Some(tls) => Box::new(tls.connect(host, link).await?),
            None => Box::new(link),
        })
    }
}
