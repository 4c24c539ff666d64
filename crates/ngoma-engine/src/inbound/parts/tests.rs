//! Parts, placed as a store would place them.

use super::ending::{Ending, PATIENCE, end};
use super::*;
use proptest::prelude::*;
use proptest::sample::Index;
use std::collections::BTreeMap;

const LIMITS: PartLimits = PartLimits {
    groups: 3,
    bytes: 60,
    chars: 1000,
};

fn part(from: &str, reference: u16, total: u8, number: u8, text: &str) -> Part {
    let (from, to) = (Address::new("tel", from), Address::new("tel", "32323"));
    let key = PartKey {
        channel: 1,
        from,
        to,
        reference,
        total,
    };
    Part {
        key,
        number,
        text: text.to_owned(),
    }
}

/// Does what is said, as a store would.
#[derive(Default)]
struct Model {
    groups: BTreeMap<PartKey, Vec<HeldPart>>,
    handed_on: Vec<(PartKey, String)>,
    now: i64,
}

impl Model {
    fn waiting(&self, from: &Address) -> Waiting {
        let lacking = |(key, group): &(&PartKey, &Vec<HeldPart>)| key.from == *from && group.len() < key.total.into();
        let groups: Vec<_> = self.groups.iter().filter(lacking).collect();
        let bytes = groups
            .iter()
            .flat_map(|(_, group)| group.iter())
            .map(|part| part.text.len());
        Waiting {
            groups: groups.len(),
            bytes: bytes.sum(),
        }
    }

    fn take(&mut self, part: &Part, limits: &PartLimits) -> Placement {
        let group = self.groups.get(&part.key).cloned().unwrap_or_default();
        let placement = place(
            part,
            &Snapshot {
                group,
                waiting: self.waiting(&part.key.from),
            },
            limits,
        );
        match &placement {
            Placement::Duplicate | Placement::Refuse(_) => return placement,
            Placement::Hold => {}
            Placement::Complete(text) => self.handed_on.push((part.key.clone(), text.clone())),
            Placement::Anew(partial) => {
                self.groups.remove(&part.key);
                self.handed_on
                    .extend(partial.clone().map(|partial| (part.key.clone(), partial.text)));
            }
        }
        let group = self.groups.entry(part.key.clone()).or_default();
        group.retain(|held| held.number != part.number);
        let at = Timestamp::from_micros(self.now);
        group.push(HeldPart {
            number: part.number,
            text: part.text.clone(),
            at,
        });
        placement
    }

    fn end_all(&mut self) {
        let now = Timestamp::from_micros(self.now) + PATIENCE;
        for (key, group) in std::mem::take(&mut self.groups) {
            match end(key.total, &group, now) {
                Some(Ending::Partial(partial)) => self.handed_on.push((key, partial.text)),
                Some(Ending::Forgotten) => {}
                None => panic!("{key:?} stays"),
            }
        }
    }
}

#[test]
fn each_part_has_its_place() {
    let mut model = Model::default();
    let mut check = |total, number, text: &str, expected: Placement| {
        assert_eq!(
            model.take(&part("+1", 7, total, number, text), &LIMITS),
            expected,
            "{number} of {total} {text}"
        );
    };
    let partial = |text: &str, missing: &[u8]| {
        Some(Partial {
            text: text.to_owned(),
            missing: missing.to_vec(),
        })
    };
    check(3, 3, "c", Placement::Hold);
    check(3, 1, "a", Placement::Hold);
    check(3, 1, "a", Placement::Duplicate);
    check(3, 2, "b", Placement::Complete("abc".to_owned()));
    check(3, 2, "b", Placement::Duplicate);
    check(3, 1, "d", Placement::Anew(None));
    check(3, 3, "f", Placement::Hold);
    check(3, 3, "g", Placement::Anew(partial("df", &[2])));
    check(1, 1, "x", Placement::Complete("x".to_owned()));
    check(1, 1, "x", Placement::Duplicate);
    check(1, 1, "y", Placement::Complete("y".to_owned()));
    check(2, 1, "", Placement::Hold);
    check(2, 2, "", Placement::Complete(String::new()));
}

