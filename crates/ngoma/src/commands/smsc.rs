//! `ngoma smsc`: a carrier on the developer's own machine, for channels of type `smpp` and for other ESMEs.

use anyhow::{Context, Result, anyhow};
use ngoma_smsc::{Behaviour, BindTerms, Settings, Smsc};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

/// Arguments of `ngoma smsc`.
#[derive(Debug, clap::Args)]
pub struct SmscArgs {
    /// The address and port on which ESMEs are awaited; port 0 takes a free one
    #[arg(
        long,
        env = "NGOMA_SMSC_LISTEN",
        value_name = "ADDR:PORT",
        default_value = "127.0.0.1:2775"
    )]
    listen: SocketAddr,
    /// The address and port of the page and the API; whoever reaches them may do everything
    #[arg(
        long,
        env = "NGOMA_SMSC_PAGE",
        value_name = "ADDR:PORT",
        default_value = "127.0.0.1:2776"
    )]
    page: SocketAddr,
    /// The file to which every PDU is written before it is passed on, one JSON object a line
    #[arg(long, value_name = "FILE", default_value = "smsc-ledger.jsonl")]
    ledger: PathBuf,
    /// Write no ledger: faster, for load
    #[arg(long, conflicts_with = "ledger")]
    no_ledger: bool,
    /// The only system_id that may bind [default: any]
    #[arg(long, value_name = "NAME")]
    system_id: Option<String>,
    /// The only password with which one may bind [default: any]
    #[arg(long, env = "NGOMA_SMSC_PASSWORD", value_name = "PASSWORD", hide_env_values = true)]
    password: Option<String>,
}

/// Runs until told to stop by SIGTERM or SIGINT.
pub fn run(args: &SmscArgs) -> Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(serve(args))?;
    Ok(ExitCode::SUCCESS)
}

async fn serve(args: &SmscArgs) -> Result<()> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let page = TcpListener::bind(args.page)
        .await
        .map_err(|error| anyhow!("--page {}: {error}; choose another address or port", args.page))?;
    let smsc = Smsc::start(args.settings()).await.context("the SMSC does not start")?;
    say_where(args, &smsc, page.local_addr()?);
    let pages = axum::serve(page, smsc.routes());
    tokio::select! {
        ended = pages => ended.context("the page cannot be served")?,
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    smsc.stop().await;
    Ok(())
}

fn say_where(args: &SmscArgs, smsc: &Smsc, page: SocketAddr) {
    println!("SMPP    {}", smsc.address());
    println!("page    http://{page}/");
    println!("API     http://{page}/api");
    match args.no_ledger {
        true => println!("ledger  none"),
        false => println!("ledger  {}", args.ledger.display()),
    }
}

impl SmscArgs {
    fn settings(&self) -> Settings {
        let bind = BindTerms {
            system_id: self.system_id.clone(),
            password: self.password.clone(),
            ..BindTerms::default()
        };
        Settings {
            listen: self.listen,
            ledger: (!self.no_ledger).then(|| self.ledger.clone()),
            behaviour: Behaviour {
                bind,
                ..Behaviour::default()
            },
            ..Settings::default()
        }
    }
}
