//! The worker of `serve`: engine, channels, pages and commands in one process, the only writer of the data folder.

mod demo;
mod phone_carrier;
mod startup_lines;
mod upkeep;
mod web_server;

use crate::control::Control;
use crate::metrics;
use crate::settings::{self, DataArgs, Settings, SettingsArgs};
use crate::systems::Systems;
use anyhow::{Context, Result};
use ngoma_channels::smpp_server::Switchboard;
use ngoma_engine::engine::EngineOptions;
use ngoma_engine::{Engine, SystemClock};
use ngoma_sandbox::{Sandbox, SandboxOptions};
use phone_carrier::PhoneCarrier;
use std::fs::File;
use std::io::Write;
use std::net::TcpListener;
use std::os::fd::{FromRawFd, RawFd};
use std::process::ExitCode;
use std::sync::Arc;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use web_server::WebServer;

/// Where in the data folder services in Python have their environments and code.
const PYTHON_FOLDER: &str = "python";

/// Arguments the master gives.
#[derive(Debug, clap::Args)]
pub struct WorkerArgs {
    #[command(flatten)]
    settings: SettingsArgs,
    /// The listening socket.
    #[arg(long)]
    listener_fd: RawFd,
    /// The listening socket of the metrics.
    #[arg(long)]
    metrics_fd: Option<RawFd>,
    /// The listening sockets of the accounts' own systems.
    #[arg(long)]
    smpp_fd: Option<RawFd>,
    #[arg(long)]
    smpp_tls_fd: Option<RawFd>,
    /// Where to say "ready".
    #[arg(long)]
    ready_fd: RawFd,
    /// Apply the demo and show a phone.
    #[arg(long)]
    demo: bool,
}

