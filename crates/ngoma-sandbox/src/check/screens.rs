//! The texts of a service: screens that are too long, messages without a translation, letters that make messages dear.

use super::Finding;
use super::code::Sources;
use crate::describe::{Description, ScreenDescription};
use ngoma_message::text::{Encoding, measure, transliterate, ussd_limit};
use std::collections::{BTreeMap, BTreeSet};

/// More parts than these and a text is too long for an SMS.
const SMS_PARTS: usize = 3;
/// Up to this many different letters are a slip; more are a language of its own script.
const FEW_LETTERS: usize = 5;

/// Looks at every screen in every language.
pub fn check(description: &Description, sources: &Sources<'_>) -> Vec<Finding> {
    let mut findings = too_long(description, sources);
    findings.extend(untranslated(description, sources));
    findings.extend(dear(description, sources));
    findings
}

/// One finding a state, language and channel: for its longest page.
fn too_long(description: &Description, sources: &Sources<'_>) -> Vec<Finding> {
    let mut longest: BTreeMap<(&str, &str, &str), (usize, &ScreenDescription)> = BTreeMap::new();
    for screen in &description.screens {
        let by = excess(screen);
        if by > 0 {
            let key = (screen.state.as_str(), screen.language.as_str(), screen.channel.as_str());
            let kept = longest.entry(key).or_insert((by, screen));
            if by > kept.0 {
                *kept = (by, screen);
            }
        }
    }
    longest
        .into_values()
        .map(|(_, screen)| too_long_screen(screen, sources))
        .collect()
}

/// How many units more than the channel carries.
fn excess(screen: &ScreenDescription) -> usize {
    let measured = measure(&screen.text);
    match screen.channel.as_str() {
        "sms" => measured.segments.saturating_sub(SMS_PARTS),
        _ => measured.units.saturating_sub(screen.limit),
    }
}

fn too_long_screen(screen: &ScreenDescription, sources: &Sources<'_>) -> Finding {
    let ScreenDescription {
        state,
        language,
        channel,
        ..
    } = screen;
    let measured = measure(&screen.text);
    let page = if screen.page > 0 {
        format!(", page {}", screen.page + 1)
    } else {
        String::new()
    };
    let of = format!("the screen of \"{state}\" in {language}{page}");
    let place = sources.at_state(state);
    if channel == "sms" {
        let problem = format!("{of} takes {} SMS", measured.segments);
        return place.warning(
            problem,
            format!("shorten it to {SMS_PARTS} at most, or make a booklet of it"),
        );
    }
    let unit = match measured.encoding {
        Encoding::Gsm7 => "septets",
        Encoding::Ucs2 => "UCS-2 units",
    };
    let problem = format!(
        "{of} takes {} {unit} by {channel}, which shows {}",
        measured.units, screen.limit
    );
    let bare = ScreenDescription {
        text: without_placeholders(&screen.text, &screen.placeholders),
        ..screen.clone()
    };
    let advice = "shorten it, or use booklet or paginatedChoice";
    // What stands for the placeholders may be shorter than their names.
    if excess(&bare) > 0 {
        place.error(problem, advice)
    } else {
        place.warning(problem, advice)
    }
}

fn without_placeholders(text: &str, names: &[String]) -> String {
    names
        .iter()
        .fold(text.to_owned(), |text, name| text.replace(&format!("{{{name}}}"), ""))
}

/// One finding a message, with all the languages that lack it.
fn untranslated(description: &Description, sources: &Sources<'_>) -> Vec<Finding> {
    let mut languages: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for missing in &description.missing {
        languages.entry(&missing.message).or_default().insert(&missing.language);
    }
    let findings = languages.into_iter().map(|(message, languages)| {
        let languages = Vec::from_iter(languages).join(", ");
        let problem = format!("{message:?} has no translation into {languages}");
        sources
            .at_text(message)
            .warning(problem, "add it to the catalogue of that language")
    });
    findings.collect()
}

/// Texts in which a few letters outside the GSM alphabet make the whole text dearer or longer than a screen.
fn dear(description: &Description, sources: &Sources<'_>) -> Vec<Finding> {
    let mut seen = BTreeSet::new();
    let mut findings = Vec::new();
    for screen in &description.screens {
        let Some(jump) = Jump::of(&screen.text) else { continue };
        if !seen.insert((&screen.state, &screen.language, jump.letters.clone())) {
            continue;
        }
        let problem = format!(
            "the screen of \"{}\" in {} needs UCS-2 for {}: {} SMS instead of {}, {} units instead of {} septets",
            screen.state, screen.language, jump.letters, jump.after.0, jump.before.0, jump.after.1, jump.before.1
        );
        findings.push(sources.at_state(&screen.state).warning(problem, jump.advice));
    }
    findings
}

/// A text that a few letters make dearer.
#[derive(Debug, PartialEq, Eq)]
struct Jump {
    /// The letters.
    letters: String,
    /// How many SMS, and how many units, without them.
    before: (usize, usize),
    /// And with them.
    after: (usize, usize),
    advice: String,
}

