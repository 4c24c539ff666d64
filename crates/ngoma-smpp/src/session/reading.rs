//! What a session makes of what the other side says.

use super::permission::refusal;
use super::window::Pending;
use super::{EndReason, Event, Role, Session, State};
use crate::CommandStatus;
use crate::pdu::command_id::RESPONSE;
use crate::pdu::{BindResponse, Command, MessageResponse, Pdu};
use crate::wire::{self, Frame, FrameError, Malformed};
use bytes::Bytes;
use std::time::Duration;

/// How much of somebody's who is not bound yet is refused before the session ends.
const MOST_REFUSED: u32 = 3;

impl Session {
    /// Reads what has come, as far as it may be taken.
    pub(super) fn read(&mut self, now: Duration) {
        while self.may_read() {
            let Some(read) = self.framer.next_frame().transpose() else {
                return;
            };
            // It may have lain here for long.
            self.heard_at = now;
            self.answer_clock.go_on(now);
            match read {
                Ok(frame) => self.take(&frame, now),
                Err(error) => self.take_no_frame(error),
            }
        }
    }

    fn take(&mut self, frame: &Frame, now: Duration) {
        match wire::decode(frame) {
            Ok(command) if command.pdu.is_response() => self.take_response(command, frame, now),
            Ok(command) => self.take_request(command, frame, now),
            Err(malformed) => self.take_malformed(malformed, frame, now),
        }
    }

    fn take_request(&mut self, command: Command, frame: &Frame, now: Duration) {
        let sequence = command.sequence;
        let refused = refusal(self.role, self.state, &command.pdu);
        if let Some(status) = refused {
            self.refuse(status, frame, "it is not allowed now");
            return;
        }
        match command.pdu {
            Pdu::EnquireLink => self.say_plainly(CommandStatus::OK, sequence, Pdu::EnquireLinkResponse),
            Pdu::Unbind => {
                self.unbind = Some(sequence);
                // Whoever asks twice, or after us, gets no more time by it.
                self.until.get_or_insert(now + self.config.drain_timeout);
                self.answer_unbind();
            }
            Pdu::Bind(bind) if self.bind.is_none() => {
                self.bind = Some((sequence, bind.mode));
                // Who looks at it may take a while, and more for whoever guesses.
                self.until = Some(now + self.config.response_timeout);
                self.events.push_back(Event::BindRequested(bind));
            }
            Pdu::Bind(_) => self.refuse(CommandStatus::ALREADY_BOUND, frame, "a bind is under way"),
            Pdu::Outbind(outbind) => self.events.push_back(Event::Outbind(outbind)),
            Pdu::Alert => self.events.push_back(Event::Alert),
            // The same number twice: the first is not answered yet.
            Pdu::Message(..) if self.owed.contains_key(&sequence) => {
                self.refuse(
                    CommandStatus::SYSTEM_ERROR,
                    frame,
                    "its number is that of another, which waits for its answer",
                );
            }
            Pdu::Message(operation, message) => {
                self.owed.insert(sequence, operation);
                self.moved_at = now;
                self.events.push_back(Event::Received {
                    sequence,
                    operation,
                    message,
                });
            }
            _ => {}
        }
    }

    fn take_response(&mut self, command: Command, frame: &Frame, now: Duration) {
        let Command {
            mut status,
            sequence,
            pdu,
        } = command;
        if pdu == Pdu::GenericNack && status.is_ok() {
            // It says that something could not be read, whatever its status.
            status = CommandStatus::UNKNOWN_ERROR;
        }
        let pending = match self.window.peek(sequence) {
            Some(pending) if is_answer(pending, &pdu) => self.window.take(sequence),
            Some(_) => return self.note(None, frame, "it answers another operation"),
            None => None,
        };
        match pending {
            Some(Pending::Bind) => self.take_bind_response(status, pdu),
            Some(Pending::Unbind) => self.close(EndReason::Unbound),
            Some(Pending::Enquiry) => {}
            Some(Pending::Message(ticket)) => {
                self.moved_at = now;
                let response = response_of(pdu);
                self.events.push_back(Event::Answered {
                    ticket,
                    status,
                    response,
                });
                self.answer_unbind();
                self.unbind_when_drained(now);
            }
            None => match self.window.take_late(sequence) {
                Some(ticket) => {
                    let response = response_of(pdu);
                    self.events.push_back(Event::AnsweredLate {
                        ticket,
                        status,
                        response,
                    });
                }
                None => self.note(None, frame, "nothing waits for this answer"),
            },
        }
    }