#[test]
fn a_sender_has_so_much_waiting_and_what_completes_a_text_is_always_taken() {
    let mut model = Model::default();
    let mut check = |from: &str, reference, number, bytes, expected: Placement| {
        let part = part(from, reference, 2, number, &"x".repeat(bytes));
        assert_eq!(model.take(&part, &LIMITS), expected, "{from} {reference} {number}");
    };
    check("+1", 1, 1, 20, Placement::Hold);
    check("+1", 2, 1, 41, Placement::Refuse(Refusal::Bytes(20)));
    check("+1", 2, 1, 40, Placement::Hold);
    check("+1", 3, 1, 0, Placement::Hold);
    check("+1", 4, 1, 0, Placement::Refuse(Refusal::Groups(3)));
    check("+2", 4, 1, 60, Placement::Hold);
    check("+1", 2, 1, 41, Placement::Refuse(Refusal::Bytes(20)));
    check("+1", 1, 2, 90, Placement::Complete("x".repeat(110)));
}

/// Places from 1 to the total, in any order, each once, and some again.
fn arrivals() -> impl Strategy<Value = (Vec<String>, Vec<usize>)> {
    prop::collection::vec(".{0,4}", 1..40).prop_flat_map(|texts| {
        let twice: Vec<usize> = (0..texts.len()).chain(0..texts.len()).collect();
        (Just(texts), Just(twice).prop_shuffle())
    })
}

proptest! {
    #[test]
    fn any_order_with_duplicates_gives_each_senders_text_once(
        ours in arrivals(),
        theirs in arrivals(),
        turns in prop::collection::vec(any::<bool>(), 160),
    ) {
        let mut model = Model::default();
        let mut senders = [("+1", &ours.0, ours.1.iter()), ("+2", &theirs.0, theirs.1.iter())];
        for turn in turns {
            let (from, texts, order) = &mut senders[usize::from(turn)];
            if let Some(place) = order.next() {
                let part = part(from, 1, texts.len() as u8, *place as u8 + 1, &texts[*place]);
                model.take(&part, &PartLimits::default());
            }
        }
        for (from, texts, order) in senders {
            let given = model.handed_on.iter().filter(|(key, _)| key.from.value() == from);
            let given: Vec<&String> = given.map(|(_, text)| text).collect();
            let has_all = order.len() == 0;
            prop_assert!(given.len() <= 1 && (!has_all || given == [&texts.concat()]));
        }
    }

    #[test]
    fn whatever_is_taken_is_handed_on_and_a_sender_never_has_more_waiting_than_the_limits(
        parts in prop::collection::vec((0_u16..6, 1_u8..4, any::<Index>(), "[ab]{0,30}"), 1..80),
    ) {
        let mut model = Model::default();
        let mut taken = 0;
        for (reference, total, number, text) in parts {
            model.now += 1;
            let part = part("+1", reference, total, number.index(total.into()) as u8 + 1, &text);
            let placement = model.take(&part, &LIMITS);
            if !matches!(placement, Placement::Duplicate | Placement::Refuse(_)) {
                taken += text.len();
            }
            let waiting = model.waiting(&part.key.from);
            prop_assert!(waiting.groups <= LIMITS.groups && waiting.bytes <= LIMITS.bytes);
        }
        model.end_all();
        prop_assert_eq!(model.handed_on.iter().map(|(_, text)| text.len()).sum::<usize>(), taken);
    }
}

#[test]
fn a_bomb_of_255_parts_is_bounded() {
    let (mut model, limits) = (Model::default(), PartLimits::default());
    let text = "x".repeat(459);
    for number in (1..=254).rev() {
        for reference in 0..20 {
            model.take(&part("+1", reference, 255, number, &text), &limits);
        }
    }
    let waiting = model.waiting(&Address::new("tel", "+1"));
    assert!(
        waiting.groups == limits.groups && waiting.bytes <= limits.bytes,
        "{waiting:?}"
    );
    assert!(model.handed_on.is_empty());
}
