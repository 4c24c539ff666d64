//! The settings of the form.

use ngoma_engine::channel::{Field, FieldKind};

/// The forms of a long text.
const LONG: &[&str] = &["udh", "udh_wide", "sar", "payload"];
/// The forms of a receipt.
const RECEIPTS: &[&str] = &["both", "text", "tlvs"];

/// A setting's name, its label, what it holds, and what it does.
type Described = (&'static str, &'static str, FieldKind, &'static str);

/// In the order of the form: who binds, how much, texts and receipts.
const DESCRIBED: [Described; 13] = [
    (
        "system_id",
        "System id",
        FieldKind::Text,
        "The name your system binds with, 1 to 15 characters, such as records; no other channel may have it.",
    ),
    (
        "password",
        "Password",
        FieldKind::Secret,
        "The password your system binds with, 1 to 8 characters.",
    ),
    (
        "allow",
        "Allowed addresses",
        FieldKind::List,
        "From which addresses or networks it may bind, such as 192.0.2.7 or 192.0.2.0/24. When empty, from everywhere.",
    ),
    (
        "binds",
        "Number of binds",
        FieldKind::Number,
        "How many binds it may have at once, 1 to 64. When empty, 4.",
    ),
    (
        "window",
        "Window",
        FieldKind::Number,
        "How many messages may wait for its answers on one bind, 1 to 10000. When empty, 64.",
    ),
    (
        "submit_window",
        "Its window",
        FieldKind::Number,
        "How many of its messages are taken on one bind before one is answered, 1 to 10000. When empty, 64.",
    ),
    (
        "throughput",
        "Throughput",
        FieldKind::Number,
        "How many messages a second it may send; more are answered ESME_RTHROTTLED. When empty, there is no limit.",
    ),
    (
        "senders",
        "Senders",
        FieldKind::List,
        "The addresses its messages may be from, such as 8864, beside the channel's own; others are refused. A message \
         without one is from the address of the channel it goes by.",
    ),
    (
        "receipts",
        "Receipts",
        FieldKind::Choice(RECEIPTS),
        "Whether receipts tell what they say as text, in parameters (tlvs), or both. When empty, both.",
    ),
    (
        "long",
        "Long texts",
        FieldKind::Choice(LONG),
        "How it gets long texts: in parts with a header (udh; udh_wide with a 16-bit reference), in parts told apart by \
         parameters (sar), or whole in message_payload (payload). When empty, udh.",
    ),
    (
        "codings",
        "Codings",
        FieldKind::Map,
        "What a data_coding means to it where that is not what SMPP says, such as 0 = latin1 or 0 = gsm_packed.",
    ),
    (
        "gsm_data_coding",
        "data_coding of GSM texts",
        FieldKind::Number,
        "The data_coding it gets texts in the GSM alphabet with, 0 to 255. When empty, 0.",
    ),
    (
        "ucs2_data_coding",
        "data_coding of other texts",
        FieldKind::Number,
        "The data_coding it gets texts in UCS-2 with, 0 to 255. When empty, 8.",
    ),
];

/// All settings.
pub fn all() -> Vec<Field> {
    DESCRIBED
        .into_iter()
        .map(|(name, label, kind, help)| Field {
            name,
            label,
            help,
            kind,
            required: ["system_id", "password"].contains(&name),
        })
        .collect()
}
