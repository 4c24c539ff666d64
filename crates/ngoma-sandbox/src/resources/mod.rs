//! What a service may call, one file each.
//!
//! A resource knows only its step's [`StepContext`]: what it does is noted there, and the engine commits or drops it whole.

mod config;
mod contacts;
mod context;
mod groups;
mod http;
mod kv;
mod log;
mod message_store;
mod metrics;
mod optout;
mod outbound;
mod python;
mod session;

pub use context::{ContextLimits, StepContext};

use async_trait::async_trait;
use ngoma_message::Object;
use std::future::Future;
use std::pin::Pin;

/// Every resource; one line registers one.
pub fn all() -> Vec<Box<dyn Resource>> {
    vec![
        Box::new(config::Config),
        Box::new(contacts::Contacts),
        Box::new(groups::Groups),
        Box::new(http::Http),
        Box::new(kv::Kv),
        Box::new(log::Log),
        Box::new(message_store::MessageStore),
        Box::new(metrics::Metrics),
        Box::new(optout::OptOut),
        Box::new(outbound::Outbound),
        Box::new(session::Session),
    ]
}

/// A family of commands a service may send, `<name>.<command>`.
///
/// ```
/// use ngoma_message::Object;
/// use ngoma_sandbox::resources::{Answer, Resource, StepContext};
///
/// /// Says back what it was told.
/// struct Echo;
///
/// #[async_trait::async_trait]
/// impl Resource for Echo {
///     fn name(&self) -> &'static str {
///         "echo"
///     }
///
///     async fn call(&self, command: &str, params: &Object, _step: &mut StepContext) -> Answer {
///         match command {
///             "say" => Answer::Reply(params.clone()),
///             _ => Answer::Unknown,
///         }
///     }
/// }
/// ```
#[async_trait]
pub trait Resource: Send + Sync {
    /// What its commands begin with.
    fn name(&self) -> &'static str;

    /// Runs one command. Commands run in the order they were sent; one that waits for the outside answers
    /// [`Answer::Later`], so that others go on.
    async fn call(&self, command: &str, params: &Object, step: &mut StepContext) -> Answer;
}

/// What becomes of a command.
pub enum Answer {
    /// It succeeded; these fields go into the reply.
    Reply(Object),
    /// It failed; the script is told why.
    Refused(String),
    /// It will be answered when this ends.
    Later(Pin<Box<dyn Future<Output = Finish> + Send>>),
    /// The resource has no such command.
    Unknown,
}

/// Ends a command that took its time: notes what it did and answers.
pub type Finish = Box<dyn FnOnce(&mut StepContext) -> Answer + Send>;

impl Answer {
    /// A success without more to say.
    fn done() -> Self {
        Self::Reply(Object::new())
    }

    /// A success with one field.
    fn value(name: &str, value: impl Into<serde_json::Value>) -> Self {
        Self::Reply(Object::from_iter([(name.to_owned(), value.into())]))
    }
}

impl From<Result<Answer, String>> for Answer {
    fn from(result: Result<Answer, String>) -> Self {
        result.unwrap_or_else(Self::Refused)
    }
}

#[cfg(test)]
mod testing;
#[cfg(test)]
mod testing_account;
