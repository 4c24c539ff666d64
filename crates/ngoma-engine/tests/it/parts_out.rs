//! F7 and F3: a long text goes out in parts. Those that were taken never go again, whatever becomes of the others and of
//! the process; what was never handed to the carrier is sent as if nothing had happened.

use crate::world::{World, demo, soon};
use ngoma_engine::directory::{ChannelPolicy, ChannelRecord};
use ngoma_engine::{Client, EventRecord, MessageRecord, OnAmbiguous, Status, Submission};
use ngoma_message::{MessageId, Object};
use ngoma_testkit::carrier::{Answer, Behaviour, Carrier, PlannedReceipt, ledger};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use std::time::Duration;

/// A world whose channel `sms` sends long texts in parts to a carrier.
struct Sending {
    world: World,
    carrier: Carrier,
    client: Client,
}

impl Sending {
    async fn new(policy: ChannelPolicy) -> Self {
        let mut world = World::empty();
        let carrier = Carrier::new(&world.path().join("ledger")).unwrap();
        world.carrier = Some(carrier.clone());
        world.open().await;
        let mut document = demo("demo");
        let account = document.accounts.get_mut("demo").unwrap();
        let channel = ChannelRecord {
            channel_type: "fake_carrier".into(),
            address: Some("100".into()),
            config: Object::from_iter([("parts".to_owned(), true.into())]),
            policy,
            ..ChannelRecord::default()
        };
        account.channels.insert("sms".into(), channel);
        world.engine().apply(document).await.unwrap();
        let token = world.engine().create_token("demo", "test").await.unwrap().unwrap();
        let client = world.engine().client(&token).await.unwrap().unwrap();
        Self { world, carrier, client }
    }

    /// A text of three parts: 153 a, 153 b, 10 c.
    async fn accept(&self) -> MessageId {
        let submission = Submission {
            channel: "sms".into(),
            to: "+27831234567".into(),
            content: format!("{:a<153}{:b<153}{:c<10}", "", "", ""),
            ..Submission::default()
        };
        let ids = self.world.engine().accept(&self.client, vec![submission], None).await;
        ids.unwrap().remove(0)
    }

    async fn message(&self, id: &MessageId) -> (MessageRecord, Vec<EventRecord>) {
        self.world.engine().message(&self.client, id).await.unwrap().unwrap()
    }

    /// Waits until the message has this status.
    async fn reaches(&self, id: &MessageId, status: Status) -> MessageRecord {
        let reached = async {
            loop {
                let (message, _) = self.message(id).await;
                if message.status == status {
                    return message;
                }
                tokio::task::yield_now().await;
            }
        };
        match tokio::time::timeout(Duration::from_secs(10), reached).await {
            Ok(message) => message,
            Err(_) => panic!("{:?}\n{}", self.message(id).await, self.world.trace(id).await),
        }
    }

    async fn until_traced(&self, id: &MessageId, detail: &str) {
        let traced = async {
            while !self.world.trace(id).await.contains(detail) {
                tokio::task::yield_now().await;
            }
        };
        if tokio::time::timeout(Duration::from_secs(10), traced).await.is_err() {
            self.world.has_traced(id, detail).await;
        }
    }

    /// The numbers of the parts the carrier saw, in order. All have one reference and one total.
    fn submitted(&self) -> Vec<u8> {
        let parts: Vec<_> = self.carrier.submissions().iter().filter_map(|seen| seen.part).collect();
        assert!(
            parts
                .iter()
                .all(|part| part.reference == parts[0].reference && part.total == 3),
            "{parts:?}"
        );
        parts.into_iter().map(|part| part.number).collect()
    }

    fn verdict(&self, id: &MessageId) -> ledger::Verdict {
        ledger::compare([id.as_str()], &self.carrier.ledger())
    }
}

fn resending() -> ChannelPolicy {
    ChannelPolicy {
        on_ambiguous: OnAmbiguous::Resend,
        ..ChannelPolicy::default()
    }
}

/// What becomes of three parts when the carrier answers the first submissions so.
async fn check(policy: ChannelPolicy, script: Vec<Behaviour>, submitted: &[u8], status: Status, told: &str) {
    let sending = Sending::new(policy).await;
    let name = format!("{script:?}");
    for behaviour in script {
        sending.carrier.then(behaviour);
    }
    let id = sending.accept().await;
    let ended = async {
        while sending.message(&id).await.0.status == Status::Queued {
            sending.carrier.restore_link();
            sending.world.advance(Duration::from_secs(5));
            tokio::task::yield_now().await;
        }
    };
    soon(ended).await;
    let (message, _) = sending.message(&id).await;
    assert_eq!(
        (message.status, sending.submitted()),
        (status, submitted.to_vec()),
        "{name}"
    );
    sending.world.has_traced(&id, told).await;
    let most = if message.possible_duplicate { 2 } else { 1 };
    let duplicates = sending.verdict(&id).duplicates;
    assert!(
        duplicates.values().all(|times| *times <= most),
        "{name}: {duplicates:?}"
    );
    if status == Status::Sent && !message.possible_duplicate {
        assert!(sending.verdict(&id).is_exactly_once(), "{name}");
    }
}

