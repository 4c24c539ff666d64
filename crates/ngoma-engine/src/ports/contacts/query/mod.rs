//! What contacts and groups are searched by: as much of Lucene's syntax as services use, read as Riak's search read it.
//!
//! `name:Thandi AND (groups:g1 OR extras-town:"New Town") AND NOT msisdn:+2783*`. Words next to each other mean OR; a
//! word finds every field that has it among its words, in the same case.

mod read;

pub use read::QueryError;

use super::contact::{Searched, words};
use std::borrow::Cow;

/// A query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Query {
    /// `*:*`: whoever there is.
    Everything,
    /// `field:…`.
    Term {
        /// The field.
        field: String,
        /// What it must hold.
        term: Term,
    },
    /// Each of these.
    AllOf(Vec<Query>),
    /// Any of these; of none, nobody.
    AnyOf(Vec<Query>),
    /// Not this.
    Not(Box<Query>),
}

/// What a field must hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Term {
    /// A word.
    Word(String),
    /// A word that begins so.
    Prefix(String),
    /// Several words, one after the other.
    Phrase(Vec<String>),
    /// Anything.
    Anything,
}

impl Query {
    /// Reads a query.
    pub fn parse(text: &str) -> Result<Self, QueryError> {
        read::read(text)
    }

    /// The query for one word in one field.
    pub fn word(field: &str, word: &str) -> Self {
        Self::Term {
            field: field.to_owned(),
            term: Term::Word(word.to_owned()),
        }
    }

    /// Whether it finds this.
    pub fn finds(&self, searched: &impl Searched) -> bool {
        self.matches(&searched.texts())
    }

    fn matches(&self, texts: &[(Cow<'_, str>, Cow<'_, str>)]) -> bool {
        match self {
            Self::Everything => true,
            Self::Term { field, term } => texts.iter().any(|(name, text)| name == field && term.is_in(text)),
            Self::AllOf(parts) => parts.iter().all(|part| part.matches(texts)),
            Self::AnyOf(parts) => parts.iter().any(|part| part.matches(texts)),
            Self::Not(part) => !part.matches(texts),
        }
    }
}

impl Term {
    fn is_in(&self, text: &str) -> bool {
        match self {
            Self::Word(word) => words(text).any(|held| held == word),
            Self::Prefix(prefix) => words(text).any(|held| held.starts_with(prefix.as_str())),
            Self::Phrase(phrase) => {
                let held: Vec<&str> = words(text).collect();
                !phrase.is_empty() && held.windows(phrase.len()).any(|part| part == phrase.as_slice())
            }
            Self::Anything => words(text).next().is_some(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::contacts::{Contact, Field};
    use ngoma_message::Timestamp;

    fn thandi() -> Contact {
        let mut contact = Contact::new("k", Timestamp::parse("2026-11-24 08:00:00").unwrap());
        let fields = [(Field::Name, "Thandi Grace"), (Field::Msisdn, "+27831234567")];
        contact.fields = fields.map(|(field, value)| (field, value.to_owned())).into();
        contact.groups = vec!["g1".into(), "g2".into()];
        contact.extra.insert("town".into(), "New Town North".into());
        contact.subscription.insert("news".into(), "1".into());
        contact
    }

    #[test]
    fn a_query_finds_whom_it_tells_of() {
        for (query, expected) in [
            ("name:Thandi", true),
            ("name:Grace", true),
            ("name:thandi", false),
            ("name:Than", false),
            ("name:Than*", true),
            ("name:*", true),
            ("surname:*", false),
            ("*:*", true),
            ("name:\"Thandi Grace\"", true),
            ("name:\"Grace Thandi\"", false),
            ("name:\"\"", false),
            ("extras-town:'Town North'", true),
            ("extras-town:'New North'", false),
            ("msisdn:+27831234567", true),
            ("msisdn:\\+2783*", true),
            ("msisdn:\"+27831234567\"", true),
            ("groups:g2", true),
            ("groups:g3", false),
            ("subscription-news:1", true),
            ("created_at:2026-11-24", true),
            ("name:Thandi AND groups:g1", true),
            ("name:Thandi AND groups:g3", false),
            ("name:Anna OR groups:g1", true),
            ("name:Anna groups:g1", true),
            ("NOT name:Anna", true),
            ("-name:Thandi", false),
            ("name:Thandi NOT groups:g1", false),
            ("name:Thandi AND NOT (groups:g3 OR groups:g4)", true),
            ("name:(Anna OR Thandi)", true),
            ("name:(Anna AND Thandi)", false),
            ("name:Anna AND groups:g1 OR groups:g2", true),
            ("name:Anna AND (groups:g1 OR groups:g2)", false),
        ] {
            let read = Query::parse(query).unwrap_or_else(|error| panic!("{query}: {error}"));
            assert_eq!(read.finds(&thandi()), expected, "{query}");
        }
    }
}
