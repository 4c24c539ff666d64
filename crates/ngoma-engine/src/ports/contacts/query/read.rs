//! Reads a query, within bounds.

use super::super::limits::{QUERY_BYTES, QUERY_DEPTH, QUERY_TERMS};
use super::{Query, Term};

/// Why a query cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the query cannot be read: {0}")]
pub struct QueryError(String);

/// Marks that are spoken for in Lucene's syntax and mean nothing here.
const NOT_UNDERSTOOD: [char; 8] = ['[', ']', '{', '}', '?', '~', '^', '"'];

pub(super) fn read(text: &str) -> Result<Query, QueryError> {
    if text.len() > QUERY_BYTES {
        return fail(format!("it is longer than {QUERY_BYTES} bytes"));
    }
    let mut reader = Reader {
        rest: text,
        depth: 0,
        terms: 0,
    };
    let query = reader.any_of(None)?;
    match reader.rest.chars().next() {
        None => Ok(query),
        Some(_) => fail("a parenthesis is closed that was not opened"),
    }
}

struct Reader<'a> {
    rest: &'a str,
    depth: usize,
    terms: usize,
}

impl Reader<'_> {
    /// `a OR b c`, up to a closing parenthesis or the end; `field` is the one named before the parenthesis.
    fn any_of(&mut self, field: Option<&str>) -> Result<Query, QueryError> {
        let mut parts = vec![self.all_of(field)?];
        loop {
            if self.takes("OR") || self.takes("||") {
                parts.push(self.all_of(field)?);
            } else if self.is_over() {
                return Ok(one_of(parts, Query::AnyOf));
            } else {
                parts.push(self.all_of(field)?);
            }
        }
    }

    /// `a AND b NOT c`.
    fn all_of(&mut self, field: Option<&str>) -> Result<Query, QueryError> {
        let mut parts = vec![self.maybe_not(field)?];
        while self.takes("AND") || self.takes("&&") || self.is_negation() {
            parts.push(self.maybe_not(field)?);
        }
        Ok(one_of(parts, Query::AllOf))
    }

    fn maybe_not(&mut self, field: Option<&str>) -> Result<Query, QueryError> {
        if !self.is_negation() {
            return self.one(field);
        }
        if !self.takes("NOT") {
            self.rest = &self.rest[1..];
        }
        self.deeper(|reader| Ok(Query::Not(Box::new(reader.maybe_not(field)?))))
    }

    /// A term or what is in parentheses.
    fn one(&mut self, field: Option<&str>) -> Result<Query, QueryError> {
        self.skip_space();
        if self.rest.is_empty() {
            return fail("something is missing at its end");
        }
        if let Some(inside) = self.rest.strip_prefix('(') {
            self.rest = inside;
            return self.deeper(|reader| {
                let query = reader.any_of(field)?;
                match reader.rest.strip_prefix(')') {
                    Some(rest) => reader.rest = rest,
                    None => return fail("a parenthesis is not closed"),
                }
                Ok(query)
            });
        }
        if let Some(field) = field {
            return self.term(field);
        }
        let (name, is_prefix) = self.word(Some(':'))?;
        let Some(rest) = self.rest.strip_prefix(':') else {
            return fail(format!("say in which field: name:{name}"));
        };
        self.rest = rest;
        if is_prefix && name.is_empty() && self.rest.starts_with('*') {
            self.rest = &self.rest[1..];
            return self.counted(Query::Everything);
        }
        if is_prefix || name.is_empty() {
            return fail("a field is named in full");
        }
        match self.rest.starts_with('(') {
            true => self.one(Some(&name)),
            false => self.term(&name),
        }
    }

    /// What stands behind a field's name.
    fn term(&mut self, field: &str) -> Result<Query, QueryError> {
        let quote = self.rest.chars().next().filter(|mark| matches!(mark, '"' | '\''));
        let term = match quote {
            Some(quote) => self.phrase(quote)?,
            None => match self.word(None)? {
                (word, false) if word.is_empty() => return fail(format!("a value is missing behind {field}:")),
                (word, false) => Term::Word(word),
                (word, true) if word.is_empty() => Term::Anything,
                (word, true) => Term::Prefix(word),
            },
        };
        let field = field.to_owned();
        self.counted(Query::Term { field, term })
    }

    /// Letters up to a space or parenthesis, or to that mark; whether an asterisk stands at their end.
    fn word(&mut self, end: Option<char>) -> Result<(String, bool), QueryError> {
        let mut word = String::new();
        let mut letters = self.rest.char_indices();
        let mut length = self.rest.len();
        let mut is_prefix = false;
        while let Some((at, letter)) = letters.next() {
            let is_end = letter.is_whitespace() || matches!(letter, '(' | ')') || Some(letter) == end;
            match letter {
                _ if is_end => {
                    length = at;
                    break;
                }
                _ if is_prefix => return fail("an asterisk stands at the end of a word only"),
                '*' => is_prefix = true,
                '\\' => match letters.next() {
                    Some((_, escaped)) => word.push(escaped),
                    None => return fail("something is missing behind its last backslash"),
                },
                letter if NOT_UNDERSTOOD.contains(&letter) => {
                    return fail(format!(
                        "{letter} is not understood; put a backslash before it if it is meant as it is"
                    ));
                }
                letter => word.push(letter),
            }
        }
        self.rest = &self.rest[length..];
        Ok((word, is_prefix))
    }

    fn phrase(&mut self, quote: char) -> Result<Term, QueryError> {
        let mut text = String::new();
        let mut letters = self.rest.char_indices().skip(1);
        while let Some((at, letter)) = letters.next() {
            match letter {
                '\\' => text.extend(letters.next().map(|(_, escaped)| escaped)),
                letter if letter == quote => {
                    self.rest = &self.rest[at + 1..];
                    let words = super::words(&text).map(str::to_owned);
                    return Ok(match words.collect::<Vec<_>>() {
                        one if one.len() == 1 => Term::Word(one.concat()),
                        several => Term::Phrase(several),
                    });
                }
                letter => text.push(letter),
            }
        }
        fail("a quotation is not closed")
    }

    fn deeper(&mut self, read: impl FnOnce(&mut Self) -> Result<Query, QueryError>) -> Result<Query, QueryError> {
        self.depth += 1;
        if self.depth > QUERY_DEPTH {
            return fail(format!("its parts are more than {QUERY_DEPTH} deep in one another"));
        }
        let query = read(self)?;
        self.depth -= 1;
        Ok(query)
    }

    fn counted(&mut self, query: Query) -> Result<Query, QueryError> {
        self.terms += 1;
        match self.terms > QUERY_TERMS {
            true => fail(format!("it has more than {QUERY_TERMS} terms")),
            false => Ok(query),
        }
    }

    /// Takes a connecting word, if it comes next.
    fn takes(&mut self, word: &str) -> bool {
        self.skip_space();
        let Some(rest) = self.rest.strip_prefix(word) else {
            return false;
        };
        let is_whole = !word.starts_with(char::is_alphabetic)
            || rest
                .chars()
                .next()
                .is_none_or(|next| next.is_whitespace() || matches!(next, '(' | ')'));
        if is_whole {
            self.rest = rest;
        }
        is_whole
    }

    fn is_negation(&mut self) -> bool {
        self.skip_space();
        let before = self.rest;
        let is_word = self.takes("NOT");
        self.rest = before;
        is_word || before.starts_with(['-', '!'])
    }

    fn is_over(&mut self) -> bool {
        self.skip_space();
        self.rest.is_empty() || self.rest.starts_with(')')
    }

    fn skip_space(&mut self) {
        self.rest = self.rest.trim_start();
    }
}

