//! A query over contacts as SQL. The index gives those who may be meant, the rarest term first; what it cannot tell (phrases,
//! long words) is then looked for in each of them.

use super::{contact_of, index};
use crate::ports::contacts::{Contact, Query, Term, too_wide};
use crate::store::sql::{Db, Param, SqlError};

/// How many contacts are read at once.
const PAGE: usize = 200;
/// Sorts behind every letter.
const LAST: char = char::MAX;
/// How far the contacts of a word are counted, to see which word of several is the rarest.
const RARE: usize = 2_000;
/// How many rows of the index a prefix may stand for: they are brought together before the first is given.
const RANGE: usize = 200_000;
/// The parameter behind whose key is searched; the account is the first.
const BEHIND: usize = 2;

/// The keys of those a query finds, in their order, at most `limit`.
pub(super) fn keys(
    db: &mut dyn Db,
    account: i64,
    query: &Query,
    limit: usize,
    looks: usize,
) -> Result<Vec<String>, SqlError> {
    let wanted = Wanted::by(db, account, query)?;
    if wanted.is_exact {
        let rows = db.query(&wanted.keys(), &wanted.params("", limit))?;
        return rows.iter().map(|row| row.get(0)).collect();
    }
    let mut found = Vec::new();
    look_through(db, query, &wanted, looks, |contact| {
        if found.len() < limit {
            found.push(contact.key);
        }
        found.len() < limit
    })?;
    Ok(found)
}

/// How many a query finds.
pub(super) fn count(db: &mut dyn Db, account: i64, query: &Query, looks: usize) -> Result<u64, SqlError> {
    let wanted = Wanted::by(db, account, query)?;
    let mut count = 0;
    if wanted.is_exact {
        let all = format!("SELECT count(*) FROM ({}) AS k", wanted.keys());
        let counted = db.number(&all, &wanted.params("", usize::MAX))?;
        return Ok(u64::try_from(counted).unwrap_or(0));
    }
    look_through(db, query, &wanted, looks, |_| {
        count += 1;
        true
    })?;
    Ok(count)
}

/// Gives every contact found, by key, while more are wanted.
fn look_through(
    db: &mut dyn Db,
    query: &Query,
    wanted: &Wanted,
    looks: usize,
    mut give: impl FnMut(Contact) -> bool,
) -> Result<(), SqlError> {
    // The contacts are joined in this order on SQLite, which so reads those of a page only.
    let page = format!(
        "SELECT c.data, c.key FROM ({}) AS k CROSS JOIN contact AS c WHERE c.account = ?1 AND c.key = k.key ORDER BY c.key",
        wanted.keys()
    );
    let mut behind = String::new();
    for _ in 0..looks.div_ceil(PAGE) {
        let rows = db.query(&page, &wanted.params(&behind, PAGE))?;
        for row in &rows {
            let contact = contact_of(row, 0)?;
            if query.finds(&contact) && !give(contact) {
                return Ok(());
            }
        }
        behind = match rows.last() {
            Some(last) if rows.len() == PAGE => last.get(1)?,
            _ => return Ok(()),
        };
    }
    Err(SqlError::Refused(too_wide()))
}

/// Where a query's contacts are among: all that it finds; when it is exact, nobody else.
struct Wanted {
    /// A query of the index that gives keys, if a term leads; else all contacts are gone through.
    lead: Option<String>,
    /// What else must hold of a key.
    rest: String,
    is_exact: bool,
    params: Vec<Param<'static>>,
}

impl Wanted {
    fn by(db: &mut dyn Db, account: i64, query: &Query) -> Result<Self, SqlError> {
        check_ranges(db, account, query)?;
        let parts = match query {
            Query::AllOf(parts) => parts.as_slice(),
            one => std::slice::from_ref(one),
        };
        let mut lead = None;
        for (at, part) in parts.iter().enumerate() {
            let cost = cost(db, account, part)?;
            lead = lead.into_iter().chain(cost.map(|cost| (cost, at))).min();
        }
        Ok(Self::of(account, parts, lead.map(|(_, at)| at)))
    }

    /// With the part that leads, by its place.
    fn of(account: i64, parts: &[Query], lead: Option<usize>) -> Self {
        let mut wanted = Self {
            lead: None,
            rest: String::new(),
            is_exact: true,
            params: vec![account.into(), Param::Null],
        };
        wanted.lead = lead.map(|at| wanted.leading(&parts[at]));
        let key = if lead.is_some() { "d.contact" } else { "c.key" };
        let is_done = |at: usize| Some(at) == lead && matches!(&parts[at], Query::Term { term, .. } if is_whole(term));
        let rest = parts.iter().enumerate().filter(|(at, _)| !is_done(*at));
        let rest: Vec<&Query> = rest.map(|(_, part)| part).collect();
        (wanted.rest, wanted.is_exact) = wanted.joined(rest, " AND ", "TRUE", key);
        // A part that leads and was cut has more contacts than are meant.
        wanted.is_exact &= lead.is_none_or(|at| is_exact(&parts[at]));
        wanted
    }