#[tokio::test]
async fn only_parts_that_were_not_taken_go_again() {
    let (accept, later, lose) = (Behaviour::accept, Behaviour::fail_for_now, Behaviour::lose_response);
    let policy = ChannelPolicy::default;
    check(
        policy(),
        vec![],
        &[1, 2, 3],
        Status::Sent,
        "part 3 of 3 taken by the carrier as",
    )
    .await;
    check(
        policy(),
        vec![accept(), later().then_cut()],
        &[1, 2, 2, 3],
        Status::Sent,
        "part 2 of 3: the carrier cannot take it now; 1 of 3 parts were taken; again in 1 s",
    )
    .await;
    check(
        policy(),
        vec![later(), accept(), Behaviour::throttle(), accept(), later().then_cut()],
        &[1, 1, 2, 2, 3, 3],
        Status::Sent,
        "2 of 3 parts were taken; again in",
    )
    .await;
    check(
        policy(),
        vec![accept(), lose().then_cut()],
        &[1, 2, 3],
        Status::Unknown,
        "2 of 3 parts were taken, the others may have been sent",
    )
    .await;
    check(
        policy(),
        vec![accept(), accept(), lose().then_cut()],
        &[1, 2, 3],
        Status::Unknown,
        "unknown: part 3 of 3: the carrier's response was lost; 2 of 3 parts were taken",
    )
    .await;
    check(
        resending(),
        vec![accept(), lose()],
        &[1, 2, 2, 3],
        Status::Sent,
        "again in 60 s",
    )
    .await;
    check(
        resending(),
        vec![accept(), lose(), lose()],
        &[1, 2, 2],
        Status::Unknown,
        "it may have been sent twice and is not sent again",
    )
    .await;
    check(
        policy(),
        vec![accept(), Behaviour::refuse()],
        &[1, 2],
        Status::Failed,
        "failed: part 2 of 3: the carrier refuses it; 1 of 3 parts were taken",
    )
    .await;
}

#[tokio::test]
async fn no_history_sends_a_part_again_that_was_taken() {
    let mut runner = TestRunner::deterministic();
    let behaviour = prop::sample::select(vec![
        Behaviour::accept(),
        Behaviour::accept(),
        Behaviour::fail_for_now(),
        Behaviour::fail_for_now().then_cut(),
        Behaviour::throttle(),
        Behaviour::lose_response().then_cut(),
    ]);
    let histories = (prop::collection::vec(behaviour, 0..8), any::<bool>());
    for _ in 0..15 {
        let (script, resends) = histories.new_tree(&mut runner).unwrap().current();
        let sending = Sending::new(if resends { resending() } else { ChannelPolicy::default() }).await;
        for behaviour in &script {
            sending.carrier.then(behaviour.clone());
        }
        let id = sending.accept().await;
        soon(async {
            while sending.message(&id).await.0.status == Status::Queued {
                sending.carrier.restore_link();
                sending.world.advance(Duration::from_secs(60));
                tokio::task::yield_now().await;
            }
        })
        .await;
        let (message, _) = sending.message(&id).await;
        sending.submitted();
        let confirmed = sending
            .carrier
            .ledger()
            .into_iter()
            .filter_map(|line| match line.entry {
                ledger::Entry::Answer {
                    part,
                    answer: Answer::Accepted,
                    ..
                } => part,
                _ => None,
            });
        let mut confirmed: Vec<_> = confirmed.collect();
        let count = confirmed.len();
        confirmed.dedup();
        assert_eq!(confirmed.len(), count, "{script:?}: a part was confirmed twice");
        let times = sending.verdict(&id).duplicates.values().copied().max().unwrap_or(1);
        assert!(times <= 1 + usize::from(message.possible_duplicate), "{script:?}");
        assert!(!message.possible_duplicate || resends, "{script:?}");
        assert_eq!(
            message.status == Status::Sent,
            confirmed.len() == 3,
            "{script:?}: {message:?}"
        );
    }
}

/// The kinds and details of a message's events.
async fn events(sending: &Sending, id: &MessageId) -> Vec<String> {
    let (_, events) = sending.message(id).await;
    let told = events.iter().filter(|event| event.kind != "ack");
    told.map(|event| format!("{} {}", event.kind, event.detail.as_deref().unwrap_or("-")))
        .collect()
}

