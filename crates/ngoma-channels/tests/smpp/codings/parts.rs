//! Long texts as smpplib cuts them, and as we do.

use super::random::Chance;
use super::{Coder, octets};
use ngoma_message::text::gsm::ESCAPE;
use ngoma_message::text::header::{Concatenation, Reference, UserDataHeader};
use ngoma_message::text::{Coding, Cutting, Encoding};
use serde_json::{Value, json};

/// How many octets its header has: an 8-bit reference.
const HEADER: usize = 6;

/// A text cut: the data_coding, and the octets of each part, without their headers.
type Cut = (u64, Vec<Vec<u8>>);

/// As we cut it; of a text in several parts the headers too.
fn ours(text: &str, reference: u8) -> (Cut, Vec<Vec<u8>>) {
    let cut = Cutting::default().cut(text);
    let (coding, number) = match cut.encoding {
        Encoding::Gsm7 => (Coding::Gsm, 0),
        Encoding::Ucs2 => (Coding::Ucs2, 8),
    };
    let total = u8::try_from(cut.pieces.len()).expect("the texts are not so long");
    let octets = |piece: &&str| coding.encode(piece, cut.tables).expect("it was cut so");
    let header = |number| {
        let reference = Reference::Narrow(reference);
        let concatenation = Some(Concatenation {
            reference,
            total,
            number,
        });
        UserDataHeader {
            concatenation,
            ..UserDataHeader::default()
        }
        .encode()
    };
    let headers = if total == 1 {
        Vec::new()
    } else {
        (1..=total).map(header).collect()
    };
    ((number, cut.pieces.iter().map(octets).collect()), headers)
}

/// As smpplib does, in the same form, and the reference it chose.
fn theirs(said: &Value) -> (Cut, Vec<Vec<u8>>, u8) {
    let parts: Vec<Vec<u8>> = said["parts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|part| octets(part.as_str().unwrap()))
        .collect();
    let coding = said["coding"].as_u64().unwrap();
    if said["esm_class"] == json!(0) {
        return ((coding, parts), Vec::new(), 0);
    }
    assert_eq!(said["esm_class"], json!(0x40));
    let split = |part: &Vec<u8>| (part[..HEADER].to_vec(), part[HEADER..].to_vec());
    let (headers, texts): (Vec<_>, Vec<_>) = parts.iter().map(split).unzip();
    let reference = headers[0][3];
    ((coding, texts), headers, reference)
}

/// Whether an escape or half a surrogate pair ends a part: its author knows, and every phone shows it.
fn breaks_a_character((coding, parts): &Cut) -> bool {
    let (_, before) = parts.split_last().unwrap();
    before.iter().any(|part| match coding {
        0 => part.last() == Some(&ESCAPE),
        _ => part.len() >= 2 && (0xD8..0xDC).contains(&part[part.len() - 2]),
    })
}

/// Cuts texts both ways: equal where smpplib keeps characters whole, else ours are whole. How many it broke.
async fn check(coder: &mut Coder, texts: &[String]) -> usize {
    let said = coder.parts(texts).await;
    let mut broken = 0;
    for (text, said) in texts.iter().zip(&said) {
        let (their_cut, their_headers, reference) = theirs(said);
        let (our_cut, our_headers) = ours(text, reference);
        assert_eq!(our_cut.1.concat(), their_cut.1.concat(), "{text:?}");
        assert!(!breaks_a_character(&our_cut), "{text:?}");
        if breaks_a_character(&their_cut) {
            broken += 1;
            assert!(our_cut.1.len() >= their_cut.1.len(), "{text:?}");
        } else {
            assert_eq!(our_cut, their_cut, "{text:?}");
            assert_eq!(our_headers, their_headers, "{text:?}");
        }
    }
    broken
}

#[tokio::test]
async fn long_texts_are_cut_as_smpplib_cuts_them_with_the_same_headers() {
    let mut coder = Coder::python();
    let lengths = [
        0, 1, 69, 70, 71, 134, 135, 153, 159, 160, 161, 200, 306, 307, 459, 460, 1_000,
    ];
    let repeated = ["a", "@", "ç", "አ"]
        .into_iter()
        .flat_map(|text| lengths.map(|length| text.repeat(length)));
    let mut texts: Vec<String> = repeated.collect();
    let mut chance = Chance::new(0x23040);
    let plain: Vec<char> = "@£$¥èéùìòÇ\nØø_ΔΦ !\"#0123456789ABCabcäöñüà".chars().collect();
    texts.extend(chance.texts(200, 800, &plain));
    let other: Vec<char> = "abcçáőłשלוםአማርኛ日本".chars().collect();
    texts.extend(chance.texts(200, 400, &other));
    assert_eq!(check(&mut coder, &texts).await, 0);
}

#[tokio::test]
async fn smpplib_cuts_through_characters_of_two_units_and_we_do_not() {
    let mut coder = Coder::python();
    let mut chance = Chance::new(0x23041);
    let mut texts = chance.texts(200, 600, &"abc{}[]€".chars().collect::<Vec<_>>());
    texts.extend(chance.texts(200, 300, &"aç😀".chars().collect::<Vec<_>>()));
    let broken = check(&mut coder, &texts).await;
    assert!(broken > 20, "it was mended: {broken} of {}", texts.len());
    // Of 153 euros smpplib makes two parts and breaks the 77th; whole, they need three.
    let ((_, pieces), _) = ours(&"€".repeat(153), 0);
    assert_eq!(pieces.iter().map(Vec::len).collect::<Vec<_>>(), [152, 152, 2]);
}
