//! What a step wants said, planned as outbound messages before its commit and sent after it.

use super::Job;
use crate::channels::{Place, Running};
use crate::directory::{ChannelEntry, ServiceEntry};
use crate::outbound::{self, Way};
use crate::record::Status;
use crate::service::{Reply, SendTo};
use crate::store::{NewOutbound, Publish, PulledOutbound, QueueKind, USUAL_PRIORITY};
use crate::trace::Trail;
use ngoma_message::{Address, MessageId, SessionEvent, Timestamp};
use std::sync::Arc;

/// The outbound messages of one step, with the places that wait for those that go on at once.
pub(super) struct Plan {
    pub(super) messages: Vec<NewOutbound>,
    ways: Vec<Go>,
}

/// How a message goes on once it is durable.
enum Go {
    /// Within this task: somebody waits for it.
    Now,
    /// In its own task, at its place in memory.
    Next(Arc<Running>, Place),
    /// From the queue, when this channel has room.
    Queue(Arc<Running>),
    /// Not at all: its status is final.
    Nowhere,
}

/// A durable message on its way.
pub(super) struct Answer {
    go: Go,
    taken: PulledOutbound,
}

impl Plan {
    /// Plans replies first, then messages to others.
    pub(super) fn make(
        job: &Job,
        channel: &ChannelEntry,
        service: &ServiceEntry,
        replies: Vec<Reply>,
        sends: Vec<SendTo>,
        trail: &mut Trail,
    ) -> Self {
        let mut plan = Self {
            messages: Vec::with_capacity(replies.len() + sends.len()),
            ways: Vec::with_capacity(replies.len() + sends.len()),
        };
        for reply in replies {
            plan.add_reply(job, channel, service, reply, trail);
        }
        for send in sends {
            plan.add_send(job, service, send, trail);
        }
        plan
    }

    fn add_reply(
        &mut self,
        job: &Job,
        channel: &ChannelEntry,
        service: &ServiceEntry,
        reply: Reply,
        trail: &mut Trail,
    ) {
        let now = job.runtime.clock.now();
        let has_sessions = job.running.description.has_sessions;
        let content = match reply.content {
            Some(content) => content,
            // Somebody waits for the answer: an empty screen, which may end the session.
            None if has_sessions => String::new(),
            None => return trail.note(now, "reply", "without a text: nothing is sent"),
        };
        let mut message = NewOutbound::answering(&job.message, MessageId::generate(), content);
        message.service = Some(service.id);
        message.helper_metadata = reply.helper_metadata;
        let event = match reply.continue_session {
            true => SessionEvent::Resume,
            false => SessionEvent::Close,
        };
        message.session_event = job.message.session.is_some().then_some(event);
        trail.note_about(
            &message.id,
            now,
            "accept",
            format!("a reply on channel {}", channel.name),
        );
        outbound::segment(&mut message, has_sessions, now, trail);
        if has_sessions {
            trail.note_about(&message.id, now, "attempt", "the first");
            message.publish = Some(Publish::Attempted);
            self.push(message, Go::Now);
        } else {
            self.push_on(job, message, Arc::clone(&job.running));
        }
    }

    fn add_send(&mut self, job: &Job, service: &ServiceEntry, send: SendTo, trail: &mut Trail) {
        let now = job.runtime.clock.now();
        let mut message = NewOutbound {
            id: MessageId::generate(),
            account: service.account,
            channel: None,
            service: Some(service.id),
            to: Address::parse(&send.to),
            from: None,
            content: Some(send.content.unwrap_or_default()),
            session_key: None,
            session_event: None,
            in_reply_to: None,
            helper_metadata: send.helper_metadata,
            status: Status::Queued,
            reason: None,
            encoding: None,
            segments: None,
            priority: USUAL_PRIORITY,
            expires_at: None,
            publish: None,
        };
        trail.note_about(
            &message.id,
            now,
            "accept",
            format!("a message to {}", message.to.value()),
        );
        match outbound::choose_channel(&job.runtime, service, &send.endpoint, &send.to) {
            Ok(Way {
                running,
                to,
                from,
                reason,
            }) => {
                trail.note_about(&message.id, now, "channel", reason);
                message.channel = Some(running.id);
                message.to = to;
                message.from = from;
                outbound::segment(&mut message, false, now, trail);
                self.push_on(job, message, running);
            }
            Err(reason) => {
                trail.note_about(&message.id, now, "channel", format!("failed: {reason}"));
                message.status = Status::Failed;
                message.reason = Some(reason);
                self.push(message, Go::Nowhere);
            }
        }
    }

    fn push_on(&mut self, job: &Job, mut message: NewOutbound, running: Arc<Running>) {
        let place = job.runtime.place(&running, QueueKind::Outbound);
        let go = match place.filter(|_| !outbound::is_paused(&job.runtime, running.id)) {
            Some(place) => Go::Next(running, place),
            None => Go::Queue(running),
        };
        message.publish = Some(match go {
            Go::Next(..) => Publish::Leased,
            _ => Publish::Free,
        });
        self.push(message, go);
    }

    fn push(&mut self, message: NewOutbound, go: Go) {
        self.messages.push(message);
        self.ways.push(go);
    }

    /// The messages as they go on now that they are durable.
    pub(super) fn answers(self, root: &MessageId, at: Timestamp, lease: i64) -> Vec<Answer> {
        self.messages
            .into_iter()
            .zip(self.ways)
            .map(|(message, go)| Answer {
                go,
                taken: PulledOutbound::accepted(root.clone(), message, at, lease),
            })
            .collect()
    }
}

impl Job {
    /// Sends what is durable now. When nobody was answered the channel is told why.
    pub(super) async fn send_answers(&self, answers: Result<Vec<Answer>, String>) {
        let no_answer = match &answers {
            Err(reason) => Some(reason.clone()),
            Ok(answers) if answers.iter().any(|answer| answer.taken.message.in_reply_to.is_some()) => None,
            Ok(_) => Some("the service gave no answer".to_owned()),
        };
        if let Some(reason) = no_answer
            && !self.message.is_close()
        {
            self.give_up(&reason).await;
        }
        for Answer { go, taken } in answers.unwrap_or_default() {
            match go {
                Go::Now => outbound::attempt(&self.runtime, &self.running, taken).await,
                Go::Next(running, place) => outbound::hand_over(&self.runtime, &running, taken, place),
                Go::Queue(running) => self.runtime.leave_in_queue(&running),
                Go::Nowhere => {}
            }
        }
    }
}
