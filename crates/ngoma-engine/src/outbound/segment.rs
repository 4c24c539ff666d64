//! How long a text is on the air, for its row and its trace.

use crate::channels::Running;
use crate::store::NewOutbound;
use crate::trace::Trail;
use ngoma_message::Timestamp;
use ngoma_message::text::{self, Encoding};

/// Notes a message's encoding and segments; a screen is measured against its limit.
pub(crate) fn segment(message: &mut NewOutbound, running: &Running, is_screen: bool, at: Timestamp, trail: &mut Trail) {
    let measure = measure(message, running);
    let encoding = match measure.encoding {
        Encoding::Gsm7 => "GSM",
        Encoding::Ucs2 => "UCS-2",
    };
    let units = measure.units;
    let detail = if is_screen {
        let limit = text::ussd_limit(measure.encoding);
        let over = if units > limit {
            "; it is longer than a screen"
        } else {
            ""
        };
        format!("a screen of {units} of {limit} {encoding} characters{over}")
    } else {
        let segments = measure.segments;
        let plural = if segments == 1 { "" } else { "s" };
        format!("{segments} segment{plural} of {units} {encoding} characters")
    };
    let rewritten = running
        .transport
        .rewrites(message.content.as_deref().unwrap_or_default());
    let detail = rewritten
        .into_iter()
        .fold(detail, |detail, what| format!("{detail}; {what}"));
    trail.note_about(&message.id, at, "segment", detail);
    if is_screen {
        message.segments = Some(1);
    }
}

/// Notes a message's encoding and segments on the channel it goes by.
pub(crate) fn measure(message: &mut NewOutbound, running: &Running) -> text::Measure {
    let measure = running
        .transport
        .measure(message.content.as_deref().unwrap_or_default());
    message.encoding = Some(measure.encoding);
    message.segments = Some(measure.segments);
    measure
}
