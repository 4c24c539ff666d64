//! The ports, and the certificate of the one that speaks TLS.

use anyhow::{Context, Result, anyhow, bail};
use ngoma_channels::smpp_server::Tls;
use serde::Deserialize;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// What names the certificate and its key to a worker.
pub const CERTIFICATE_VARIABLE: &str = "NGOMA_SMPP_TLS_CERTIFICATE";
pub const KEY_VARIABLE: &str = "NGOMA_SMPP_TLS_KEY";

/// The flags.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct SystemsArgs {
    /// The address and port on which your own systems bind by SMPP, such as 0.0.0.0:2775 [default: none]
    #[arg(long, env = "NGOMA_SMPP_LISTEN", value_name = "ADDR:PORT")]
    smpp_listen: Option<String>,
    /// The same within TLS, such as 0.0.0.0:3550 [default: none]
    #[arg(long, env = "NGOMA_SMPP_TLS_LISTEN", value_name = "ADDR:PORT")]
    smpp_tls_listen: Option<String>,
    /// The certificate of --smpp-tls-listen and the chain after it, in PEM
    #[arg(long, env = CERTIFICATE_VARIABLE, value_name = "FILE")]
    smpp_tls_certificate: Option<PathBuf>,
    /// Its private key, in PEM
    #[arg(long, env = KEY_VARIABLE, value_name = "FILE")]
    smpp_tls_key: Option<PathBuf>,
}

/// The table `[smpp]` of the settings file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SystemsFile {
    listen: Option<String>,
    tls_listen: Option<String>,
    tls_certificate: Option<PathBuf>,
    tls_key: Option<PathBuf>,
}

/// Settings, resolved.
#[derive(Clone, Debug, Default)]
pub struct SystemsSettings {
    /// Where systems bind.
    pub listen: Option<SocketAddr>,
    /// Where they bind within TLS.
    pub tls_listen: Option<SocketAddr>,
    /// The files of the certificate and its key.
    pub certificate: Option<(PathBuf, PathBuf)>,
}

impl SystemsArgs {
    /// The flags, else what the settings file says.
    pub fn or(&self, file: SystemsFile) -> Result<SystemsSettings> {
        let listen = self.smpp_listen.clone().or(file.listen);
        let tls_listen = self.smpp_tls_listen.clone().or(file.tls_listen);
        let certificate = self.smpp_tls_certificate.clone().or(file.tls_certificate);
        let certificate = match (certificate, self.smpp_tls_key.clone().or(file.tls_key)) {
            (Some(certificate), Some(key)) => Some((certificate, key)),
            (None, None) => None,
            _ => bail!("--smpp-tls-certificate and --smpp-tls-key belong together: one of them is missing"),
        };
        if tls_listen.is_some() && certificate.is_none() {
            bail!("--smpp-tls-listen needs a certificate: name it with --smpp-tls-certificate and --smpp-tls-key");
        }
        Ok(SystemsSettings {
            listen: read_address("--smpp-listen", listen)?,
            tls_listen: read_address("--smpp-tls-listen", tls_listen)?,
            certificate,
        })
    }
}

impl SystemsSettings {
    /// What makes links of TLS, read now: a new certificate is taken up by a worker that begins.
    pub fn tls(&self) -> Result<Option<Tls>> {
        let Some((certificate, key)) = &self.certificate else {
            return Ok(None);
        };
        let (chain, private) = (read(certificate)?, read(key)?);
        let tls = Tls::new(&chain, &private);
        let tls = tls.with_context(|| format!("{} and {}", certificate.display(), key.display()))?;
        Ok(Some(tls))
    }
}

fn read(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}

fn read_address(flag: &str, text: Option<String>) -> Result<Option<SocketAddr>> {
    let Some(text) = text else { return Ok(None) };
    let expected = |_| anyhow!("{flag} {text}: expected an IP address and a port, such as 0.0.0.0:2775");
    text.parse().map(Some).map_err(expected)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(
        listen: Option<&str>,
        tls_listen: Option<&str>,
        certificate: Option<&str>,
        key: Option<&str>,
    ) -> SystemsArgs {
        SystemsArgs {
            smpp_listen: listen.map(Into::into),
            smpp_tls_listen: tls_listen.map(Into::into),
            smpp_tls_certificate: certificate.map(Into::into),
            smpp_tls_key: key.map(Into::into),
        }
    }

    fn check_refused(args: &SystemsArgs, part: &str) {
        let error = args.or(SystemsFile::default()).unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    }

    #[test]
    fn ports_are_read_and_tls_needs_a_certificate() {
        let none = args(None, None, None, None).or(SystemsFile::default()).unwrap();
        assert!(none.listen.is_none() && none.tls_listen.is_none());
        let both = args(Some("127.0.0.1:2775"), Some("127.0.0.1:3550"), Some("c"), Some("k"));
        let both = both.or(SystemsFile::default()).unwrap();
        assert_eq!(both.listen.unwrap().port(), 2775);
        assert!(both.tls().unwrap_err().to_string().starts_with("cannot read"));
        check_refused(
            &args(Some("2775"), None, None, None),
            "--smpp-listen 2775: expected an IP address",
        );
        check_refused(&args(None, Some("127.0.0.1:3550"), None, None), "needs a certificate");
        check_refused(&args(None, None, Some("c"), None), "belong together");
    }
}
