//! Reads gettext catalogues (`.po`) as far as needed to say what is wrong with them.

use super::Finding;
use std::collections::BTreeMap;

/// What comes next in an entry.
#[derive(Clone, Debug, Default)]
struct Entry {
    line: u32,
    id: String,
    context: Option<String>,
    translations: Vec<String>,
    is_fuzzy: bool,
}

/// Which text of an entry a line of quotes goes on with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Nothing,
    Context,
    Id,
    Plural,
    Translation,
}

/// Looks at the catalogue in a file: its form, what has no translation, what stands there twice.
pub fn check_catalogue(path: &str, text: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    let entries = read(path, text, &mut findings);
    let mut seen: BTreeMap<(Option<&str>, &str), u32> = BTreeMap::new();
    for entry in &entries {
        let place = (entry.line, 1);
        if let Some(first) = seen.insert((entry.context.as_deref(), &entry.id), entry.line) {
            let problem = format!("{:?} stands here and in line {first}", entry.id);
            findings.push(Finding::error(path, place, problem, "keep one of them"));
        }
        if entry.id.is_empty() {
            continue;
        }
        if entry.translations.iter().all(String::is_empty) {
            let problem = format!("{:?} has no translation", entry.id);
            findings.push(Finding::warning(path, place, problem, "write one after msgstr"));
        } else if entry.is_fuzzy {
            let problem = format!("the translation of {:?} is marked as a guess", entry.id);
            findings.push(Finding::warning(
                path,
                place,
                problem,
                "look at it and take \"fuzzy\" away",
            ));
        }
    }
    findings
}

fn read(path: &str, text: &str, findings: &mut Vec<Finding>) -> Vec<Entry> {
    let (mut entries, mut entry, mut part, mut is_fuzzy) = (Vec::new(), Entry::default(), Part::Nothing, false);
    for (line, number) in text.lines().map(str::trim).zip(1..) {
        if let Some(comment) = line.strip_prefix('#') {
            is_fuzzy |= comment.starts_with(',') && comment.contains("fuzzy");
            continue;
        }
        let (keyword, quoted) = match line.find('"') {
            Some(at) => (line[..at].trim(), &line[at..]),
            None => (line, ""),
        };
        let next = match keyword {
            "" if quoted.is_empty() => continue,
            "" => part,
            "msgctxt" => Part::Context,
            "msgid" => Part::Id,
            "msgid_plural" => Part::Plural,
            keyword if keyword == "msgstr" || is_plural_translation(keyword) => Part::Translation,
            _ => Part::Nothing,
        };
        let value = unquote(quoted);
        let (Some(value), true) = (value, next != Part::Nothing) else {
            let advice = "write msgid or msgstr and a text between quotes";
            findings.push(Finding::error(
                path,
                (number, 1),
                "this is no line of a catalogue",
                advice,
            ));
            continue;
        };
        let is_new = !keyword.is_empty() && (next == Part::Context || (next == Part::Id && part != Part::Context));
        if is_new {
            if part != Part::Nothing {
                entries.push(std::mem::take(&mut entry));
            }
            entry.line = number;
            entry.is_fuzzy = std::mem::take(&mut is_fuzzy);
        }
        entry.add(next, !keyword.is_empty(), &value);
        part = next;
    }
    if part != Part::Nothing {
        entries.push(entry);
    }
    entries
}

impl Entry {
    fn add(&mut self, part: Part, is_first: bool, text: &str) {
        match part {
            Part::Nothing | Part::Plural => {}
            Part::Context => self.context.get_or_insert_default().push_str(text),
            Part::Id => self.id.push_str(text),
            Part::Translation => {
                if is_first {
                    self.translations.push(String::new());
                }
                if let Some(last) = self.translations.last_mut() {
                    last.push_str(text);
                }
            }
        }
    }
}

fn is_plural_translation(keyword: &str) -> bool {
    let number = keyword.strip_prefix("msgstr[").and_then(|rest| rest.strip_suffix(']'));
    number.is_some_and(|number| number.parse::<u8>().is_ok())
}

/// The text between quotes, its escapes read.
fn unquote(quoted: &str) -> Option<String> {
    let inner = quoted.strip_prefix('"')?.strip_suffix('"')?;
    let mut text = String::new();
    let mut letters = inner.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '"' => return None,
            '\\' => text.push(match letters.next()? {
                'n' => '\n',
                't' => '\t',
                'r' => '\r',
                other => other,
            }),
            letter => text.push(letter),
        }
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[&str]) {
        let found: Vec<String> = check_catalogue("zu.po", text).iter().map(Finding::to_string).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn a_good_catalogue_says_nothing() {
        check(
            "msgid \"\"\nmsgstr \"\"\n\"Language: zu\\n\"\n\n#: main.ts:3\nmsgid \"Yes\"\nmsgstr \"Yebo\"\n\n\
             msgctxt \"form\"\nmsgid \"Yes\"\nmsgstr \"Yebo ke\"\n\nmsgid \"{n} day\"\nmsgid_plural \"{n} days\"\n\
             msgstr[0] \"usuku\"\nmsgstr[1] \"izinsuku\"\n\nmsgid \"a\\\"\"\n\"b\"\nmsgstr \"\"\n\"c\"\n",
            &[],
        );
    }

    #[test]
    fn what_is_wrong_has_its_line() {
        check(
            "msgid \"Yes\"\nmsgstr \"\"\n\n#, fuzzy\nmsgid \"No\"\nmsgstr \"Cha\"\n\nmsgid \"Yes\"\nmsgstr \"Yebo\"\nmsgstr Yebo\nhello \"x\"\n",
            &[
                "zu.po:10:1: this is no line of a catalogue (write msgid or msgstr and a text between quotes)",
                "zu.po:11:1: this is no line of a catalogue (write msgid or msgstr and a text between quotes)",
                "zu.po:1:1: warning: \"Yes\" has no translation (write one after msgstr)",
                "zu.po:5:1: warning: the translation of \"No\" is marked as a guess (look at it and take \"fuzzy\" away)",
                "zu.po:8:1: \"Yes\" stands here and in line 1 (keep one of them)",
            ],
        );
    }
}
