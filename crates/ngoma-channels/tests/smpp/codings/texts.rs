//! Texts by chance, from us to them and from them to us.

use super::Coder;
use super::random::Chance;
use ngoma_message::text::Coding;
use ngoma_message::text::gsm::{self, ESCAPE, Tables};

/// The characters of the default alphabet and its extension table.
fn alphabet() -> Vec<char> {
    let of_all = (0..128).flat_map(|septet| [vec![septet], vec![ESCAPE, septet]]);
    let mut alphabet: Vec<char> = of_all
        .flat_map(|septets| gsm::decode(&septets).chars().collect::<Vec<_>>())
        .collect();
    alphabet.sort_unstable();
    alphabet.dedup();
    assert_eq!(alphabet.len(), 127 + 10);
    alphabet
}

/// Checks that both sides write these texts alike, and that each reads what the other wrote.
async fn check(coder: &mut Coder, name: &str, coding: Coding, texts: &[String]) {
    let ours: Vec<Option<Vec<u8>>> = texts
        .iter()
        .map(|text| coding.encode(text, Tables::default()))
        .collect();
    let theirs = coder.encode(name, texts).await;
    assert_eq!(theirs, ours, "{name}");
    let written: Vec<Vec<u8>> = ours.into_iter().flatten().collect();
    let whole: Vec<String> = written
        .iter()
        .map(|octets| coding.decode(octets, Tables::default(), 0))
        .collect();
    let wanted = texts
        .iter()
        .filter(|text| coding.encode(text, Tables::default()).is_some());
    assert!(whole.iter().eq(wanted), "{name}: we read otherwise than was written");
    // smpplib cannot read GSM texts.
    if name != "smpplib" {
        let read: Vec<String> = coder
            .decode(name, &written)
            .await
            .into_iter()
            .map(Option::unwrap)
            .collect();
        assert_eq!(read, whole, "{name}");
    }
}

#[tokio::test]
async fn gsm_texts_are_written_and_read_alike_both_ways() {
    let (mut python, mut node) = (Coder::python(), Coder::node());
    let all = alphabet();
    // What smpplib has otherwise.
    let without: Vec<char> = all
        .iter()
        .copied()
        .filter(|character| !"§\u{0C}".contains(*character))
        .collect();
    let mut chance = Chance::new(0x0338);
    for (name, characters) in [("gsm0338", &all), ("jasmin", &all), ("smpplib", &without)] {
        let texts = chance.texts(500, 300, characters);
        check(&mut python, name, Coding::Gsm, &texts).await;
        // A character that none has makes the whole text refused, wherever it stands.
        let others: Vec<char> = characters.iter().copied().chain("çŵ’…አ😀\t".chars()).collect();
        let texts = chance.texts(500, 30, &others);
        check(&mut python, name, Coding::Gsm, &texts).await;
    }
    check(&mut node, "npm", Coding::Gsm, &chance.texts(500, 300, &all)).await;
}

#[tokio::test]
async fn latin1_and_ucs2_texts_are_written_and_read_alike_both_ways() {
    let latin1: Vec<char> = ('\0'..='\u{FF}').collect();
    let planes = [('\0', '\u{2FFF}'), ('\u{E000}', '\u{FFFF}'), ('\u{1F300}', '\u{1F6FF}')];
    let any: Vec<char> = planes.into_iter().flat_map(|(first, last)| first..=last).collect();
    let mut chance = Chance::new(0x8859);
    for mut coder in [Coder::python(), Coder::node()] {
        check(&mut coder, "latin1", Coding::Latin1, &chance.texts(300, 200, &latin1)).await;
        check(&mut coder, "ucs2", Coding::Ucs2, &chance.texts(300, 200, &any)).await;
    }
    // Beyond Latin-1, Python refuses as we do; npm's writes a question mark.
    check(
        &mut Coder::python(),
        "latin1",
        Coding::Latin1,
        &chance.texts(300, 3, &any[..0x140]),
    )
    .await;
    let written = Coder::node().encode("latin1", &["5 €".to_owned()]).await;
    assert_eq!(written, [Some(b"5 ?".to_vec())]);
    assert_eq!(Coding::Latin1.encode("5 €", Tables::default()), None);
}
