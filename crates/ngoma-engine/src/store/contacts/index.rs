//! What contacts are found by: their addresses, and the words of their fields.

use crate::ports::contacts::{Contact, Searched};
use crate::store::sql::{Db, Insert, SqlError, args};
use std::collections::BTreeSet;

/// How many bytes of a word or an address are in an index, which takes no long ones.
const INDEXED_BYTES: usize = 128;

/// As much of a text as an index holds.
pub(super) fn cut(text: &str) -> &str {
    &text[..text.floor_char_boundary(INDEXED_BYTES)]
}

/// The rows that a contact is found by.
#[derive(Default, PartialEq)]
struct Rows {
    /// Field and address.
    addresses: BTreeSet<(String, String)>,
    /// Field and word.
    terms: BTreeSet<(String, String)>,
}

impl Rows {
    fn of(contact: &Contact) -> Self {
        let addresses = contact.addresses();
        let texts = contact.texts();
        let terms = texts.iter().flat_map(|(field, text)| {
            let words = text.split_whitespace();
            words.map(|word| (cut(field).to_owned(), cut(word).to_owned()))
        });
        Self {
            addresses: addresses
                .map(|(field, address)| (field.word().to_owned(), cut(address).to_owned()))
                .collect(),
            terms: terms.collect(),
        }
    }
}

/// Brings the rows from what a contact was, if it was there, to what it is.
pub(super) fn follow(db: &mut dyn Db, account: i64, before: Option<&Contact>, after: &Contact) -> Result<(), SqlError> {
    let (old, new) = (before.map(Rows::of).unwrap_or_default(), Rows::of(after));
    let key = &after.key;
    for (field, term) in old.terms.difference(&new.terms) {
        db.execute(
            "DELETE FROM contact_term WHERE account = ?1 AND field = ?2 AND term = ?3 AND contact = ?4",
            &args![account, field, term, key],
        )?;
    }
    let terms = Insert {
        into: "contact_term (account, field, term, contact)",
        columns: 4,
        tail: "ON CONFLICT DO NOTHING",
    };
    let added = new.terms.difference(&old.terms);
    let rows = added.map(|(field, term)| args![account, field, term, key].into());
    db.insert(terms, &rows.collect::<Vec<_>>())?;
    follow_addresses(db, account, before.map(|before| (before, &old)), (after, &new))
}

/// Their rows name the moment a contact was added too: it may change.
fn follow_addresses(
    db: &mut dyn Db,
    account: i64,
    before: Option<(&Contact, &Rows)>,
    (after, new): (&Contact, &Rows),
) -> Result<(), SqlError> {
    let has_stayed =
        |(before, old): &(&Contact, &Rows)| before.created_at == after.created_at && old.addresses == new.addresses;
    if before.as_ref().is_some_and(has_stayed) {
        return Ok(());
    }
    if let Some((before, old)) = before {
        for (field, address) in &old.addresses {
            db.execute(
                "DELETE FROM contact_address
                WHERE account = ?1 AND field = ?2 AND address = ?3 AND created_at = ?4 AND contact = ?5",
                &args![account, field, address, before.created_at, &before.key],
            )?;
        }
    }
    let addresses = Insert {
        into: "contact_address (account, field, address, created_at, contact)",
        columns: 5,
        tail: "ON CONFLICT DO NOTHING",
    };
    let rows = new.addresses.iter();
    let rows = rows.map(|(field, address)| args![account, field, address, after.created_at, &after.key].into());
    db.insert(addresses, &rows.collect::<Vec<_>>()).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_words_are_cut_between_letters() {
        assert_eq!(cut("short"), "short");
        assert_eq!(cut(&"é".repeat(100)), "é".repeat(64));
        assert_eq!(cut(&format!("a{}", "é".repeat(100))), format!("a{}", "é".repeat(63)));
    }
}
