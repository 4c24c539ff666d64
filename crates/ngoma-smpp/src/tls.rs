//! SMPP within TLS: the link of either end, by rustls.

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use rustls_platform_verifier::BuilderVerifierExt;
use std::io;
use std::sync::Arc;
use tokio::net::TcpStream;
use tokio_rustls::{TlsAcceptor, TlsConnector, client, server};

/// Why there is no TLS by these certificates.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The text holds no certificate.
    #[error("no certificate is in it: expected PEM text with BEGIN CERTIFICATE")]
    NoCertificate,
    /// The text holds no key.
    #[error("no private key is in it: expected PEM text with BEGIN PRIVATE KEY")]
    NoKey,
    /// They cannot be used.
    #[error(transparent)]
    Refused(#[from] rustls::Error),
}

/// The end that connects.
#[derive(Clone)]
pub struct Client(TlsConnector);

impl Client {
    /// Believes the authorities the machine believes, or only those whose certificates are in this PEM text.
    pub fn new(authorities: Option<&str>) -> Result<Self, TlsError> {
        let builder = ClientConfig::builder_with_provider(provider()).with_safe_default_protocol_versions()?;
        let config = match authorities {
            None => builder.with_platform_verifier()?.with_no_client_auth(),
            Some(pem) => {
                let mut roots = RootCertStore::empty();
                for certificate in certificates(pem)? {
                    roots.add(certificate)?;
                }
                builder.with_root_certificates(roots).with_no_client_auth()
            }
        };
        Ok(Self(TlsConnector::from(Arc::new(config))))
    }

    /// Makes a link to that host one of TLS; refused when the host cannot prove its name.
    pub async fn connect(&self, host: &str, link: TcpStream) -> io::Result<client::TlsStream<TcpStream>> {
        let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
        self.0.connect(name, link).await
    }
}

/// The end that is connected to.
#[derive(Clone)]
pub struct Server(TlsAcceptor);

impl Server {
    /// With its certificate, the chain after it, and its key, as PEM texts.
    pub fn new(chain: &str, key: &str) -> Result<Self, TlsError> {
        let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).map_err(|_| TlsError::NoKey)?;
        let config = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(certificates(chain)?, key)?;
        Ok(Self(TlsAcceptor::from(Arc::new(config))))
    }

    /// Makes a link that came one of TLS.
    pub async fn accept(&self, link: TcpStream) -> io::Result<server::TlsStream<TcpStream>> {
        self.0.accept(link).await
    }
}

fn certificates(pem: &str) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem.as_bytes()).collect();
    match found {
        Ok(found) if !found.is_empty() => Ok(found),
        _ => Err(TlsError::NoCertificate),
    }
}

fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Client(TLS)")
    }
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Server(TLS)")
    }
}
