//! The settings of the form.

use ngoma_engine::channel::{Field, FieldKind};

/// The modes of a bind.
const BINDS: &[&str] = &["transceiver", "transmitter", "receiver", "pair"];
/// The forms of a long text.
const LONG: &[&str] = &["udh", "udh_wide", "sar", "payload"];
/// The receipts that may be asked for.
const RECEIPTS: &[&str] = &["none", "final", "failures", "all"];

/// A setting's name, its label, what it holds, and what it does.
type Described = (&'static str, &'static str, FieldKind, &'static str);

/// In the order of the form: the carrier and the bind, addresses, texts, receipts, answers, timers.
const DESCRIBED: [Described; 42] = [
    (
        "hosts",
        "Hosts",
        FieldKind::List,
        "Where the carrier's SMSC is, such as smsc.example.org:2775; the next one is tried when one does not answer. \
         Without a port it is 2775.",
    ),
    (
        "allow_private",
        "Allow private networks",
        FieldKind::Flag,
        "Whether the hosts may be on a private network, such as a VPN to the carrier, or on this machine (true or false). \
         When empty, false.",
    ),
    (
        "tls",
        "TLS",
        FieldKind::Flag,
        "Whether the carrier is spoken to within TLS (true or false). When empty, false.",
    ),
    (
        "tls_authorities",
        "TLS: authorities",
        FieldKind::Text,
        "The certificates, in PEM, of the authorities that vouch for the carrier. When empty, those this machine trusts.",
    ),
    (
        "system_id",
        "System id",
        FieldKind::Text,
        "The name the carrier gave you, up to 15 characters, such as clinic.",
    ),
    (
        "password",
        "Password",
        FieldKind::Secret,
        "The password the carrier gave you, up to 8 characters.",
    ),
    (
        "system_type",
        "System type",
        FieldKind::Text,
        "What the carrier asks for here, up to 12 characters; mostly nothing.",
    ),
    (
        "bind",
        "Bind",
        FieldKind::Choice(BINDS),
        "As transceiver (both ways), transmitter (only sends), receiver (only receives), or pair (a link for each way). \
         When empty, transceiver.",
    ),
    (
        "binds",
        "Number of binds",
        FieldKind::Number,
        "How many binds are held at once, 1 to 32, as far as the carrier allows. When empty, 1.",
    ),
    (
        "address_range",
        "Address range",
        FieldKind::Text,
        "Which numbers the bind is for, as the carrier asks; mostly nothing.",
    ),
    (
        "bind_ton",
        "Type of number of the bind",
        FieldKind::Number,
        "The address range's type of number, such as 1 for international. When empty, 0.",
    ),
    (
        "bind_npi",
        "Numbering plan of the bind",
        FieldKind::Number,
        "The address range's numbering plan, such as 1 for E.164. When empty, 0.",
    ),
    (
        "source_ton",
        "Type of number of the sender",
        FieldKind::Number,
        "0 unknown, 1 international, 2 national, 3 network, 5 name. When empty, what the address is.",
    ),
    (
        "source_npi",
        "Numbering plan of the sender",
        FieldKind::Number,
        "0 unknown, 1 E.164. When empty, what the address is.",
    ),
    (
        "destination_ton",
        "Type of number of the receiver",
        FieldKind::Number,
        "0 unknown, 1 international, 2 national. When empty, what the number is.",
    ),
    (
        "destination_npi",
        "Numbering plan of the receiver",
        FieldKind::Number,
        "0 unknown, 1 E.164. When empty, what the number is.",
    ),
    (
        "service_type",
        "Service type",
        FieldKind::Text,
        "What the carrier asks for here, up to 5 characters, such as CMT; mostly nothing.",
    ),
    (
        "protocol_id",
        "Protocol identifier",
        FieldKind::Number,
        "GSM's protocol identifier, 0 to 255. When empty, 0.",
    ),
    (
        "priority",
        "Priority",
        FieldKind::Number,
        "The carrier's own priority, 0 to 3. When empty, 0.",
    ),
    (
        "validity",
        "Validity",
        FieldKind::Duration,
        "How long the carrier tries to deliver a message, such as 120m. When empty, as long as the carrier does.",
    ),
    (
        "long",
        "Long texts",
        FieldKind::Choice(LONG),
        "In parts with a header (udh; udh_wide with a 16-bit reference), in parts told apart by parameters (sar), or whole \
         in message_payload (payload). When empty, udh.",
    ),
    (
        "languages",
        "National tables",
        FieldKind::List,
        "Languages whose GSM tables your receivers' phones read, such as tr: texts in them take fewer segments. \
         When empty, none are used.",
    ),
    (
        "transliterate",
        "Plainer letters",
        FieldKind::Flag,
        "Whether signs such as “ and letters such as ç are written plainly where that makes a text fit the GSM alphabet \
         (true or false). When empty, false.",
    ),
    (
        "codings",
        "Codings",
        FieldKind::Map,
        "What a data_coding means at this carrier where it is not what SMPP says, such as 0 = latin1 or 0 = gsm_packed.",
    ),
    (
        "gsm_data_coding",
        "data_coding of GSM texts",
        FieldKind::Number,
        "The data_coding of texts in the GSM alphabet, 0 to 255, such as 1. When empty, 0.",
    ),
    (
        "ucs2_data_coding",
        "data_coding of other texts",
        FieldKind::Number,
        "The data_coding of texts in UCS-2, 0 to 255, such as 24. When empty, 8.",
    ),
    (
        "receipts",
        "Receipts",
        FieldKind::Choice(RECEIPTS),
        "Which receipts are asked for: none, final (of every end), failures, or all (also of what comes before). \
         When empty, final.",
    ),
    (
        "receipt_signs",
        "Signs of a receipt",
        FieldKind::List,
        "By what a receipt is known: esm_class, tlvs, text. When empty, esm_class and tlvs.",
    ),
    (
        "receipt_regex",
        "Form of receipts",
        FieldKind::Text,
        "A regular expression for the text of receipts that have a form of the carrier's own, with groups called id and \
         stat, and err where there is one, such as DLR (?<id>\\w+) (?<stat>\\w+).",
    ),
    (
        "receipt_states",
        "States of receipts",
        FieldKind::Map,
        "What a carrier's own words in receipts mean, such as NOROUTE = failed: pending, delivered or failed.",
    ),
    (
        "errors",
        "Refusals",
        FieldKind::Map,
        "What a command status means at this carrier, such as ESME_RSUBMITFAIL = temporary or 0x400 = permanent: temporary, \
         throttled, permanent or misconfigured.",
    ),
    (
        "window",
        "Window",
        FieldKind::Number,
        "How many messages of one bind may wait for their answers, 1 to 10000. When empty, 64.",
    ),
    (
        "response_timeout",
        "Answers within",
        FieldKind::Duration,
        "How long the carrier may take to answer a message, such as 30s. When empty, 60s.",
    ),
    (
        "enquire_after",
        "Ask after",
        FieldKind::Duration,
        "After how long a silence the carrier is asked whether it is there, such as 15s. When empty, 30s.",
    ),
    (
        "reconnect_after",
        "Bind again after",
        FieldKind::Duration,
        "How long to wait before a bind that ended is made again; it doubles each time up to a minute. When empty, 1s.",
    ),
    (
        "make_before_break",
        "New binds first",
        FieldKind::Flag,
        "Whether new settings bind before the old binds end: for carriers that allow twice as many binds (true or false). \
         When empty, false.",
    ),
    (
        "message_reference",
        "Message reference",
        FieldKind::Flag,
        "Whether each message carries a user_message_reference, by which some carriers' receipts tell of a message whose \
         answer was lost (true or false). When empty, false.",
    ),
    (
        "ussd",
        "USSD",
        FieldKind::Flag,
        "Whether the carrier brings USSD by this bind, not SMS (true or false). When empty, false.",
    ),
    (
        "ussd_deadline",
        "USSD: answer within",
        FieldKind::Duration,
        "How long a service may take for a screen, such as 8s. When empty, 10s.",
    ),
    (
        "ussd_fallback",
        "USSD: fallback",
        FieldKind::Text,
        "What a person reads when the service is late or fails, at most a screen. \
         When empty, We cannot answer now. Please dial again later.",
    ),
    (
        "ussd_session_tag",
        "USSD: session parameter",
        FieldKind::Number,
        "The number of the optional parameter that tells sessions apart. When empty, 4995: its_session_info.",
    ),
    (
        "ussd_operations",
        "USSD: operations",
        FieldKind::Map,
        "The carrier's own numbers of ussd_service_op, such as input = 2: begin, input, hang_up, ask, end. \
         When empty, those of SMPP: 1, 18, 16, 2, 17.",
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
            required: ["hosts", "system_id"].contains(&name),
        })
        .collect()
}
