//! A person says with one keyword that they want no messages of an account any more, or its messages again.

use super::Job;
use super::answers::Plan;
use crate::directory::{AccountPolicy, ChannelEntry};
use crate::record::Status;
use crate::store::{Wish, Wished};
use crate::trace::Trail;

impl Job {
    /// What the message asks for, if it is nothing but one of its account's keywords. In a session it is an answer to a
    /// screen, whatever it says.
    pub(super) fn wish(&self, policy: &AccountPolicy) -> Option<Wish> {
        if self.message.session.is_some() {
            return None;
        }
        policy.wish(self.message.content.as_deref()?)
    }

    /// Notes what a person wants, with the account's confirmation, as one; no service learns of it.
    pub(super) async fn heed(&self, channel: &ChannelEntry, policy: &AccountPolicy, wish: Wish, mut trail: Trail) {
        let now = self.runtime.clock.now();
        let (done, reply) = match wish {
            Wish::OptOut => ("gets no messages of the account any more", &policy.opt_out_reply),
            Wish::OptIn => ("gets messages of the account again", &policy.opt_in_reply),
        };
        trail.note(now, "opt-out", format!("{} {done}", self.message.from.value()));
        let plan = reply
            .as_ref()
            .map(|reply| Plan::of_text(self, channel, reply.clone(), &mut trail));
        let mut commit = self.commit(None, Status::Handled, None, trail);
        commit.wished = Some(Wished {
            wish,
            address: self.message.from.clone(),
            message: Some(self.message.id.clone()),
        });
        commit.outbound = plan.iter().flat_map(|plan| plan.messages.clone()).collect();
        if self.store(commit).await.is_err() {
            return;
        }
        match plan {
            Some(plan) => {
                for answer in plan.answers(&self.message.id, now, self.lease) {
                    answer.go_on(&self.runtime).await;
                }
            }
            None => self.give_up("the account confirms no opt-outs").await,
        }
    }
}
