//! Where settings come from: flags, then `NGOMA_*` environment, then `ngoma.toml`, then defaults.

use crate::metrics::{MetricsArgs, MetricsSettings};
use crate::systems::{SystemsArgs, SystemsFile, SystemsSettings};
use anyhow::{Context, Result, anyhow, bail, ensure};
use ngoma_engine::{QueueChoice, StoreChoice};
use serde::Deserialize;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

const DEFAULT_LISTEN: &str = "127.0.0.1:8000";
const DEFAULT_DATA: &str = "./ngoma-data";
/// How many partitions a broker's work is spread over, and the most.
const DEFAULT_PARTITIONS: u16 = 32;
const MOST_PARTITIONS: u16 = 128;
const FILE_NAME: &str = "ngoma.toml";
const SQLITE: &str = "sqlite";

/// How long a worker may be silent, in seconds.
const DEFAULT_WORKER_LEASE: u64 = 60;
/// The least that leaves time for its beats, and the most that is of use.
const WORKER_LEASES: std::ops::RangeInclusive<u64> = 6..=3600;

/// What names the database in the environment.
pub const STORE_VARIABLE: &str = "NGOMA_STORE";
/// What names the queue there, and its partitions.
pub const QUEUE_VARIABLE: &str = "NGOMA_QUEUE";
pub const QUEUE_PARTITIONS_VARIABLE: &str = "NGOMA_QUEUE_PARTITIONS";
/// What says there how long a worker may be silent.
pub const WORKER_LEASE_VARIABLE: &str = "NGOMA_WORKER_LEASE";
/// What says there for how many days steps are kept.
pub const STEP_RECORD_DAYS_VARIABLE: &str = "NGOMA_STEP_RECORD_DAYS";

const DEFAULT_STEP_RECORD_DAYS: u32 = 7;
const MOST_STEP_RECORD_DAYS: u32 = 366;

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
    /// The queue that hands out the work: sqlite or postgres (as the store), or amqp://USER:PASSWORD@HOST/VHOST
    /// [default: as the store]
    #[arg(long, env = QUEUE_VARIABLE, value_name = "QUEUE", hide_env_values = true)]
    queue: Option<String>,
    /// Over how many partitions a broker's work is spread, the same for every process [default: 32]
    #[arg(long, env = QUEUE_PARTITIONS_VARIABLE, value_name = "NUMBER")]
    queue_partitions: Option<u16>,
    /// How long a worker may be silent before the others on its database take its work over [default: 60]
    #[arg(long, env = WORKER_LEASE_VARIABLE, value_name = "SECONDS")]
    worker_lease: Option<u64>,
    /// For how many days services' steps are kept as they were recorded; 0 records none [default: 7]
    #[arg(long, env = STEP_RECORD_DAYS_VARIABLE, value_name = "DAYS")]
    step_record_days: Option<u32>,
    /// The settings file [default: ngoma.toml in the working folder, else in the data folder]
    #[arg(long, env = "NGOMA_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(flatten)]
    metrics: MetricsArgs,
    #[command(flatten)]
    systems: SystemsArgs,
}

/// What `ngoma.toml` may say.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct SettingsFile {
    data: Option<PathBuf>,
    listen: Option<String>,
    store: Option<String>,
    queue: Option<String>,
    queue_partitions: Option<u16>,
    worker_lease: Option<u64>,
    step_record_days: Option<u32>,
    metrics_listen: Option<String>,
    metrics_public: Option<bool>,
    #[serde(default)]
    smpp: SystemsFile,
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
    /// Which queue hands out the work.
    pub queue: QueueChoice,
    /// How long a worker may be silent before others take its work over.
    pub worker_lease: Duration,
    /// For how many days steps are kept as they were recorded.
    pub step_record_days: u32,
    /// Where to tell metrics.
    pub metrics: MetricsSettings,
    /// Where the accounts' own systems bind.
    pub systems: SystemsSettings,
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
        let metrics = self.metrics.or(file.metrics_listen, file.metrics_public);
        let store = read_store(self.store.clone().or(file.store).as_deref())?;
        let partitions = self.queue_partitions.or(file.queue_partitions);
        let queue = read_queue(
            self.queue.clone().or(file.queue).as_deref(),
            &store,
            partitions.unwrap_or(DEFAULT_PARTITIONS),
        )?;
        Ok(Settings {
            data,
            listen,
            store,
            queue,
            worker_lease: read_worker_lease(self.worker_lease.or(file.worker_lease))?,
            step_record_days: read_step_record_days(self.step_record_days.or(file.step_record_days))?,
            metrics,
            systems: self.systems.or(file.smpp)?,
        })
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

