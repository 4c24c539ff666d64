//! Reads telephone numbers as people and gateways write them.

use super::Country;

/// E.164 allows 15 digits; no country has subscribers with fewer than these, calling code included.
const INTERNATIONAL_DIGITS: std::ops::RangeInclusive<usize> = 7..=15;

/// A number without a country, a plus or a prefix is taken as international from this length on; what is shorter may be a
/// short code.
const SHORTEST_BARE_NUMBER: usize = 8;

/// The E.164 form of a number; its digits alone when they are only a short code or a number of unknown country; or
/// nothing when this is not a number at all: a USSD code, a sender's name, something else.
pub(super) fn read(text: &str, country: Option<Country>) -> Option<String> {
    let (has_plus, digits) = digits_of(text)?;
    let international = match country {
        _ if has_plus => Some(international(&digits)?),
        None => without_country(&digits),
        Some(country) => after_international_prefix(&digits, country)
            .or_else(|| after_trunk_prefix(&digits, country))
            .or_else(|| bare(&digits, country)),
    };
    Some(international.unwrap_or(digits))
}

/// Whether a plus comes first, and the digits without what people put between them.
fn digits_of(text: &str) -> Option<(bool, String)> {
    let text = text.trim_start_matches(is_separator);
    let (has_plus, rest) = match text.strip_prefix('+') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let kept = || rest.chars().filter(|character| !is_separator(*character));
    let is_number = kept().next().is_some() && kept().all(|character| character.is_ascii_digit());
    is_number.then(|| (has_plus, kept().collect()))
}

/// Spaces, brackets and dashes, and the invisible marks that come along when a number is copied from a page or a contact.
fn is_separator(character: char) -> bool {
    let is_mark = matches!(character, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2069}');
    let is_dash = matches!(character, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}');
    character.is_whitespace() || is_mark || is_dash || matches!(character, '.' | '/' | '(' | ')' | '\u{FEFF}')
}

/// `27831234567` as E.164. A trunk zero that was left in (`+27 (0)83 123 4567`) goes, where the country has one.
fn international(digits: &str) -> Option<String> {
    if digits.starts_with('0') || !INTERNATIONAL_DIGITS.contains(&digits.len()) {
        return None;
    }
    let without_trunk = Country::of_number(digits).next().and_then(|country| {
        let national = digits.strip_prefix(country.calling_code())?;
        let rest = national.trim_start_matches('0');
        let is_trunk = country.trunk_prefix().starts_with('0') && rest.len() < national.len();
        (is_trunk && rest.len() >= country.shortest()).then(|| e164(country, rest))
    });
    Some(without_trunk.unwrap_or_else(|| format!("+{digits}")))
}

/// Gateways send international numbers without a plus; most of the world dials `00` before one.
fn without_country(digits: &str) -> Option<String> {
    match digits.strip_prefix("00") {
        Some(rest) => international(rest),
        None if digits.len() < SHORTEST_BARE_NUMBER => None,
        None => international(digits),
    }
}

/// `00` is understood everywhere beside the country's own prefix: people write it down so, whatever they dial.
fn after_international_prefix(digits: &str, country: Country) -> Option<String> {
    let own = country.international_prefix();
    // `810` and the like are also the beginning of national numbers, but those are shorter.
    let is_too_long = digits.len() > country.longest() + country.trunk_prefix().len();
    [own, "00"]
        .into_iter()
        .filter(|prefix| prefix.starts_with("00") || is_too_long)
        .filter_map(|prefix| digits.strip_prefix(prefix).map(|rest| (prefix, rest)))
        // A single 0 is too little to go by.
        .filter(|(prefix, rest)| *prefix != "0" || is_whole_number(rest))
        .find_map(|(_, rest)| international(rest))
}

/// `083 123 4567` in South Africa, `8 916 123 4567` in Russia.
fn after_trunk_prefix(digits: &str, country: Country) -> Option<String> {
    let trunk = country.trunk_prefix();
    let rest = digits.strip_prefix(trunk).filter(|_| !trunk.is_empty())?;
    // No national number begins with a trunk zero, but one may begin with the 8 or 1 that others use.
    let is_trunk = trunk.starts_with('0') || digits.len() > country.longest();
    let is_long_enough = rest.len() >= country.shortest() || digits.len() >= SHORTEST_BARE_NUMBER;
    let fits = is_long_enough && rest.len() <= country.longest() && !rest.starts_with('0');
    (is_trunk && fits).then(|| e164(country, rest))
}

/// Digits without any prefix: the country's own number, or an international one that came without its plus.
fn bare(digits: &str, country: Country) -> Option<String> {
    if is_own_international(digits, country) {
        return international(digits);
    }
    if is_national(digits, country) {
        return Some(e164(country, digits));
    }
    let is_too_long = digits.len() > country.longest() && digits.len() >= SHORTEST_BARE_NUMBER;
    (is_too_long && is_whole_number(digits))
        .then(|| international(digits))
        .flatten()
}

/// Whether these digits are some country's calling code and as many more as its numbers have.
fn is_whole_number(digits: &str) -> bool {
    Country::of_number(digits).any(|country| {
        let national = digits.len() - country.calling_code().len();
        (country.shortest()..=country.longest()).contains(&national)
    })
}

/// A number with the country's calling code that is too long to be national; or, where national numbers have a trunk
/// prefix and vary in length, one that is a whole number after the calling code.
fn is_own_international(digits: &str, country: Country) -> bool {
    let Some(rest) = digits.strip_prefix(country.calling_code()) else {
        return false;
    };
    let is_too_long = digits.len() > country.longest();
    let lacks_trunk = country.trunk_prefix().starts_with('0');
    rest.len() >= country.shortest() && (is_too_long || lacks_trunk)
}

fn is_national(digits: &str, country: Country) -> bool {
    let shortest = country.shortest().max(SHORTEST_BARE_NUMBER - 1);
    let lacks_nothing = !(country.trunk_prefix().starts_with('0') && digits.starts_with('0'));
    lacks_nothing && (shortest..=country.longest()).contains(&digits.len())
}

fn e164(country: Country, national: &str) -> String {
    format!("+{}{national}", country.calling_code())
}
