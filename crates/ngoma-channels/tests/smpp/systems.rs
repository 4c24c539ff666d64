//! The channel type `smpp_server` as the server that others' ESMEs bind to: one channel for each of them.

use crate::server::{self, Came, Server};
use crate::soon;
use futures_util::FutureExt;
use futures_util::future::select_all;
use ngoma_channels::smpp_server::{Listening, SmppServer, Switchboard, Tls};
use ngoma_engine::channel::{
    ChannelType, Config, EndReports, Outbound, Report, ReportedStatus, SendErrorKind, Shutdown, Transport,
};
use ngoma_message::text::header::UserDataHeader;
use ngoma_message::{Address, Object, Timestamp};
use ngoma_smpp::EndReason;
use ngoma_smpp::pdu::BindMode;
use ngoma_smpp::receipt::MessageState;
use ngoma_testkit::{Certificates, FakeDoor};
use serde_json::{Value, json};
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Who binds: the names the scripts have.
const NAMES: [&str; 4] = ["node", "python", "twisted", "kannel"];

/// Channels on one port.
pub struct Systems {
    door: Arc<FakeDoor>,
    switchboard: Arc<Switchboard>,
    port: u16,
    channels: Vec<Channel>,
    /// How many messages came.
    seen: usize,
    _serving: watch::Sender<bool>,
}

struct Channel {
    transport: Arc<dyn Transport>,
    stop: watch::Sender<bool>,
    running: JoinHandle<()>,
}

impl Systems {
    /// The same within TLS.
    pub async fn within_tls(certificates: &Certificates) -> Self {
        let tls = Tls::new(&certificates.chain, &certificates.key);
        Self::open(Some(tls.expect("good certificates"))).await
    }

    async fn open(tls: Option<Tls>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("it is bound").port();
        let switchboard = Arc::<Switchboard>::default();
        let (serving, stop) = Shutdown::new();
        tokio::spawn(Arc::clone(&switchboard).serve(Listening { listener, tls }, stop));
        let mut systems = Self {
            door: FakeDoor::new(),
            switchboard,
            port,
            channels: Vec::new(),
            seen: 0,
            _serving: serving,
        };
        systems.open_channels();
        systems
    }

    fn open_channels(&mut self) {
        let channel_type = SmppServer {
            switchboard: Arc::clone(&self.switchboard),
        };
        let open = |name: &str| {
            let config = json!({ "system_id": name, "password": "secret" });
            let config = Config(config.as_object().cloned().expect("an object"));
            let mut ctx = self.door.context(Some("31022"));
            ctx.channel = name.to_owned();
            let transport: Arc<dyn Transport> = Arc::from(channel_type.open(&config, ctx).expect("good settings"));
            let (stop, stopping) = Shutdown::new();
            let run = Arc::clone(&transport);
            let running = tokio::spawn(async move { run.run(stopping).await.expect("its name is free") });
            Channel {
                transport,
                stop,
                running,
            }
        };
        self.channels = NAMES.map(open).into();
    }

    /// By the channel that has a bind that receives; false when none has.
    async fn send(&self, message: &Outbound) -> bool {
        for channel in &self.channels {
            match soon(channel.transport.send(message)).await {
                Ok(_) => return true,
                Err(error) if error.kind == SendErrorKind::Unreachable => {}
                Err(error) => panic!("{error}"),
            }
        }
        false
    }
}

impl Server for Systems {
    async fn start() -> Self {
        Self::open(None).await
    }

    fn port(&self) -> u16 {
        self.port
    }

    /// An ESME is told before its channel knows, and of one that only sends the channel tells nobody.
    async fn bound(&mut self, modes: &[BindMode]) {
        if modes.iter().any(|mode| mode.may_deliver()) {
            let ready = self.channels.iter().map(|channel| channel.transport.ready());
            soon(select_all(ready)).await;
        }
    }

    async fn came(&mut self) -> Came {
        let (id, taken) = soon(async {
            loop {
                if let Some(next) = self.door.submissions().into_iter().nth(self.seen) {
                    return next;
                }
                tokio::task::yield_now().await;
            }
        })
        .await;
        self.seen += 1;
        let digits = |address: &str| address.trim_start_matches('+').to_owned();
        Came {
            id: id.to_string(),
            from: digits(&taken.from.unwrap_or_default()),
            to: digits(&taken.to),
            text: taken.content,
            part: part(&taken.helper_metadata),
            wants_receipt: taken.reports.end == EndReports::All,
        }
    }

    async fn deliver(&mut self, text: &str) -> bool {
        self.send(&from_a_person(text, Object::new())).await
    }

    async fn report(&mut self, id: &str, state: MessageState) -> bool {
        let (status, reason) = match state {
            MessageState::Delivered => (ReportedStatus::Delivered, None),
            _ => (ReportedStatus::Undelivered, Some(format!("{state}, error 27"))),
        };
        let report = Report {
            message: id.into(),
            status,
            reason,
            at: Timestamp::from_micros(1_795_422_600_000_000),
            noted: Object::from_iter([("text".to_owned(), Value::from("Hello"))]),
        };
        self.send(&from_a_person("", report.as_metadata())).await
    }

    async fn unbind(&mut self) {
        for channel in std::mem::take(&mut self.channels) {
            channel.stop.send_replace(true);
            soon(channel.running).await.expect("it ends");
        }
        self.open_channels();
    }

    /// A channel tells nobody why; it has nothing that receives any more.
    async fn ends(&mut self, _: EndReason) {
        let is_bound = |channel: &Channel| channel.transport.ready().now_or_never().is_some();
        soon(async {
            while self.channels.iter().any(is_bound) {
                tokio::task::yield_now().await;
            }
        })
        .await;
    }
}

/// The part that a message is noted as: by its numbers, or by the header of its octets.
fn part(noted: &Object) -> Option<(u16, u8, u8)> {
    let written = noted.get("smpp_as_written")?;
    let by_numbers = written["part"].clone();
    let by_numbers: Option<_> = serde_json::from_value(by_numbers).expect("three numbers, or none");
    let by_header = || {
        let octets = written["octets"].as_str().filter(|_| written["header"] == true)?;
        let (header, _) = UserDataHeader::decode(&read_hex(octets)).expect("a header");
        server::part(&header)
    };
    by_numbers.or_else(by_header)
}

fn read_hex(text: &str) -> Vec<u8> {
    let octet = |at| u8::from_str_radix(&text[at..at + 2], 16).expect("two digits");
    (0..text.len()).step_by(2).map(octet).collect()
}

fn from_a_person(content: &str, helper_metadata: Object) -> Outbound {
    Outbound {
        id: "a-1".into(),
        to: Address::new("tel", "31022"),
        from: Some(Address::new("tel", "+27831234567")),
        content: content.to_owned(),
        whole: None,
        in_reply_to: None,
        session_event: None,
        attempts: 0,
        part: None,
        helper_metadata,
    }
}