fn one_of(mut parts: Vec<Query>, several: impl FnOnce(Vec<Query>) -> Query) -> Query {
    match parts.len() {
        1 => parts.remove(0),
        _ => several(parts),
    }
}

fn fail<T>(problem: impl Into<String>) -> Result<T, QueryError> {
    Err(QueryError(problem.into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_query_that_cannot_be_read_is_told_why() {
        let long = format!("name:{}", "a".repeat(QUERY_BYTES));
        let deep = format!("{}name:a{}", "(".repeat(17), ")".repeat(17));
        let many = "a:b ".repeat(65);
        let negated = format!("{}name:a", "NOT ".repeat(17));
        for (query, problem) in [
            ("", "something is missing at its end"),
            ("name:a AND", "something is missing at its end"),
            ("(name:a", "a parenthesis is not closed"),
            ("name:a)", "a parenthesis is closed that was not opened"),
            ("Anna", "say in which field: name:Anna"),
            ("name:", "a value is missing behind name:"),
            ("name:\"a", "a quotation is not closed"),
            ("na*:a", "a field is named in full"),
            (":a", "a field is named in full"),
            ("name:a*b", "an asterisk stands at the end of a word only"),
            ("name:a\\", "something is missing behind its last backslash"),
            (&long, "it is longer than 4000 bytes"),
            (&deep, "its parts are more than 16 deep in one another"),
            (&negated, "its parts are more than 16 deep in one another"),
            (&many, "it has more than 64 terms"),
            (
                "name:[BAD_QUERY!]",
                "[ is not understood; put a backslash before it if it is meant as it is",
            ),
            (
                "name:a~",
                "~ is not understood; put a backslash before it if it is meant as it is",
            ),
        ] {
            let told = read(query).unwrap_err().to_string();
            assert_eq!(told, format!("the query cannot be read: {problem}"), "{query}");
        }
    }

    #[test]
    fn what_is_escaped_is_meant_as_it_is() {
        let word = |field: &str, word: &str| Ok(Query::word(field, word));
        for (query, expected) in [
            (r"extras-a\:b:c", word("extras-a:b", "c")),
            (r"name:a\*", word("name", "a*")),
            (r"name:a\ b", word("name", "a b")),
            (r"name:'it\'s'", word("name", "it's")),
            ("extras-url:http://a.org/x", word("extras-url", "http://a.org/x")),
            ("name:O'Brien", word("name", "O'Brien")),
            ("name:ANDREW", word("name", "ANDREW")),
        ] {
            assert_eq!(read(query), expected, "{query}");
        }
    }

    proptest! {
        #[test]
        fn anything_is_read_or_refused(text in "([a-c:()\"'* !&|é-]|\\\\|OR|AND|NOT){0,60}") {
            let _ = read(&text);
        }
    }
}
