//! A link to a carrier: the first of its hosts that answers.

use ngoma_engine::outgoing_http::Reach;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpStream;

/// How long connecting to one address may take.
const CONNECT_WITHIN: Duration = Duration::from_secs(10);

/// Connects to the first host that answers, beginning with the one at `first`; says why none did.
pub async fn dial(hosts: &[(String, u16)], first: usize, reach: Reach) -> Result<TcpStream, String> {
    let mut problems = Vec::new();
    for offset in 0..hosts.len() {
        let (host, port) = &hosts[(first + offset) % hosts.len()];
        match dial_host(host, *port, reach).await {
            Ok(link) => return Ok(link),
            Err(problem) => problems.push(format!("{host}:{port}: {problem}")),
        }
    }
    Err(problems.join("; "))
}

async fn dial_host(host: &str, port: u16, reach: Reach) -> Result<TcpStream, String> {
    let found: Vec<SocketAddr> = tokio::net::lookup_host((host, port))
        .await
        .map_err(|error| error.to_string())?
        .collect();
    let mut problem = "it has no address".to_owned();
    for address in found {
        if !reach.allows(address.ip()) {
            problem = "it leads to a private network: allow_private = true permits that".into();
            continue;
        }
        match tokio::time::timeout(CONNECT_WITHIN, TcpStream::connect(address)).await {
            Ok(Ok(link)) => return prepare(link).map_err(|error| error.to_string()),
            Ok(Err(error)) => problem = error.to_string(),
            Err(_) => problem = format!("no answer within {CONNECT_WITHIN:?}"),
        }
    }
    Err(problem)
}

/// Small PDUs go at once.
fn prepare(link: TcpStream) -> io::Result<TcpStream> {
    link.set_nodelay(true)?;
    Ok(link)
}
