//! Publishing: a batch goes to lanes, each of which sends in order and tells what became of every publication.

mod in_flight;
#[cfg(test)]
mod in_flight_tests;
mod lane;
mod publication;

pub use publication::{Publication, Published};

use super::keeper::Stage;
use super::options::{BusOptions, WAITING_KIB_MAX};
use super::session::Session;
use super::status::Status;
use lane::{Item, Lane, Owner};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot, watch};
use tokio::time::{Instant, timeout_at};

/// Where publications are handed in.
pub(super) struct Publisher {
    lanes: Vec<mpsc::UnboundedSender<Item>>,
    /// What bounds the lanes: every publication takes a place until it is answered.
    room: Arc<Semaphore>,
    status: watch::Receiver<Status>,
    answer_within: Duration,
}

impl Publisher {
    /// Starts the lanes.
    pub(super) fn start(
        options: &BusOptions,
        sessions: &watch::Receiver<Option<Arc<Session>>>,
        status: &watch::Receiver<Status>,
        stage: &watch::Receiver<Stage>,
    ) -> Self {
        let start_lane = |_| {
            let (sender, items) = mpsc::unbounded_channel();
            let lane = Lane::new(items, sessions.clone(), status.clone(), options.unconfirmed_max);
            tokio::spawn(lane.run(stage.clone()));
            sender
        };
        Self {
            lanes: (0..options.lanes.max(1)).map(start_lane).collect(),
            room: Arc::new(Semaphore::new(WAITING_KIB_MAX)),
            status: status.clone(),
            answer_within: options.answer_within,
        }
    }

    /// Publishes all, or, when this is dropped while there is no room yet, none. The answers are in the order of the
    /// publications.
    pub(super) async fn publish(&self, publications: Vec<Publication>) -> Vec<Published> {
        let deadline = Instant::now() + self.answer_within;
        let total = publications.iter().map(kib).fold(0, u32::saturating_add);
        let places = match self.places(total, deadline).await {
            Ok(places) => places,
            Err(published) => return vec![published; publications.len()],
        };
        let mut answers = Vec::with_capacity(publications.len());
        for word in self.hand_in(publications, places, deadline) {
            // A lane answers all it has before it ends.
            answers.push(word.await.unwrap_or_else(|_| closed()));
        }
        answers
    }

    async fn places(&self, kib: u32, deadline: Instant) -> Result<OwnedSemaphorePermit, Published> {
        if kib as usize > WAITING_KIB_MAX {
            return Err(Published::Refused(format!(
                "more than {WAITING_KIB_MAX} KiB at once, split it"
            )));
        }
        let places = self.room.clone().acquire_many_owned(kib);
        match timeout_at(deadline, places).await {
            Ok(Ok(places)) => Ok(places),
            Ok(Err(_)) => Err(closed()),
            Err(_) => Err(not_sent(&self.status.borrow())),
        }
    }

    /// Gives each to its lane, at once.
    fn hand_in(
        &self,
        publications: Vec<Publication>,
        mut places: OwnedSemaphorePermit,
        deadline: Instant,
    ) -> Vec<oneshot::Receiver<Published>> {
        let hand_in = |publication: Publication| {
            let (answer, word) = oneshot::channel();
            if let Some(problem) = publication.problem() {
                let _ = answer.send(Published::Refused(problem));
                return word;
            }
            let lane = &self.lanes[self.lane_of(&publication)];
            let place = places.split(kib(&publication) as usize);
            // One that has ended drops the answer, which is then that the bus is closed.
            let _ = lane.send(Item {
                publication,
                deadline,
                owner: Owner { answer, place },
            });
            word
        };
        publications.into_iter().map(hand_in).collect()
    }

    fn lane_of(&self, publication: &Publication) -> usize {
        let mut hasher = DefaultHasher::new();
        (&publication.exchange, &publication.routing_key).hash(&mut hasher);
        let lane = hasher.finish() % self.lanes.len() as u64;
        usize::try_from(lane).unwrap_or(0)
    }
}

/// The room it takes. Room is counted in 32 bits; a body is far smaller.
fn kib(publication: &Publication) -> u32 {
    u32::try_from(publication.body.len() / 1024 + 1).unwrap_or(u32::MAX)
}

/// What became of a publication that never left.
fn not_sent(status: &Status) -> Published {
    match status {
        Status::Blocked(_) => Published::Refused(status.to_string()),
        Status::Down(_) => Published::Unknown(status.to_string()),
        Status::Connected => Published::Unknown("the broker confirms too slowly, it was not sent in time".to_owned()),
    }
}

fn closed() -> Published {
    Published::Refused("the bus is closed".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    #[test]
    fn what_was_not_sent_is_refused_only_by_the_broker() {
        check(
            Status::Blocked("low on memory".to_owned()),
            true,
            "the broker is blocked: low on memory",
        );
        check(Status::Down("refused".to_owned()), false, "the broker is away: refused");
        check(
            Status::Connected,
            false,
            "the broker confirms too slowly, it was not sent in time",
        );
    }

    fn check(status: Status, is_refused: bool, text: &str) {
        let expected = match is_refused {
            true => Published::Refused(text.to_owned()),
            false => Published::Unknown(text.to_owned()),
        };
        assert_eq!(not_sent(&status), expected);
    }

    #[tokio::test]
    async fn what_finds_no_room_is_told_in_time_and_never_more_than_the_room() {
        let options = BusOptions {
            answer_within: Duration::from_millis(50),
            ..BusOptions::default()
        };
        let (_session, sessions) = watch::channel(None);
        let (_status, status) = watch::channel(Status::Down("gone".to_owned()));
        let (_stage, stage) = watch::channel(Stage::Open);
        let publisher = Publisher::start(&options, &sessions, &status, &stage);
        let body = Bytes::from(vec![0; 1000 * 1024]);
        let batch = |count: usize| {
            let publication = Publication {
                body: body.clone(),
                message_id: "1".to_owned(),
                ..Publication::default()
            };
            vec![publication; count]
        };
        let too_much = publisher.publish(batch(66)).await;
        assert_eq!(
            too_much[0],
            Published::Refused("more than 65536 KiB at once, split it".to_owned())
        );
        let (first, second) = tokio::join!(publisher.publish(batch(40)), publisher.publish(batch(40)));
        let away = Published::Unknown("the broker is away: gone".to_owned());
        assert_eq!([first, second], [vec![away.clone(); 40], vec![away; 40]]);
        assert_eq!(publisher.room.available_permits(), WAITING_KIB_MAX);
    }
}
