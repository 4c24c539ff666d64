//! F8: a long text of a person comes in parts, and its service sees one message.

use crate::line::{Line, text};
use crate::world::{World, soon};
use ngoma_engine::channel::{Inbound, PartHeader, ReceiveError, Received};
use std::time::Duration;

const DAY: Duration = Duration::from_secs(24 * 3600);

async fn take(line: &Line, from: &str, total: u8, number: u8, content: &str) -> Result<Received, ReceiveError> {
    let part = Inbound {
        provider_id: None,
        part: PartHeader::new(7, total, number),
        ..text(from, content)
    };
    line.receive(part).await
}

/// F9 too: what was answered is there after the process has ended.
#[tokio::test]
async fn a_long_text_reaches_its_service_whole_wherever_the_process_ends() {
    let mut world = World::new().await;
    for (number, content) in [(3, "part"), (1, "one "), (1, "one ")] {
        let line = world.line("demo/sms");
        assert_eq!(take(&line, "+1", 3, number, content).await, Ok(Received::Held));
        world.restart().await;
    }
    let line = world.line("demo/sms");
    assert_eq!(take(&line, "+2", 3, 2, "another's ").await, Ok(Received::Held));
    assert_eq!(take(&line, "+1", 3, 2, "more ").await, Ok(Received::Stored));
    assert_eq!(soon(line.next_sent()).await.content, "1 - one more part");
    world
        .check_story("+1", &["in handled one more part", "out sent 1 - one more part"])
        .await;
    let whole = world.thread("demo", "+1").await[0].id.clone();
    world.has_traced(&whole, "parts: put together from 3 parts").await;
    world.restart().await;
    let again = take(&world.line("demo/sms"), "+1", 3, 2, "more ").await;
    assert_eq!(again, Ok(Received::Duplicate(whole)));
    assert!(world.story("+2").await.is_empty());
}

#[tokio::test]
async fn a_text_whose_parts_do_not_all_come_is_handed_on_after_a_day_and_says_so() {
    let world = World::new().await;
    let line = world.line("demo/sms");
    take(&line, "+1", 3, 1, "one ").await.unwrap();
    take(&line, "+1", 3, 3, "three").await.unwrap();
    world.advance(DAY - Duration::from_secs(1));
    assert_eq!(world.engine().end_held_texts().await, Ok(0));
    world.advance(Duration::from_secs(1));
    assert_eq!(world.engine().end_held_texts().await, Ok(1));
    assert_eq!(soon(line.next_sent()).await.content, "1 - one three");
    assert_eq!(world.engine().end_held_texts().await, Ok(0));
    let seen = world.script.seen.lock().unwrap()[0].clone();
    let parts = serde_json::json!({ "total": 3, "missing": [2] });
    assert_eq!(seen["transport_metadata"]["parts"], parts);
    let id = world.thread("demo", "+1").await[0].id.clone();
    world.has_traced(&id, "parts: 2 of 3 parts").await;
}

/// What is no part of its total is a text, and what is too long is cut.
#[tokio::test]
async fn odd_parts_are_taken_within_bounds() {
    let world = World::new().await;
    let line = world.line("demo/sms");
    assert_eq!(take(&line, "+1", 2, 3, "odd").await, Ok(Received::Stored));
    assert_eq!(soon(line.next_sent()).await.content, "1 - odd");
    let long = "x".repeat(15_000);
    take(&line, "+2", 2, 1, &long).await.unwrap();
    take(&line, "+2", 2, 2, &long).await.unwrap();
    assert_eq!(soon(line.next_sent()).await.content.len(), "2 - ".len() + 20_000);
    let id = world.thread("demo", "+2").await[0].id.clone();
    world.has_traced(&id, "text cut from 30000 to 20000 characters").await;
    let mut refused = 0;
    for total in 2..=20 {
        match take(&line, "+3", total, 1, "bomb").await {
            Ok(taken) => assert_eq!(taken, Received::Held),
            Err(error) => {
                assert!(matches!(error, ReceiveError::Unavailable(_)), "{error}");
                refused += 1;
            }
        }
    }
    assert_eq!(refused, 3, "16 wait");
}
