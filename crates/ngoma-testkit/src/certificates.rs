//! Certificates for tests of TLS, made anew each time.

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};

/// An authority, and a server of this machine that it vouches for; all in PEM.
pub struct Certificates {
    /// The authority's certificate.
    pub authority: String,
    /// The server's certificate, for the names `localhost` and 127.0.0.1.
    pub chain: String,
    /// The server's private key.
    pub key: String,
}

impl Certificates {
    /// Makes them.
    ///
    /// # Panics
    /// When the machine has no random numbers.
    pub fn of_this_machine() -> Self {
        let mut params = CertificateParams::new(Vec::new()).expect("no names");
        // Another name than the server's: OpenSSL takes a certificate that names itself as its issuer for self-signed.
        params.distinguished_name.push(DnType::CommonName, "authority");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(params, new_key()).expect("it can sign");
        let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
        let key = new_key();
        let params = CertificateParams::new(names).expect("good names");
        let chain = params.signed_by(&key, &authority).expect("it can sign");
        Self {
            authority: authority.pem(),
            chain: chain.pem(),
            key: key.serialize_pem(),
        }
    }
}

fn new_key() -> KeyPair {
    KeyPair::generate().expect("random numbers")
}
