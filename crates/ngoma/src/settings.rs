//! Where settings come from: flags, then `NGOMA_*` environment, then `ngoma.toml`, then defaults.

use anyhow::{Context, Result, anyhow, bail};
use ngoma_engine::StoreChoice;
use serde::Deserialize;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

const DEFAULT_LISTEN: &str = "127.0.0.1:8000";
const DEFAULT_DATA: &str = "./ngoma-data";
const FILE_NAME: &str = "ngoma.toml";
const SQLITE: &str = "sqlite";

/// What names the database in the environment.
pub const STORE_VARIABLE: &str = "NGOMA_STORE";

/// The flag every command takes; clap reads the environment behind it.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct DataArgs {
    /// The folder that holds all data; made when it is missing [default: ./ngoma-data]
    #[arg(long, global = true, env = "NGOMA_DATA", value_name = "DIR")]
    data: Option<PathBuf>,
}

/// The flags of every command that runs on a data folder.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct SettingsArgs {
    /// The address and port to serve on [default: 127.0.0.1:8000]
    #[arg(long, env = "NGOMA_LISTEN", value_name = "ADDR:PORT")]
    listen: Option<String>,
    /// The database that holds the messages: sqlite, or postgres://USER:PASSWORD@HOST/DATABASE [default: sqlite]
    #[arg(long, env = STORE_VARIABLE, value_name = "DATABASE", hide_env_values = true)]
    store: Option<String>,
    /// The settings file [default: ngoma.toml in the working folder, else in the data folder]
    #[arg(long, env = "NGOMA_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
}

/// What `ngoma.toml` may say.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct SettingsFile {
    data: Option<PathBuf>,
    listen: Option<String>,
    store: Option<String>,
}

/// Settings, resolved.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The data folder.
    pub data: PathBuf,
    /// Where to serve.
    pub listen: SocketAddr,
    /// Which database holds the messages.
    pub store: StoreChoice,
}

impl SettingsArgs {
    /// Looks everything up, in order.
    pub fn resolve(&self, data: &DataArgs) -> Result<Settings> {
        let file = self.read_file(data)?;
        let data = data.data.clone().or(file.data).unwrap_or_else(|| DEFAULT_DATA.into());
        let listen = self
            .listen
            .clone()
            .or(file.listen)
            .unwrap_or_else(|| DEFAULT_LISTEN.to_owned());
        let listen = listen
            .parse()
            .map_err(|_| anyhow!("--listen {listen}: expected an IP address and a port, such as {DEFAULT_LISTEN}"))?;
        let store = read_store(self.store.clone().or(file.store).as_deref())?;
        Ok(Settings { data, listen, store })
    }

    fn read_file(&self, data: &DataArgs) -> Result<SettingsFile> {
        let data = data.data.clone().unwrap_or_else(|| DEFAULT_DATA.into());
        let found = match &self.config {
            Some(path) => Some(path.clone()),
            None => [PathBuf::from(FILE_NAME), data.join(FILE_NAME)]
                .into_iter()
                .find(|path| path.is_file()),
        };
        let Some(path) = found else {
            return Ok(SettingsFile::default());
        };
        let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        toml::from_str(&text).map_err(|error| crate::declare::toml_problem(&path, &text, &error))
    }
}

impl Settings {
    /// Makes the data folder, for its owner only, and checks that it can be written.
    pub fn prepare_data_folder(&self) -> Result<()> {
        let data = &self.data;
        if data.exists() && !data.is_dir() {
            bail!(
                "{} is a file: the data needs a folder; choose one with --data DIR",
                data.display()
            );
        }
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(data)
            .with_context(|| {
                format!(
                    "cannot make the data folder {}; choose another with --data DIR",
                    data.display()
                )
            })?;
        check_writable(data)
    }

    /// The database as [`STORE_VARIABLE`] names it. It may hold a password.
    pub fn store_setting(&self) -> &str {
        match &self.store {
            StoreChoice::Sqlite => SQLITE,
            StoreChoice::Postgres(url) => url,
        }
    }

    /// The address of this server as it reaches itself, such as `http://127.0.0.1:8000`.
    pub fn base_url(&self) -> String {
        base_url(self.listen)
    }
}

/// `http://` and the address; a server that listens everywhere reaches itself on loopback.
pub fn base_url(listen: SocketAddr) -> String {
    let ip = if listen.ip().is_unspecified() {
        IpAddr::V4(Ipv4Addr::LOCALHOST)
    } else {
        listen.ip()
    };
    format!("http://{}", SocketAddr::new(ip, listen.port()))
}

/// The database a setting names. Its text may hold a password: it is not repeated.
fn read_store(setting: Option<&str>) -> Result<StoreChoice> {
    match setting {
        None | Some(SQLITE) => Ok(StoreChoice::Sqlite),
        Some(url) if url.starts_with("postgres://") || url.starts_with("postgresql://") => {
            Ok(StoreChoice::Postgres(url.to_owned()))
        }
        Some(_) => bail!("--store: expected sqlite, or an address such as postgres://user:password@host/database"),
    }
}

fn check_writable(data: &Path) -> Result<()> {
    let probe = data.join(".write-probe");
    if let Err(error) = std::fs::write(&probe, b"") {
        bail!("the data folder {} cannot be written: {error}", data.display());
    }
    std::fs::remove_file(&probe).with_context(|| format!("the data folder {} cannot be written", data.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(data: Option<&Path>, listen: Option<&str>, config: Option<&Path>) -> Result<Settings> {
        let args = SettingsArgs {
            listen: listen.map(Into::into),
            store: None,
            config: config.map(Into::into),
        };
        args.resolve(&DataArgs {
            data: data.map(Into::into),
        })
    }

    #[test]
    fn flags_win_over_the_file_and_the_file_over_defaults() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path();
        assert_eq!(resolve(Some(data), None, None).unwrap().listen.port(), 8000);
        std::fs::write(data.join(FILE_NAME), "listen = \"127.0.0.1:8100\"").unwrap();
        assert_eq!(resolve(Some(data), None, None).unwrap().listen.port(), 8100);
        assert_eq!(
            resolve(Some(data), Some("127.0.0.1:8200"), None).unwrap().listen.port(),
            8200
        );
    }

    #[test]
    fn a_mistake_is_named_with_its_place() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("x.toml");
        std::fs::write(&file, "\nlissten = \"x\"").unwrap();
        let error = resolve(Some(folder.path()), None, Some(&file)).unwrap_err().to_string();
        assert!(error.contains("x.toml:2") && error.contains("lissten"), "{error}");
        let error = resolve(None, Some("8000"), None).unwrap_err().to_string();
        assert!(error.contains("expected an IP address and a port"), "{error}");
    }

    #[test]
    fn a_database_is_named_as_it_was_read() {
        for setting in ["sqlite", "postgres://user:password@host/database"] {
            let settings = Settings {
                store: read_store(Some(setting)).unwrap(),
                ..resolve(None, None, None).unwrap()
            };
            assert_eq!(settings.store_setting(), setting);
        }
    }

    #[test]
    fn a_server_on_every_address_reaches_itself_on_loopback() {
        assert_eq!(base_url("0.0.0.0:81".parse().unwrap()), "http://127.0.0.1:81");
        assert_eq!(base_url("127.0.0.1:82".parse().unwrap()), "http://127.0.0.1:82");
    }
}