    /// The query that gives the keys, in their order.
    fn keys(&self) -> String {
        let (rest, limit) = (&self.rest, self.params.len() + 1);
        match &self.lead {
            Some(lead) => {
                format!("SELECT d.contact AS key FROM ({lead}) AS d WHERE {rest} ORDER BY d.contact LIMIT ?{limit}")
            }
            None => format!(
                "SELECT c.key AS key FROM contact AS c WHERE c.account = ?1 AND c.key > ?{BEHIND} AND {rest}
                ORDER BY c.key LIMIT ?{limit}"
            ),
        }
    }

    fn params(&self, behind: &str, limit: usize) -> Vec<Param<'static>> {
        let mut params = self.params.clone();
        params[BEHIND - 1] = behind.to_owned().into();
        params.push(limit.into());
        params
    }

    /// Rows of the index: everyone a part finds is among them.
    fn leading(&mut self, part: &Query) -> String {
        match part {
            Query::Term { field, term } => {
                let (first, several) = match term {
                    Term::Phrase(words) => (Term::Word(words.first().cloned().unwrap_or_default()), ""),
                    Term::Word(_) => (term.clone(), ""),
                    Term::Prefix(_) | Term::Anything => (term.clone(), "DISTINCT "),
                };
                let rows = self.rows(field, &first);
                format!("SELECT {several}contact FROM contact_term WHERE {rows} AND contact > ?{BEHIND}")
            }
            Query::AnyOf(parts) => {
                let parts: Vec<String> = parts.iter().map(|part| self.leading(part)).collect();
                parts.join(" UNION ")
            }
            Query::AllOf(parts) => {
                let first = parts.iter().find(|part| may_lead(part)).map(|part| self.leading(part));
                first.unwrap_or_default()
            }
            Query::Everything | Query::Not(_) => String::new(),
        }
    }

    /// What holds of a key, and whether for nobody else.
    fn condition(&mut self, query: &Query, key: &str) -> (String, bool) {
        match query {
            Query::Everything => ("TRUE".to_owned(), true),
            Query::Term { field, term } => self.term(field, term, key),
            Query::AllOf(parts) => self.joined(parts, " AND ", "TRUE", key),
            Query::AnyOf(parts) => self.joined(parts, " OR ", "FALSE", key),
            Query::Not(part) => {
                let before = self.params.len();
                match self.condition(part, key) {
                    (sql, true) => (format!("NOT {sql}"), true),
                    // Who is among those that may be meant need not be meant.
                    (_, false) => {
                        self.params.truncate(before);
                        ("TRUE".to_owned(), false)
                    }
                }
            }
        }
    }

    fn joined<'a>(
        &mut self,
        parts: impl IntoIterator<Item = &'a Query>,
        by: &str,
        of_none: &str,
        key: &str,
    ) -> (String, bool) {
        let parts = parts.into_iter().map(|part| self.condition(part, key));
        let (parts, are_exact): (Vec<String>, Vec<bool>) = parts.unzip();
        match parts.is_empty() {
            true => (of_none.to_owned(), true),
            false => (
                format!("({})", parts.join(by)),
                are_exact.into_iter().all(|is_exact| is_exact),
            ),
        }
    }

    fn term(&mut self, field: &str, term: &Term, key: &str) -> (String, bool) {
        if let Term::Phrase(words) = term {
            let words: Vec<Query> = words.iter().map(|word| Query::word(field, word)).collect();
            return (self.joined(&words, " AND ", "FALSE", key).0, false);
        }
        let rows = self.rows(field, term);
        let sql = match term {
            Term::Word(_) => format!("EXISTS (SELECT 1 FROM contact_term WHERE {rows} AND contact = {key})"),
            // Their rows are brought together once, not for each contact.
            _ => format!("{key} IN (SELECT contact FROM contact_term WHERE {rows})"),
        };
        (sql, is_exact_term(field, term))
    }

    /// The rows of the index for a term; what is cut there has more of them.
    fn rows(&mut self, field: &str, term: &Term) -> String {
        let field = self.param(index::cut(field).to_owned());
        let term = match term {
            Term::Word(word) => format!(" AND term = ?{}", self.param(index::cut(word).to_owned())),
            Term::Prefix(prefix) => {
                let prefix = index::cut(prefix);
                let (first, last) = (self.param(prefix.to_owned()), self.param(format!("{prefix}{LAST}")));
                format!(" AND term >= ?{first} AND term <= ?{last}")
            }
            Term::Anything | Term::Phrase(_) => String::new(),
        };
        format!("account = ?1 AND field = ?{field}{term}")
    }

    /// The number of a parameter that holds this.
    fn param(&mut self, value: String) -> usize {
        self.params.push(value.into());
        self.params.len()
    }
}