/// Runs until told to stop.
pub fn run(args: &WorkerArgs, data: &DataArgs) -> Result<ExitCode> {
    start_logging();
    let settings = args.settings.resolve(data)?;
    // SAFETY: the master opened these files for this process alone and named them in its arguments.
    let (sockets, ready) = unsafe {
        let sockets = Sockets {
            web: TcpListener::from_raw_fd(args.listener_fd),
            metrics: args.metrics_fd.map(|file| TcpListener::from_raw_fd(file)),
            smpp: args.smpp_fd.map(|file| TcpListener::from_raw_fd(file)),
            smpp_tls: args.smpp_tls_fd.map(|file| TcpListener::from_raw_fd(file)),
        };
        (sockets, File::from_raw_fd(args.ready_fd))
    };
    close_on_exec(&[args.listener_fd, args.ready_fd])?;
    for file in [args.metrics_fd, args.smpp_fd, args.smpp_tls_fd] {
        close_on_exec(file.as_slice())?;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(serve(settings, sockets, ready, args.demo))?;
    Ok(ExitCode::SUCCESS)
}

/// Opens the engine of a data folder with everything this program has: all channel types, the sandbox.
pub async fn open_engine(settings: &Settings) -> Result<Arc<Engine>> {
    open_engine_with(settings, &Arc::default()).await
}

/// The same, whose accounts' own systems find their channels on that switchboard.
async fn open_engine_with(settings: &Settings, switchboard: &Arc<Switchboard>) -> Result<Arc<Engine>> {
    let sandbox = Sandbox::new(SandboxOptions {
        python: settings.data.join(PYTHON_FOLDER),
        ..SandboxOptions::default()
    })
    .context("cannot start the sandbox")?;
    let mut options = EngineOptions::new(
        Arc::new(SystemClock),
        Arc::new(sandbox),
        ngoma_channels::all(switchboard),
    );
    options.store = settings.store.clone();
    options.queue = settings.queue.clone();
    options.limits = options.limits.with_worker_lease(settings.worker_lease);
    options.limits.step_record_days = settings.step_record_days;
    Ok(Engine::open(&settings.data, options).await?)
}

/// The sockets the master owns and this worker serves.
struct Sockets {
    web: TcpListener,
    metrics: Option<TcpListener>,
    smpp: Option<TcpListener>,
    smpp_tls: Option<TcpListener>,
}

/// The worker's life, in order.
async fn serve(settings: Settings, sockets: Sockets, ready: File, is_demo: bool) -> Result<()> {
    let mut stop = StopSignals::listen()?;
    let base_url = settings::base_url(sockets.web.local_addr()?);
    let switchboard = Arc::default();
    let engine = open_engine_with(&settings, &switchboard).await?;
    engine.start().await;
    if is_demo {
        demo::apply(&engine, &settings.data, &base_url).await?;
    }
    let control = Control::bind(&settings.data, engine.clone(), base_url.clone())?;
    let background = [
        tokio::spawn(control.run()),
        tokio::spawn(upkeep::run(engine.clone(), settings.worker_lease)),
    ];
    let web = web_server::start(sockets.web, routes(&engine, is_demo))?;
    startup_lines::print(&engine, &settings, &base_url, is_demo);
    let metrics = sockets
        .metrics
        .map(|listener| start_metrics(listener, &engine))
        .transpose()?;
    let systems = start_systems(&switchboard, &settings, sockets.smpp, sockets.smpp_tls)?;
    say_ready(ready)?;
    stop.received().await;
    background.iter().for_each(tokio::task::JoinHandle::abort);
    let metrics_end = async {
        if let Some(metrics) = metrics {
            metrics.finish().await;
        }
    };
    tokio::join!(web.finish(), metrics_end, systems.finish());
    engine.stop().await;
    Ok(())
}

/// Every address this process answers.
fn routes(engine: &Arc<Engine>, is_demo: bool) -> axum::Router {
    let channels = engine.channel_routes();
    let carrier = is_demo.then(|| PhoneCarrier::over(channels.clone()));
    channels
        .merge(ngoma_console::messages::api::router(engine.clone()))
        .merge(ngoma_console::router(engine.clone(), carrier))
}

/// Serves the metrics' own address, and says where it is.
fn start_metrics(listener: TcpListener, engine: &Arc<Engine>) -> Result<WebServer> {
    let base_url = settings::base_url(listener.local_addr()?);
    let server = web_server::start(listener, metrics::routes(Arc::clone(engine)))?;
    startup_lines::print_one("metrics", &format!("{base_url}/metrics"));
    Ok(server)
}

/// Serves the ports of the accounts' own systems, and says where they are.
fn start_systems(
    switchboard: &Arc<Switchboard>,
    settings: &Settings,
    plain: Option<TcpListener>,
    within_tls: Option<TcpListener>,
) -> Result<Systems> {
    for (name, listener) in [("smpp", &plain), ("smpp in TLS", &within_tls)] {
        if let Some(listener) = listener {
            startup_lines::print_one(name, &listener.local_addr()?.to_string());
        }
    }
    Systems::start(switchboard, &settings.systems, plain, within_tls)
}

fn say_ready(mut ready: File) -> Result<()> {
    ready.write_all(&[1]).context("the master went away")
}

fn close_on_exec(files: &[RawFd]) -> Result<()> {
    for &file in files {
        // SAFETY: sets close-on-exec on a file this process holds open.
        if unsafe { libc::fcntl(file, libc::F_SETFD, libc::FD_CLOEXEC) } == -1 {
            return Err(std::io::Error::last_os_error().into());
        }
    }
    Ok(())
}

/// What the client of the broker logs by itself: whole messages, and each outage in its own words beside ours.
const SILENT: &str = "lapin";

/// One line an event on standard error; `NGOMA_LOG` sets the level (error, warn, info, debug), `info` by default.
fn start_logging() {
    let wanted = std::env::var("NGOMA_LOG").unwrap_or_else(|_| "info".to_owned());
    let level: Option<tracing::Level> = wanted.parse().ok();
    let ours = Targets::new()
        .with_default(level.unwrap_or(tracing::Level::INFO))
        .with_target(SILENT, LevelFilter::OFF);
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(false);
    tracing_subscriber::registry().with(ours).with(lines).init();
    if level.is_none() {
        tracing::warn!("NGOMA_LOG={wanted} is no level: use error, warn, info or debug; info is used now");
    }
}

/// The signals that end a worker.
struct StopSignals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

impl StopSignals {
    fn listen() -> Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    async fn received(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
