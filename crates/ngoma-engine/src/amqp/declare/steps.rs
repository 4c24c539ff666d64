//! What is said to the broker about exchanges and queues. It closes the channel on which it refuses something, so each is
//! said on a channel of its own.

use super::spec::{Binding, ExchangeKind, QueueKind, QueueSpec, check_name};
use crate::amqp::dial::close_channel;
use crate::amqp::error::BusError;
use lapin::options::{ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::types::FieldTable;
use lapin::{Channel, Connection, Queue};

/// What is in a queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Depth {
    /// How many messages wait; those that are delivered and not acknowledged are not among them.
    pub ready: u32,
    /// How many consumers there are.
    pub consumers: u32,
}

/// One that is there is used as it is, whatever its kind.
pub(super) async fn exchange(connection: &Connection, name: &str, kind: ExchangeKind) -> Result<(), BusError> {
    match declare_exchange(connection, name, kind, Passive::Yes).await {
        Err(BusError::NotFound(_)) => declare_exchange(connection, name, kind, Passive::No).await,
        looked => looked,
    }
}

/// Whether a declaration only looks.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Passive {
    Yes,
    No,
}

async fn declare_exchange(
    connection: &Connection,
    name: &str,
    kind: ExchangeKind,
    passive: Passive,
) -> Result<(), BusError> {
    let kind = match kind {
        ExchangeKind::Direct => lapin::ExchangeKind::Direct,
        ExchangeKind::Fanout => lapin::ExchangeKind::Fanout,
    };
    let options = ExchangeDeclareOptions {
        passive: passive == Passive::Yes,
        durable: true,
        ..ExchangeDeclareOptions::default()
    };
    let declare = async |channel: &Channel| {
        let arguments = FieldTable::default();
        channel.exchange_declare(name.into(), kind, options, arguments).await
    };
    on_channel(connection, declare).await
}

pub(super) async fn queue(connection: &Connection, spec: &QueueSpec) -> Result<(), BusError> {
    match &spec.kind {
        QueueKind::Quorum(quorum) => create(connection, &spec.name, quorum.arguments()).await?,
        QueueKind::Passing(passing) => create(connection, &spec.name, passing.arguments()).await?,
        QueueKind::Classic => match look(connection, &spec.name).await {
            Ok(_) => {}
            Err(BusError::NotFound(_)) => create(connection, &spec.name, FieldTable::default()).await?,
            Err(error) => return Err(error),
        },
    }
    match &spec.binding {
        Some(binding) => bind(connection, &spec.name, binding).await,
        None => Ok(()),
    }
}

/// What is in a queue.
pub(in crate::amqp) async fn depth(connection: &Connection, name: &str) -> Result<Depth, BusError> {
    check_name(name)?;
    let queue = look(connection, name).await?;
    Ok(Depth {
        ready: queue.message_count(),
        consumers: queue.consumer_count(),
    })
}

async fn create(connection: &Connection, name: &str, arguments: FieldTable) -> Result<(), BusError> {
    let options = QueueDeclareOptions {
        durable: true,
        ..QueueDeclareOptions::default()
    };
    let declare = async |channel: &Channel| channel.queue_declare(name.into(), options, arguments).await;
    on_channel(connection, declare).await.map(drop)
}

/// A passive declaration: it changes nothing and compares no arguments.
async fn look(connection: &Connection, name: &str) -> Result<Queue, BusError> {
    let options = QueueDeclareOptions {
        passive: true,
        ..QueueDeclareOptions::default()
    };
    let declare = async |channel: &Channel| {
        let arguments = FieldTable::default();
        channel.queue_declare(name.into(), options, arguments).await
    };
    on_channel(connection, declare).await
}

async fn bind(connection: &Connection, queue: &str, binding: &Binding) -> Result<(), BusError> {
    let (exchange, key) = (binding.exchange.as_str(), binding.routing_key.as_str());
    let bind = async |channel: &Channel| {
        let (options, arguments) = (QueueBindOptions::default(), FieldTable::default());
        channel
            .queue_bind(queue.into(), exchange.into(), key.into(), options, arguments)
            .await
    };
    on_channel(connection, bind).await
}

/// Says one thing on a channel of its own. After an error the broker has closed it.
async fn on_channel<T>(
    connection: &Connection,
    say: impl AsyncFnOnce(&Channel) -> lapin::Result<T>,
) -> Result<T, BusError> {
    let channel = connection.create_channel().await?;
    let said = say(&channel).await?;
    close_channel(&channel).await;
    Ok(said)
}