/// How many rows of the index there are about, when a part leads; nothing when it cannot.
fn cost(db: &mut dyn Db, account: i64, part: &Query) -> Result<Option<i64>, SqlError> {
    match part {
        Query::Term { field, term } => match term {
            Term::Word(word) => rows_of(db, account, field, &Term::Word(word.clone()), RARE).map(Some),
            Term::Prefix(_) | Term::Anything => rows_of(db, account, field, term, RANGE).map(Some),
            Term::Phrase(words) => match words.first() {
                Some(first) => rows_of(db, account, field, &Term::Word(first.clone()), RARE).map(Some),
                None => Ok(None),
            },
        },
        Query::AnyOf(parts) if may_lead(part) => {
            let costs = parts.iter().map(|part| cost(db, account, part));
            let costs = costs.collect::<Result<Vec<_>, _>>()?;
            Ok(Some(costs.into_iter().flatten().sum()))
        }
        Query::AllOf(parts) => match parts.iter().find(|part| may_lead(part)) {
            Some(first) => cost(db, account, first),
            None => Ok(None),
        },
        Query::AnyOf(_) | Query::Everything | Query::Not(_) => Ok(None),
    }
}

/// Whether the index has rows for everyone a part finds.
fn may_lead(part: &Query) -> bool {
    match part {
        Query::Term { term, .. } => !matches!(term, Term::Phrase(words) if words.is_empty()),
        Query::AnyOf(parts) => !parts.is_empty() && parts.iter().all(may_lead),
        Query::AllOf(parts) => parts.iter().any(may_lead),
        Query::Everything | Query::Not(_) => false,
    }
}

/// Whether the rows of a term are all there is to say of it.
fn is_whole(term: &Term) -> bool {
    !matches!(term, Term::Phrase(_))
}

/// Whether the index tells all of a part that leads alone; others are asked for again.
fn is_exact(part: &Query) -> bool {
    match part {
        Query::Term { field, term } => is_whole(term) && is_exact_term(field, term),
        _ => true,
    }
}

fn is_exact_term(field: &str, term: &Term) -> bool {
    let is_held = |text: &str| index::cut(text) == text;
    is_held(field)
        && match term {
            Term::Word(text) | Term::Prefix(text) => is_held(text),
            Term::Anything => true,
            Term::Phrase(_) => false,
        }
}

/// Refuses prefixes of too many rows.
fn check_ranges(db: &mut dyn Db, account: i64, query: &Query) -> Result<(), SqlError> {
    match query {
        Query::Term { field, term } if matches!(term, Term::Prefix(_) | Term::Anything) => {
            let rows = rows_of(db, account, field, term, RANGE + 1)?;
            match usize::try_from(rows).is_ok_and(|rows| rows > RANGE) {
                true => Err(SqlError::Refused(too_wide())),
                false => Ok(()),
            }
        }
        Query::AllOf(parts) | Query::AnyOf(parts) => parts.iter().try_for_each(|part| check_ranges(db, account, part)),
        Query::Not(part) => check_ranges(db, account, part),
        Query::Term { .. } | Query::Everything => Ok(()),
    }
}

