//! The bridges that are open: one for each service of that kind, closed and opened again when its settings change.

use super::application::Application;
use crate::channel::Shutdown;
use crate::directory::{Catalog, ServiceEntry, ServiceKind};
use crate::engine::Runtime;
use crate::vumi_bus::{Connector, ConnectorSettings, Intake, Line, Peer};
use ngoma_message::Object;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Reads a service's settings.
pub(crate) fn settings(config: &Object) -> Result<ConnectorSettings, serde_json::Error> {
    serde_json::from_value(Value::Object(config.clone()))
}

/// The open bridges by their services' numbers.
#[derive(Default)]
pub(crate) struct Bridges {
    open: RwLock<BTreeMap<i64, Arc<Bridge>>>,
}

/// One service's way to its application.
pub(crate) struct Bridge {
    settings: ConnectorSettings,
    pub(super) connector: Arc<Connector>,
    stop: watch::Sender<bool>,
    task: Mutex<Option<JoinHandle<()>>>,
}

impl Bridges {
    /// The bridge of a service.
    pub(super) fn get(&self, service: i64) -> Option<Arc<Bridge>> {
        let open = self.open.read().unwrap_or_else(PoisonError::into_inner);
        open.get(&service).cloned()
    }

    /// The worker on the other side of a service's bridge, if one is watched.
    pub(crate) fn peer(&self, service: i64) -> Option<Arc<Peer>> {
        self.get(service)?.connector.peer().cloned()
    }

    /// Opens what is new, and what has changed again.
    pub(crate) async fn follow(&self, runtime: &Arc<Runtime>, catalog: &Catalog) {
        for service in catalog.services() {
            let wanted = match service.kind {
                ServiceKind::VumiAmqp => settings(&service.config).ok(),
                ServiceKind::Script | ServiceKind::Relay => None,
            };
            let held = self.get(service.id);
            if held.as_ref().map(|held| &held.settings) == wanted.as_ref() {
                continue;
            }
            if let Some(before) = self.remove(service.id) {
                before.close(runtime.limits.drain).await;
            }
            if let Some(settings) = wanted {
                self.open_one(runtime, service, settings);
            }
        }
    }

    /// Ends every bridge.
    pub(crate) async fn close(&self, patience: Duration) {
        let open = std::mem::take(&mut *self.open.write().unwrap_or_else(PoisonError::into_inner));
        let closing = open.values().map(|bridge| bridge.close(patience));
        futures_util::future::join_all(closing).await;
    }

    /// Tells every bridge to end, without waiting for it.
    pub(crate) fn forget(&self) {
        let mut open = self.open.write().unwrap_or_else(PoisonError::into_inner);
        for bridge in std::mem::take(&mut *open).into_values() {
            bridge.stop.send_replace(true);
        }
    }

    fn open_one(&self, runtime: &Arc<Runtime>, service: &ServiceEntry, settings: ConnectorSettings) {
        let name = format!("{}/{}", service.key.account, service.key.service);
        let connector = match Connector::open(&settings) {
            Ok(connector) => Arc::new(connector),
            Err(error) => return tracing::error!(service.name = name, %error, "a bridge cannot be opened"),
        };
        let application = Application::new(runtime, service, Arc::clone(&connector));
        let (stop, stopping) = Shutdown::new();
        let task = tokio::spawn(run(name, Arc::clone(&connector), application, stopping));
        let bridge = Bridge {
            settings,
            connector,
            stop,
            task: Mutex::new(Some(task)),
        };
        let mut open = self.open.write().unwrap_or_else(PoisonError::into_inner);
        open.insert(service.id, Arc::new(bridge));
    }

    fn remove(&self, service: i64) -> Option<Arc<Bridge>> {
        let mut open = self.open.write().unwrap_or_else(PoisonError::into_inner);
        open.remove(&service)
    }
}

impl Bridge {
    async fn close(&self, patience: Duration) {
        self.stop.send_replace(true);
        let task = self.task.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(mut task) = task
            && tokio::time::timeout(patience, &mut task).await.is_err()
        {
            task.abort();
        }
    }
}

async fn run(name: String, connector: Arc<Connector>, application: Application, stop: Shutdown) {
    let intake: Arc<dyn Intake> = Arc::new(application);
    if let Err(error) = connector.run(vec![(Line::Outbound, intake)], stop).await {
        tracing::error!(service.name = name, %error, "a bridge ended by itself");
    }
    connector.close().await;
}