/// The queue a setting names. Its text may hold a password: it is not repeated.
fn read_queue(setting: Option<&str>, store: &StoreChoice, partitions: u16) -> Result<QueueChoice> {
    if partitions == 0 || partitions > MOST_PARTITIONS {
        bail!("--queue-partitions {partitions}: expected a number from 1 to {MOST_PARTITIONS}");
    }
    match (setting, store) {
        (None, _) | (Some("sqlite"), StoreChoice::Sqlite) | (Some("postgres"), StoreChoice::Postgres(_)) => {
            Ok(QueueChoice::Store)
        }
        (Some("postgres"), StoreChoice::Sqlite) => {
            bail!("--queue postgres: the store is SQLite; choose PostgreSQL with --store postgres://…")
        }
        (Some("sqlite"), StoreChoice::Postgres(_)) => {
            bail!("--queue sqlite: the store is PostgreSQL; leave --queue out, or say postgres or amqp://…")
        }
        (Some("memory"), _) => bail!("--queue memory: it forgets everything with the process, and is for tests only"),
        (Some(url), _) if url.starts_with("amqp://") || url.starts_with("amqps://") => Ok(QueueChoice::Amqp {
            url: url.to_owned(),
            partitions,
        }),
        (Some(_), _) => {
            bail!("--queue: expected sqlite, postgres, or an address such as amqp://user:password@host/vhost")
        }
    }
}

/// How long a worker may be silent.
/// As long as messages' own ids allow, a year: records are a service's whole traffic.
fn read_step_record_days(setting: Option<u32>) -> Result<u32> {
    let days = setting.unwrap_or(DEFAULT_STEP_RECORD_DAYS);
    ensure!(
        days <= MOST_STEP_RECORD_DAYS,
        "--step-record-days {days}: expected at most {MOST_STEP_RECORD_DAYS}"
    );
    Ok(days)
}

fn read_worker_lease(setting: Option<u64>) -> Result<Duration> {
    let seconds = setting.unwrap_or(DEFAULT_WORKER_LEASE);
    if !WORKER_LEASES.contains(&seconds) {
        let (least, most) = (WORKER_LEASES.start(), WORKER_LEASES.end());
        bail!("--worker-lease {seconds}: expected a number of seconds from {least} to {most}");
    }
    Ok(Duration::from_secs(seconds))
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
            queue: None,
            queue_partitions: None,
            worker_lease: None,
            step_record_days: None,
            config: config.map(Into::into),
            metrics: MetricsArgs::default(),
            systems: SystemsArgs::default(),
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
    fn a_queue_fits_its_store_and_survives_the_process() {
        let postgres = StoreChoice::Postgres("postgres://u:secret@h/d".into());
        let check = |setting: Option<&str>, store: &StoreChoice, expected: Result<QueueChoice, &str>| match (
            read_queue(setting, store, 32),
            expected,
        ) {
            (Ok(queue), Ok(expected)) => assert_eq!(queue, expected, "{setting:?}"),
            (Err(error), Err(part)) => assert!(error.to_string().contains(part), "{error}"),
            (read, _) => panic!("{setting:?}: {read:?}"),
        };
        let amqp = QueueChoice::Amqp {
            url: "amqp://u:secret@h/v".into(),
            partitions: 32,
        };
        check(None, &StoreChoice::Sqlite, Ok(QueueChoice::Store));
        check(Some("postgres"), &postgres, Ok(QueueChoice::Store));
        check(Some("amqp://u:secret@h/v"), &postgres, Ok(amqp.clone()));
        check(Some("postgres"), &StoreChoice::Sqlite, Err("the store is SQLite"));
        check(Some("sqlite"), &postgres, Err("the store is PostgreSQL"));
        check(Some("memory"), &StoreChoice::Sqlite, Err("for tests only"));
        check(
            Some("kafka://h"),
            &StoreChoice::Sqlite,
            Err("expected sqlite, postgres"),
        );
        assert!(!format!("{amqp:?} {postgres:?}").contains("secret"));
    }

    #[test]
    fn a_worker_may_be_silent_for_some_seconds() {
        for (setting, expected) in [
            (None, Some(60)),
            (Some(6), Some(6)),
            (Some(5), None),
            (Some(3601), None),
        ] {
            let lease = read_worker_lease(setting).ok();
            assert_eq!(lease, expected.map(Duration::from_secs), "{setting:?}");
        }
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