/// F4 to F6 for each part: early, late, repeated, by an id in another base.
#[tokio::test]
async fn a_message_is_delivered_when_all_its_parts_are() {
    let delivered = PlannedReceipt::delivered;
    let sending = Sending::new(ChannelPolicy {
        id_base: "decimal/hex".parse().unwrap(),
        ..ChannelPolicy::default()
    })
    .await;
    let base = |receipt: PlannedReceipt| receipt.in_other_base();
    for receipts in [
        vec![base(delivered()).before_the_answer()],
        vec![base(delivered()), base(delivered())],
        vec![],
    ] {
        let behaviour = receipts.into_iter().fold(Behaviour::accept(), Behaviour::receipt);
        sending.carrier.then(behaviour);
    }
    let id = sending.accept().await;
    sending.reaches(&id, Status::Sent).await;
    assert_eq!(sending.carrier.send_receipts().await, 0);
    assert_eq!(
        events(&sending, &id).await,
        ["pending 1 of 3 parts delivered", "pending 2 of 3 parts delivered"]
    );
    assert_eq!(sending.message(&id).await.0.status, Status::Sent);
    let mut last = sending
        .carrier
        .ledger()
        .into_iter()
        .filter_map(|line| match line.entry {
            ledger::Entry::Answer { provider_id, .. } => provider_id,
            _ => None,
        });
    let last: u64 = last.next_back().unwrap().parse().unwrap();
    sending.carrier.owe(PlannedReceipt::failed(), &format!("{last:x}"));
    assert_eq!(sending.carrier.send_receipts().await, 0);
    let failed = sending.reaches(&id, Status::Failed).await;
    assert_eq!(failed.reason.as_deref(), Some("part 3 of 3: failed"));

    for _ in 0..3 {
        sending.carrier.then(Behaviour::accept().receipt(base(delivered())));
    }
    let id = sending.accept().await;
    sending.reaches(&id, Status::Sent).await;
    sending.carrier.send_receipts().await;
    sending.reaches(&id, Status::Delivered).await;
    assert_eq!(events(&sending, &id).await.last().unwrap(), "delivered -");
    sending
        .until_traced(&id, "receipt: the carrier says delivered of part 3 of 3")
        .await;
}

/// A part that failed ends the message: those after it are of no use.
#[tokio::test]
async fn a_failed_part_ends_its_message_before_the_others_are_sent() {
    let sending = Sending::new(ChannelPolicy::default()).await;
    let lost = PlannedReceipt::failed().before_the_answer();
    sending.carrier.then(Behaviour::accept().receipt(lost));
    let id = sending.accept().await;
    let failed = sending.reaches(&id, Status::Failed).await;
    assert_eq!(failed.reason.as_deref(), Some("part 1 of 3: failed"));
    assert_eq!(sending.submitted(), [1]);
}

/// F2 within a message: the process ends while its second part is on its way.
#[tokio::test]
async fn of_the_parts_of_a_process_that_ended_one_may_have_been_sent() {
    for (policy, submitted, status) in [
        (ChannelPolicy::default(), vec![1, 2, 3], Status::Unknown),
        (resending(), vec![1, 2, 2, 3], Status::Sent),
    ] {
        let mut sending = Sending::new(policy).await;
        sending.carrier.then(Behaviour::accept());
        sending.carrier.then(Behaviour::lose_response().held());
        let id = sending.accept().await;
        soon(sending.carrier.until_held(1)).await;
        sending.world.restart().await;
        sending.until_traced(&id, "part 2 of 3: the engine restarted").await;
        sending.world.advance(Duration::from_secs(60));
        let ended = sending.reaches(&id, status).await;
        assert_eq!(sending.submitted(), submitted);
        assert_eq!(ended.possible_duplicate, status == Status::Sent);
        sending.carrier.release();
    }
}

/// F3: the process ends while messages wait for a link. They were surely not sent.
#[tokio::test]
async fn what_waited_for_its_carrier_when_the_process_ended_is_sent_once_and_not_marked() {
    for policy in [ChannelPolicy::default(), resending()] {
        let mut sending = Sending::new(policy).await;
        sending.carrier.cut_link();
        let long = sending.accept().await;
        let short = Submission {
            channel: "sms".into(),
            to: "+27831234567".into(),
            content: "short".into(),
            ..Submission::default()
        };
        let ids = sending.world.engine().accept(&sending.client, vec![short], None).await;
        let short = ids.unwrap().remove(0);
        soon(sending.carrier.until_waited_for(2)).await;
        sending.world.restart().await;
        soon(sending.carrier.until_waited_for(4)).await;
        assert!(sending.carrier.submissions().is_empty());
        sending.carrier.restore_link();
        for id in [&long, &short] {
            let sent = sending.reaches(id, Status::Sent).await;
            assert!(!sent.possible_duplicate);
            assert!(sending.verdict(id).is_exactly_once());
            let trace = sending.world.trace(id).await;
            assert!(!trace.contains("restarted"), "{trace}");
        }
        assert_eq!(sending.submitted(), [1, 2, 3]);
    }
}