impl Jump {
    fn of(text: &str) -> Option<Self> {
        let after = measure(text);
        if after.encoding == Encoding::Gsm7 {
            return None;
        }
        let plain = transliterate(text);
        let (letters, advice, text): (BTreeSet<char>, String, String) = if plain.left.is_empty() {
            let instead = plain.changed.iter().map(|(letter, instead)| match instead.as_str() {
                "" => format!("nothing for {}", shown(*letter)),
                instead => format!("{instead:?} for {}", shown(*letter)),
            });
            let advice = format!("write {}", instead.collect::<Vec<_>>().join(", "));
            (plain.changed.keys().copied().collect(), advice, plain.text)
        } else {
            let left = BTreeSet::from_iter(plain.left.iter().copied());
            let without: String = text.chars().filter(|letter| !left.contains(letter)).collect();
            (
                left,
                "leave them out, or write them in plain letters".to_owned(),
                transliterate(&without).text,
            )
        };
        let before = measure(&text);
        let is_dearer = after.segments > before.segments;
        let is_too_long_now = before.units <= ussd_limit(Encoding::Gsm7) && after.units > ussd_limit(Encoding::Ucs2);
        let is_few = letters.len() <= FEW_LETTERS && before.encoding == Encoding::Gsm7;
        (is_few && (is_dearer || is_too_long_now)).then(|| Self {
            letters: letters.into_iter().map(shown).collect::<Vec<_>>().join(", "),
            before: (before.segments, before.units),
            after: (after.segments, after.units),
            advice,
        })
    }
}

/// A letter between quotes; one that cannot be seen by its number.
fn shown(letter: char) -> String {
    if letter.is_whitespace()
        || letter.is_control()
        || !transliterate(&letter.to_string())
            .text
            .contains(|c: char| !c.is_whitespace())
    {
        format!("U+{:04X}", u32::from(letter))
    } else {
        format!("\"{letter}\"")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::describe::Missing;

    fn screen(channel: &str, text: &str, limit: usize, placeholders: &[&str]) -> ScreenDescription {
        ScreenDescription {
            state: "ask".into(),
            language: "fr".into(),
            channel: channel.into(),
            text: text.into(),
            limit,
            placeholders: placeholders.iter().map(|name| (*name).to_owned()).collect(),
            page: 0,
        }
    }

    fn check_screens(screens: Vec<ScreenDescription>, expected: &[&str]) {
        let description = Description {
            screens,
            ..Description::default()
        };
        let found = check(&description, &Sources::none("main.ts"));
        assert_eq!(found.iter().map(ToString::to_string).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn a_screen_that_is_too_long_is_found() {
        check_screens(
            vec![
                screen("ussd", &"a".repeat(182), 182, &[]),
                screen("sms", &"a".repeat(459), 160, &[]),
            ],
            &[],
        );
        check_screens(
            vec![
                screen("ussd", &"a".repeat(183), 182, &[]),
                screen("ussd", &"a".repeat(190), 182, &[]),
            ],
            &[
                "main.ts: the screen of \"ask\" in fr takes 190 septets by ussd, which shows 182 (shorten it, or use booklet or paginatedChoice)",
            ],
        );
        check_screens(
            vec![screen("sms", &"a".repeat(460), 160, &[])],
            &[
                "main.ts: warning: the screen of \"ask\" in fr takes 4 SMS (shorten it to 3 at most, or make a booklet of it)",
            ],
        );
    }

    #[test]
    fn what_stands_for_a_name_may_be_shorter_than_it() {
        let text = format!("{}{{name}}", "a".repeat(180));
        check_screens(
            vec![screen("ussd", &text, 182, &["name"])],
            &[
                "main.ts: warning: the screen of \"ask\" in fr takes 188 septets by ussd, which shows 182 (shorten it, or use booklet or paginatedChoice)",
            ],
        );
    }

    #[test]
    fn a_few_letters_that_cost_are_named() {
        let check = |text: &str, expected: Option<(&str, usize, usize, &str)>| {
            let jump = Jump::of(text);
            let found = jump
                .as_ref()
                .map(|jump| (jump.letters.as_str(), jump.before.0, jump.after.0, jump.advice.as_str()));
            assert_eq!(found, expected, "{text}");
        };
        check("plain", None);
        // Short: it costs nothing.
        check("Français", None);
        let long = "a".repeat(100);
        check(&format!("{long}ç"), Some(("\"ç\"", 1, 2, "write \"c\" for \"ç\"")));
        check(
            &format!("{long}’\u{A0}"),
            Some(("U+00A0, \"’\"", 1, 2, "write \" \" for U+00A0, \"'\" for \"’\"")),
        );
        check(
            &format!("{long}😀"),
            Some(("\"😀\"", 1, 2, "leave them out, or write them in plain letters")),
        );
        // Another script is what it is.
        check(&"ሰላም ለዓለም እንዴት ናችሁ ".repeat(10), None);
        // No more SMS, but more than a screen of USSD shows.
        check(
            &format!("{}ç", "a".repeat(165)),
            Some(("\"ç\"", 2, 3, "write \"c\" for \"ç\"")),
        );
    }

    #[test]
    fn a_message_is_named_once_with_the_languages_that_lack_it() {
        let missing = |language: &str, message: &str| Missing {
            language: language.into(),
            message: message.into(),
        };
        let description = Description {
            missing: vec![missing("zu", "Yes"), missing("fr", "Yes"), missing("fr", "No")],
            ..Description::default()
        };
        let found: Vec<String> = check(&description, &Sources::none("main.ts"))
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(
            found,
            [
                "main.ts: warning: \"No\" has no translation into fr (add it to the catalogue of that language)",
                "main.ts: warning: \"Yes\" has no translation into fr, zu (add it to the catalogue of that language)",
            ]
        );
    }
}
