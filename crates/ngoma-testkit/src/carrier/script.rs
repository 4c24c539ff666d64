//! What the carrier does with a submission.

use ngoma_message::DeliveryStatus;
use serde::{Deserialize, Serialize};

/// What the carrier decides about a submission.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// It takes the message and says so.
    Accepted,
    /// It takes the message, and the response gets lost.
    ResponseLost,
    /// It asks for a slower pace.
    Throttled,
    /// It cannot take it now.
    TemporaryError,
    /// It refuses it for good.
    PermanentError,
}

impl Answer {
    /// Whether the message is with the carrier, who will bring it to the person.
    pub fn is_taken(self) -> bool {
        matches!(self, Answer::Accepted | Answer::ResponseLost)
    }
}

/// What the carrier does with one submission: an answer, perhaps late, and receipts.
///
/// ```
/// use ngoma_testkit::carrier::{Behaviour, PlannedReceipt};
///
/// let receipt = PlannedReceipt::delivered();
/// let twice = Behaviour::accept().receipt(receipt).receipt(receipt);
/// let early = Behaviour::accept().receipt(receipt.before_the_answer());
/// let stuck = Behaviour::lose_response().held();
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Behaviour {
    pub(super) answer: Answer,
    pub(super) provider_id: Option<String>,
    pub(super) is_held: bool,
    pub(super) cuts_link: bool,
    pub(super) receipts: Vec<PlannedReceipt>,
}

impl Behaviour {
    /// Accepts the message under a new id, a decimal number.
    pub fn accept() -> Self {
        Self::answering(Answer::Accepted)
    }

    /// Accepts the message under this id.
    pub fn accept_as(provider_id: &str) -> Self {
        let provider_id = Some(provider_id.to_owned());
        Self {
            provider_id,
            ..Self::accept()
        }
    }

    /// Accepts the message and loses the response.
    pub fn lose_response() -> Self {
        Self::answering(Answer::ResponseLost)
    }

    /// Asks for a slower pace.
    pub fn throttle() -> Self {
        Self::answering(Answer::Throttled)
    }

    /// Cannot take it now.
    pub fn fail_for_now() -> Self {
        Self::answering(Answer::TemporaryError)
    }

    /// Refuses it for good.
    pub fn refuse() -> Self {
        Self::answering(Answer::PermanentError)
    }

    /// The same, but not before the test releases what is held.
    pub fn held(mut self) -> Self {
        self.is_held = true;
        self
    }

    /// The same, and no other submission reaches it until the link is restored.
    pub fn then_cut(mut self) -> Self {
        self.cuts_link = true;
        self
    }

    /// The same, with one more receipt for a message that is taken.
    pub fn receipt(mut self, receipt: PlannedReceipt) -> Self {
        self.receipts.push(receipt);
        self
    }

    fn answering(answer: Answer) -> Self {
        Self {
            answer,
            provider_id: None,
            is_held: false,
            cuts_link: false,
            receipts: Vec::new(),
        }
    }
}

/// A delivery receipt to come; it waits until the test has the receipts sent unless it says otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlannedReceipt {
    pub(super) status: DeliveryStatus,
    pub(super) names: Names,
    pub(super) is_early: bool,
}

/// How a receipt names its message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Names {
    /// By the id in the answer.
    ProviderId,
    /// By the same number in hexadecimal, as some carriers do whose answers are decimal.
    OtherBase,
    /// By our id.
    OurId,
}

impl PlannedReceipt {
    /// The message is on the phone.
    pub fn delivered() -> Self {
        Self {
            status: DeliveryStatus::Delivered,
            names: Names::ProviderId,
            is_early: false,
        }
    }

    /// The message will not arrive.
    pub fn failed() -> Self {
        Self {
            status: DeliveryStatus::Failed,
            ..Self::delivered()
        }
    }

    /// The same, sent before the submission is answered. One that nobody takes then is sent again with the others.
    pub fn before_the_answer(mut self) -> Self {
        self.is_early = true;
        self
    }

    /// The same, with the provider's id in hexadecimal where the answer has it in decimal.
    pub fn in_other_base(mut self) -> Self {
        self.names = Names::OtherBase;
        self
    }

    /// The same, with our id.
    pub fn by_our_id(mut self) -> Self {
        self.names = Names::OurId;
        self
    }
}
