//! Looks names up and keeps only the addresses a client may reach, so that the address checked is the one connected to.

use super::reach::Reach;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::net::SocketAddr;

/// The system's resolver behind the guard.
pub struct GuardedResolver(pub Reach);

/// Every address of the name is out of reach.
#[derive(Debug, thiserror::Error)]
#[error("{0} leads to a private network")]
pub struct PrivateName(String);

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let reach = self.0;
        Box::pin(async move {
            let name = name.as_str();
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name, 0)).await?.collect();
            let allowed: Vec<SocketAddr> = found
                .iter()
                .copied()
                .filter(|address| reach.allows(address.ip()))
                .collect();
            if allowed.is_empty() && !found.is_empty() {
                return Err(PrivateName(name.to_owned()).into());
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}
