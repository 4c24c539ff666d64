//! What one of the next messages is answered, whatever the behaviour says.

use super::{InvalidBehaviour, check_delay, check_words};
use crate::Status;
use serde::{Deserialize, Serialize};

/// The answer to one message.
///
/// ```json
/// {"status": "ESME_RTHROTTLED", "delay_ms": 200}
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NextAnswer {
    /// Whether it is taken; `ESME_ROK` unless it is said.
    pub status: Status,
    /// Whether it is taken and the answer is lost.
    pub lose: bool,
    /// How long it takes; as the behaviour says, when nothing is.
    pub delay_ms: Option<u64>,
    /// Under which id it is taken; the next of the carrier's own, when nothing is said.
    pub id: Option<String>,
}

impl NextAnswer {
    /// Checks what types do not say.
    pub fn check(&self) -> Result<(), InvalidBehaviour> {
        check_delay("delay_ms", self.delay_ms.unwrap_or(0))?;
        check_words("id", self.id.as_deref(), 64)
    }
}

/// None is an answer that is lost.
impl From<Option<ngoma_smpp::Answer>> for NextAnswer {
    fn from(answer: Option<ngoma_smpp::Answer>) -> Self {
        match answer {
            None => Self {
                lose: true,
                ..Self::default()
            },
            Some(answer) => Self {
                status: Status(answer.status),
                id: Some(answer.response.message_id),
                ..Self::default()
            },
        }
    }
}
