//! TLS to PostgreSQL, as the query of the database's address asks for it: `sslmode`, and `sslrootcert` with the file of
//! the authority that vouches for the server.

use super::SqlError;
use postgres::config::SslMode;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use rustls_platform_verifier::BuilderVerifierExt;
use std::sync::Arc;
use tokio_postgres_rustls::MakeRustlsConnect;
use url::form_urlencoded;

/// How an address is connected to.
pub(super) struct Way {
    pub(super) config: postgres::Config,
    /// Nothing where the line is not protected.
    pub(super) tls: Option<MakeRustlsConnect>,
}

/// What an address may say of TLS.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Wish {
    mode: Option<String>,
    root: Option<String>,
}

/// Reads an address. No error repeats it: it may hold a password.
pub(super) fn read(address: &str) -> Result<Way, SqlError> {
    let (rest, wish) = take_wish(address);
    let unreadable = |_| SqlError::Refused("the address of the database cannot be read".into());
    let mut config: postgres::Config = rest.parse().map_err(unreadable)?;
    let (mode, tls) = match wish.mode.as_deref() {
        None | Some("disable") => (SslMode::Disable, None),
        Some("prefer") => (SslMode::Prefer, Some(encrypted()?)),
        Some("require") => (SslMode::Require, Some(encrypted()?)),
        Some("verify-full") => (SslMode::Require, Some(verified(wish.root.as_deref())?)),
        Some(_) => {
            let words = "the database's address: sslmode must be disable, prefer, require or verify-full";
            return Err(SqlError::Refused(words.into()));
        }
    };
    config.ssl_mode(mode);
    Ok(Way {
        config,
        tls: tls.map(MakeRustlsConnect::new),
    })
}

/// Takes out of an address what it says of TLS.
fn take_wish(address: &str) -> (String, Wish) {
    let (base, query) = address.split_once('?').unwrap_or((address, ""));
    let mut wish = Wish::default();
    let mut rest = Vec::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        match form_urlencoded::parse(pair.as_bytes()).next() {
            Some((name, value)) if name == "sslmode" => wish.mode = Some(value.into_owned()),
            Some((name, value)) if name == "sslrootcert" => wish.root = Some(value.into_owned()),
            _ => rest.push(pair),
        }
    }
    (format!("{base}?{}", rest.join("&")), wish)
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

/// Nobody can listen who does not take the server's place; whose certificate it is, is not asked.
fn encrypted() -> Result<ClientConfig, SqlError> {
    let any = Arc::new(AnyCertificate(provider()));
    let config = ClientConfig::builder_with_provider(provider()).with_safe_default_protocol_versions();
    let config = config.map_err(refused)?.dangerous();
    Ok(config.with_custom_certificate_verifier(any).with_no_client_auth())
}

/// The server is who its name says: that authority vouches for it, or one this machine trusts.
fn verified(root: Option<&str>) -> Result<ClientConfig, SqlError> {
    let config = ClientConfig::builder_with_provider(provider()).with_safe_default_protocol_versions();
    let config = config.map_err(refused)?;
    let config = match root {
        Some(file) => config.with_root_certificates(read_roots(file)?),
        None => config.with_platform_verifier().map_err(refused)?,
    };
    Ok(config.with_no_client_auth())
}

fn read_roots(file: &str) -> Result<RootCertStore, SqlError> {
    let unreadable = |error: &dyn std::fmt::Display| SqlError::Refused(format!("sslrootcert {file}: {error}"));
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(file).map_err(|error| unreadable(&error))? {
        let certificate = certificate.map_err(|error| unreadable(&error))?;
        roots.add(certificate).map_err(|error| unreadable(&error))?;
    }
    match roots.is_empty() {
        true => Err(unreadable(&"it holds no certificate")),
        false => Ok(roots),
    }
}

fn refused(error: rustls::Error) -> SqlError {
    SqlError::Refused(format!("TLS: {error}"))
}

/// Takes whatever certificate the server shows, but checks that it has its key.
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_addresss_wish_is_taken_out_of_it() {
        let wish = |mode: &str, root: &str| Wish {
            mode: (!mode.is_empty()).then(|| mode.to_owned()),
            root: (!root.is_empty()).then(|| root.to_owned()),
        };
        for (address, rest, expected) in [
            ("postgres://u:p@h/d", "postgres://u:p@h/d?", wish("", "")),
            ("postgres://h/d?sslmode=require", "postgres://h/d?", wish("require", "")),
            (
                "postgres://h/d?a=1&sslrootcert=%2Fetc%2Fca%20s.pem&sslmode=verify-full&b=2",
                "postgres://h/d?a=1&b=2",
                wish("verify-full", "/etc/ca s.pem"),
            ),
        ] {
            assert_eq!(take_wish(address), (rest.to_owned(), expected));
        }
    }

    #[test]
    fn a_wish_that_cannot_be_met_is_refused_without_the_password() {
        for (query, named) in [
            ("sslmode=verify-ca", "sslmode must be"),
            (
                "sslmode=verify-full&sslrootcert=/nowhere.pem",
                "sslrootcert /nowhere.pem",
            ),
            ("connect_timeout=soon", "cannot be read"),
        ] {
            let error = read(&format!("postgres://u:secret@h/d?{query}"))
                .err()
                .unwrap()
                .to_string();
            assert!(error.contains(named) && !error.contains("secret"), "{error}");
        }
    }
}
