//! What a step wants said, planned as outbound messages before its commit and sent after it.

use super::Job;
use crate::channels::{Place, Running};
use crate::directory::{ChannelEntry, ServiceEntry};
use crate::engine::Runtime;
use crate::outbound::{self, Way};
use crate::record::Status;
use crate::service::{Reply, SendTo};
use crate::store::{NewOutbound, Publish, PulledOutbound, QueueKind};
use crate::trace::Trail;
use ngoma_message::{Address, MessageId, SessionEvent, Timestamp};
use std::sync::Arc;

/// The outbound messages of one step, with the places that wait for those that go on at once.
pub(crate) struct Plan {
    pub(crate) messages: Vec<NewOutbound>,
    ways: Vec<Go>,
}

/// How a message goes on once it is durable.
enum Go {
    /// Within this task: somebody waits for it.
    Now(Arc<Running>),
    /// In its own task, at its place in memory.
    Next(Arc<Running>, Place),
    /// From the queue, when this channel has room.
    Queue(Arc<Running>),
    /// Not at all: its status is final.
    Nowhere,
}

/// A durable message on its way.
pub(crate) struct Answer {
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
        let mut plan = Self::with_room_for(replies.len() + sends.len());
        for reply in replies {
            plan.add_reply(job, channel, service, reply, trail);
        }
        plan.add_sends(&job.runtime, service, sends, trail);
        plan
    }

    /// Plans messages to others.
    pub(crate) fn of_sends(runtime: &Runtime, service: &ServiceEntry, sends: Vec<SendTo>, trail: &mut Trail) -> Self {
        let mut plan = Self::with_room_for(sends.len());
        plan.add_sends(runtime, service, sends, trail);
        plan
    }

    /// Plans one text in answer to a message that no service sees.
    pub(super) fn of_text(job: &Job, channel: &ChannelEntry, text: String, trail: &mut Trail) -> Self {
        let mut plan = Self::with_room_for(1);
        let message = NewOutbound::answering(&job.message, MessageId::generate(), text);
        plan.add_answer(&job.runtime, &job.running, channel, message, trail);
        plan
    }

    /// Plans one answer that comes from outside of a step.
    pub(crate) fn of_answer(
        runtime: &Runtime,
        running: &Arc<Running>,
        channel: &ChannelEntry,
        message: NewOutbound,
        trail: &mut Trail,
    ) -> Self {
        let mut plan = Self::with_room_for(1);
        plan.add_answer(runtime, running, channel, message, trail);
        plan
    }

    /// Plans one message to somebody that comes from outside of a step.
    pub(crate) fn of_message(runtime: &Runtime, way: Way, message: NewOutbound, trail: &mut Trail) -> Self {
        let mut plan = Self::with_room_for(1);
        plan.add_message(runtime, way, message, trail);
        plan
    }

    fn with_room_for(messages: usize) -> Self {
        Self {
            messages: Vec::with_capacity(messages),
            ways: Vec::with_capacity(messages),
        }
    }

    fn add_sends(&mut self, runtime: &Runtime, service: &ServiceEntry, sends: Vec<SendTo>, trail: &mut Trail) {
        for send in sends {
            self.add_send(runtime, service, send, trail);
        }
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
        self.add_answer(&job.runtime, &job.running, channel, message, trail);
    }

    /// Plans an answer, which goes by the channel its question came by.
    fn add_answer(
        &mut self,
        runtime: &Runtime,
        running: &Arc<Running>,
        channel: &ChannelEntry,
        mut message: NewOutbound,
        trail: &mut Trail,
    ) {
        let now = runtime.clock.now();
        let has_sessions = running.description.has_sessions;
        trail.note_about(
            &message.id,
            now,
            "accept",
            format!("a reply on channel {}", channel.name),
        );
        outbound::segment(&mut message, running, has_sessions, now, trail);
        if has_sessions {
            trail.note_about(&message.id, now, "attempt", "the first");
            message.publish = Some(Publish::Attempted);
            self.push(message, Go::Now(Arc::clone(running)));
        } else {
            self.push_on(runtime, message, Arc::clone(running));
        }
    }

    fn add_send(&mut self, runtime: &Runtime, service: &ServiceEntry, send: SendTo, trail: &mut Trail) {
        let (to, content) = (Address::parse(&send.to), send.content.unwrap_or_default());
        let mut message = NewOutbound::to_somebody(service.account, service.id, to, content);
        message.helper_metadata = send.helper_metadata;
        message.due_at = send.send_at.filter(|due| *due > runtime.clock.now());
        let way = outbound::choose_channel(runtime, service, &send.endpoint, &send.to);
        match way.map(|way| way.in_the_name_of(send.from)) {
            Ok(way) => self.add_message(runtime, way, message, trail),
            Err(reason) => {
                let now = runtime.clock.now();
                note_accepted(&message, now, trail);
                trail.note_about(&message.id, now, "channel", format!("failed: {reason}"));
                message.status = Status::Failed;
                message.reason = Some(reason);
                self.push(message, Go::Nowhere);
            }
        }
    }

    /// Plans a message to somebody that goes this way.
    fn add_message(&mut self, runtime: &Runtime, way: Way, mut message: NewOutbound, trail: &mut Trail) {
        let now = runtime.clock.now();
        note_accepted(&message, now, trail);
        trail.note_about(&message.id, now, "channel", way.reason);
        message.channel = Some(way.running.id);
        message.to = way.to;
        message.from = way.from;
        if let Some(due_at) = message.due_at {
            outbound::schedule(runtime, &mut message, due_at, now, trail);
        }
        outbound::segment(&mut message, &way.running, false, now, trail);
        self.push_on(runtime, message, way.running);
    }

    fn push_on(&mut self, runtime: &Runtime, mut message: NewOutbound, running: Arc<Running>) {
        let place = match message.due_at {
            None => runtime.place(&running, QueueKind::Outbound),
            Some(_) => None,
        };
        let go = match place.filter(|_| !outbound::is_paused(runtime, running.id)) {
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
    pub(crate) fn answers(self, root: &MessageId, at: Timestamp, lease: i64) -> Vec<Answer> {
        self.messages
            .into_iter()
            .zip(self.ways)
            .map(|(message, go)| Answer {
                go,
                taken: PulledOutbound::accepted(Some(root.clone()), message, at, lease),
            })
            .collect()
    }
}

fn note_accepted(message: &NewOutbound, now: Timestamp, trail: &mut Trail) {
    let said = format!("a message to {}", message.to.value());
    trail.note_about(&message.id, now, "accept", said);
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
        for answer in answers.unwrap_or_default() {
            answer.go_on(&self.runtime).await;
        }
    }
}

impl Answer {
    /// Sends it, or lets it go on by itself.
    pub(crate) async fn go_on(self, runtime: &Arc<Runtime>) {
        match self.go {
            Go::Now(running) => outbound::attempt(runtime, &running, self.taken, None).await,
            Go::Next(running, place) => outbound::hand_over(runtime, &running, self.taken, place),
            Go::Queue(running) => runtime.leave_in_queue(&running),
            Go::Nowhere => {}
        }
    }
}