    fn take_bind_response(&mut self, status: CommandStatus, pdu: Pdu) {
        let (State::Binding(mode), true) = (self.state, status.is_ok()) else {
            return self.close(EndReason::BindRefused(status));
        };
        self.state = State::Bound(mode);
        self.until = None;
        let unnamed = BindResponse {
            mode,
            system_id: String::new(),
            interface_version: None,
        };
        self.events.push_back(Event::Bound(match pdu {
            Pdu::BindResponse(bound) => bound,
            _ => unnamed,
        }));
    }

    fn take_malformed(&mut self, malformed: Malformed, frame: &Frame, now: Duration) {
        if malformed.command_id & RESPONSE == 0 {
            return self.refuse(malformed.status, frame, &malformed.problem);
        }
        // Its header says what counts.
        self.note(None, frame, &malformed.problem);
        if let Some(pdu) = wire::empty(malformed.command_id) {
            let command = Command {
                status: frame.status,
                sequence: frame.sequence,
                pdu,
            };
            self.take_response(command, frame, now);
        }
    }

    fn take_no_frame(&mut self, error: FrameError) {
        let status = CommandStatus::INVALID_COMMAND_LENGTH;
        let (sequence, command_id) = match error {
            FrameError::TooLong {
                sequence, command_id, ..
            } => (sequence, command_id),
            FrameError::Broken { sequence, .. } => (sequence, 0),
        };
        self.say_plainly(status, sequence, Pdu::GenericNack);
        self.tell_refused(Event::Refused {
            status: Some(status),
            problem: error.to_string(),
            command_id,
            body: Bytes::new(),
        });
        if matches!(error, FrameError::Broken { .. }) {
            self.close(EndReason::NotSmpp);
        }
    }

    /// Answers a request that is not taken: by its own response where it has one, else by `generic_nack` (§4.3).
    fn refuse(&mut self, status: CommandStatus, frame: &Frame, problem: &str) {
        let response = match wire::empty(frame.command_id | RESPONSE) {
            Some(response) if status != CommandStatus::INVALID_COMMAND_ID => response,
            _ => Pdu::GenericNack,
        };
        self.say_plainly(status, frame.sequence, response);
        self.note(Some(status), frame, problem);
    }

    fn note(&mut self, status: Option<CommandStatus>, frame: &Frame, problem: &str) {
        self.tell_refused(Event::Refused {
            status,
            problem: problem.to_owned(),
            command_id: frame.command_id,
            body: frame.body.clone(),
        });
    }

    /// Who is not bound, and says little that may be said then, does not want to be.
    fn tell_refused(&mut self, refused: Event) {
        self.events.push_back(refused);
        if self.role == Role::Smsc && self.state == State::Open {
            self.refused += 1;
            if self.refused == MOST_REFUSED {
                self.close(EndReason::NotSmpp);
            }
        }
    }
}

/// Whether this may answer that: what could not be read is answered by `generic_nack`.
fn is_answer(pending: Pending, pdu: &Pdu) -> bool {
    match pdu {
        Pdu::GenericNack => true,
        Pdu::BindResponse(_) => pending == Pending::Bind,
        Pdu::UnbindResponse => pending == Pending::Unbind,
        Pdu::EnquireLinkResponse => pending == Pending::Enquiry,
        Pdu::MessageResponse(..) => matches!(pending, Pending::Message(_)),
        _ => false,
    }
}

fn response_of(pdu: Pdu) -> MessageResponse {
    match pdu {
        Pdu::MessageResponse(_, response) => response,
        _ => MessageResponse::default(),
    }
}