/// How many rows of the index a term has, counted up to `most`.
fn rows_of(db: &mut dyn Db, account: i64, field: &str, term: &Term, most: usize) -> Result<i64, SqlError> {
    let mut wanted = Wanted::of(account, &[], None);
    wanted.params.truncate(1);
    let rows = wanted.rows(field, term);
    let limit = wanted.params.len() + 1;
    wanted.params.push(most.into());
    let sql = format!("SELECT count(*) FROM (SELECT 1 FROM contact_term WHERE {rows} LIMIT ?{limit}) AS n");
    db.number(&sql, &wanted.params)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SystemClock;
    use crate::ports::contacts::{ContactWrite, Field};
    use crate::store::contacts::write_contacts;
    use crate::store::model::Disk;
    use ngoma_message::Timestamp;
    use proptest::prelude::*;
    use std::sync::Arc;

    /// What leads, and what else must hold, each with the places of its parameters.
    fn check(query: &str, lead: Option<usize>, expected: (Option<&str>, &str, bool)) {
        let read = Query::parse(query).unwrap();
        let parts = match &read {
            Query::AllOf(parts) => parts.as_slice(),
            one => std::slice::from_ref(one),
        };
        let wanted = Wanted::of(7, parts, lead);
        let shown = |sql: &str| {
            let sql = sql
                .replace("account = ?1 AND ", "")
                .replace("EXISTS (SELECT 1 FROM contact_term WHERE", "(HAS");
            sql.replace("SELECT contact FROM contact_term WHERE", "ROWS")
                .replace(" AND contact > ?2", "")
        };
        let lead = wanted.lead.as_deref().map(shown);
        let found = (lead.as_deref(), shown(&wanted.rest), wanted.is_exact);
        let (lead, rest, is_exact) = expected;
        assert_eq!(found, (lead, rest.to_owned(), is_exact), "{query}");
    }

    #[test]
    fn a_query_becomes_a_search_of_the_index() {
        let [all, has] = ["TRUE", "((HAS field = ?3 AND term = ?4 AND contact = c.key))"];
        check("*:*", None, (None, "(TRUE)", true));
        check("a:b", None, (None, has, true));
        check("a:b", Some(0), (Some("ROWS field = ?3 AND term = ?4"), all, true));
        check(
            "a:*",
            Some(0),
            (
                Some("SELECT DISTINCT contact FROM contact_term WHERE field = ?3"),
                all,
                true,
            ),
        );
        let range = "SELECT DISTINCT contact FROM contact_term WHERE field = ?3 AND term >= ?4 AND term <= ?5";
        check("a:b*", Some(0), (Some(range), all, true));
        let other = "((HAS field = ?5 AND term = ?6 AND contact = d.contact))";
        check(
            "a:b AND c:d",
            Some(1),
            (Some("ROWS field = ?3 AND term = ?4"), other, true),
        );
        let not = "(NOT (HAS field = ?5 AND term = ?6 AND contact = d.contact))";
        check(
            "a:b AND NOT c:d",
            Some(0),
            (Some("ROWS field = ?3 AND term = ?4"), not, true),
        );
        let among = "(d.contact IN (ROWS field = ?5 AND term >= ?6 AND term <= ?7))";
        check(
            "a:b AND c:d*",
            Some(0),
            (Some("ROWS field = ?3 AND term = ?4"), among, true),
        );
        let either = "ROWS field = ?3 AND term = ?4 UNION ROWS field = ?5 AND term = ?6";
        let again = "(((HAS field = ?7 AND term = ?8 AND contact = d.contact) OR \
            (HAS field = ?9 AND term = ?10 AND contact = d.contact)))";
        check("a:b OR c:d", Some(0), (Some(either), again, true));
        let both = "(((HAS field = ?5 AND term = ?6 AND contact = d.contact) AND \
            (HAS field = ?7 AND term = ?8 AND contact = d.contact)))";
        check("a:'b c'", Some(0), (Some("ROWS field = ?3 AND term = ?4"), both, false));
        check("NOT a:'b c'", None, (None, "(TRUE)", false));
        check("a:''", None, (None, "(FALSE)", false));
        let long = format!("a:{}", "x".repeat(129));
        check(&long, Some(0), (Some("ROWS field = ?3 AND term = ?4"), all, false));
    }

    #[test]
    fn the_rarest_term_leads() {
        let disk = Disk::new(Arc::new(SystemClock));
        let contact = |at: usize| {
            let mut contact = Contact::new(format!("{at:03}"), Timestamp::from_micros(0));
            contact.groups = vec!["g".into()];
            contact.fields.insert(Field::Name, format!("n{}", at % 10));
            ContactWrite::Add(contact)
        };
        let writes: Vec<ContactWrite> = (0..20).map(contact).collect();
        disk.with(|db| write_contacts(db, 7, &writes).unwrap());
        for (query, leads) in [
            ("groups:g AND name:n1", "n1"),
            ("name:n1 AND groups:g", "n1"),
            ("name:n* AND groups:none", "none"),
            ("(name:n1 OR name:n2) AND groups:g", "n1"),
            ("NOT name:n2 AND name:n3", "n3"),
        ] {
            let query = Query::parse(query).unwrap();
            let wanted = disk.with(|db| Wanted::by(db, 7, &query)).unwrap();
            assert_eq!(wanted.params[3], Param::from(leads.to_owned()), "{query:?}");
        }
    }

    #[test]
    fn a_search_that_would_look_at_too_many_is_refused() {
        let contact = |at: usize| {
            let mut contact = Contact::new(format!("{at:03}"), Timestamp::from_micros(0));
            contact.fields.insert(Field::Name, "Anna Maria".into());
            ContactWrite::Add(contact)
        };
        let writes: Vec<ContactWrite> = (0..=PAGE).map(contact).collect();
        let disk = Disk::new(Arc::new(SystemClock));
        disk.with(|db| write_contacts(db, 7, &writes).unwrap());
        let query = |text: &str| Query::parse(text).unwrap();
        let asked = |text: &str, limit, looks| disk.with(|db| keys(db, 7, &query(text), limit, looks));
        let wide = "name:'Maria Anna'";
        assert_eq!(asked(wide, 1, PAGE), Err(SqlError::Refused(too_wide())));
        assert_eq!(asked(wide, 1, PAGE * 2), Ok(Vec::new()));
        assert_eq!(asked("name:'Anna Maria'", 1, PAGE), Ok(vec!["000".to_owned()]));
        let counted = |text: &str| disk.with(|db| count(db, 7, &query(text), PAGE));
        assert_eq!(counted(wide), Err(SqlError::Refused(too_wide())));
        // What the index tells needs no looks.
        assert_eq!(counted("name:Maria"), Ok(201));
        assert_eq!(counted("name:A* AND NOT name:Ben"), Ok(201));
    }

    fn any_query() -> impl Strategy<Value = Query> {
        let word = prop_oneof!["[a-c]", Just("x".repeat(130)), Just("x".repeat(131))];
        let term = prop_oneof![
            word.clone().prop_map(Term::Word),
            word.clone().prop_map(Term::Prefix),
            proptest::collection::vec(word, 0..3).prop_map(Term::Phrase),
            Just(Term::Anything),
        ];
        let field = prop_oneof![Just("name"), Just("groups"), Just("extras-a")];
        let term = (field, term).prop_map(|(field, term)| Query::Term {
            field: field.to_owned(),
            term,
        });
        let leaf = prop_oneof![9 => term, 1 => Just(Query::Everything)];
        leaf.prop_recursive(3, 12, 3, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(Query::AllOf),
                proptest::collection::vec(inner.clone(), 0..4).prop_map(Query::AnyOf),
                inner.prop_map(|query| Query::Not(Box::new(query))),
            ]
        })
    }

    fn any_contact() -> impl Strategy<Value = Contact> {
        let text = proptest::collection::vec(prop_oneof!["[a-c]{1,2}", Just("x".repeat(131))], 0..3);
        let groups = proptest::collection::btree_set("[a-c]", 0..3);
        (text.clone(), text, groups).prop_map(|(name, note, groups)| {
            let mut contact = Contact::new("", Timestamp::from_micros(0));
            contact.fields.insert(Field::Name, name.join(" "));
            contact.extra.insert("a".into(), note.join(" "));
            contact.groups = groups.into_iter().collect();
            contact
        })
    }

    proptest! {
        #[test]
        fn the_index_finds_whom_the_query_tells_of(
            contacts in proptest::collection::vec(any_contact(), 0..12),
            queries in proptest::collection::vec(any_query(), 8),
            limit in 0..12_usize,
        ) {
            let disk = Disk::new(Arc::new(SystemClock));
            let others = contacts.iter().rev().cloned().enumerate();
            let others = others.map(|(at, contact)| Contact { key: format!("{at:02}"), ..contact });
            let others: Vec<ContactWrite> = others.map(ContactWrite::Add).collect();
            let keyed = contacts.into_iter().enumerate();
            let contacts: Vec<Contact> = keyed.map(|(at, contact)| Contact { key: format!("{at:02}"), ..contact }).collect();
            let writes: Vec<ContactWrite> = contacts.iter().cloned().map(ContactWrite::Add).collect();
            disk.with(|db| {
                write_contacts(db, 7, &writes).unwrap();
                // Others of the same keys in another account are nobody's business.
                write_contacts(db, 8, &others).unwrap();
            });
            for query in queries {
                let meant = contacts.iter().filter(|contact| query.finds(*contact)).map(|contact| contact.key.clone());
                let meant: Vec<String> = meant.collect();
                let found = disk.with(|db| keys(db, 7, &query, limit, PAGE));
                prop_assert_eq!(found, Ok(meant.iter().take(limit).cloned().collect()), "{:?}", query);
                let counted = disk.with(|db| count(db, 7, &query, PAGE));
                prop_assert_eq!(counted, Ok(meant.len() as u64), "{:?}", query);
            }
        }
    }
}
