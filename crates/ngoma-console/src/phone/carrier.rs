//! The carrier between the handset and the channels.

use async_trait::async_trait;
use http::StatusCode;
use serde_json::Value;

/// The carrier's side of the phone: what the handset sends reaches a channel as a carrier's gateway would send it.
///
/// ```
/// use http::StatusCode;
/// use serde_json::{Value, json};
///
/// /// A network that answers every request the same.
/// struct Echo;
///
/// #[async_trait::async_trait]
/// impl ngoma_console::Carrier for Echo {
///     async fn post(&self, _path: &str, body: Value) -> (StatusCode, Value) {
///         (StatusCode::OK, json!({ "content": body["content"], "session_event": "close" }))
///     }
/// }
/// ```
#[async_trait]
pub trait Carrier: Send + Sync {
    /// Posts a JSON body to the path of a channel, such as `/c/demo/ussd`; answers the status and the JSON that came back.
    async fn post(&self, path: &str, body: Value) -> (StatusCode, Value);
}
