//! How all messages of an account are treated, whichever channel they come or go by.

use super::policy::{PaceSetting, is_default, pace};
use crate::store::Wish;
use serde::{Deserialize, Serialize};

/// The longest keyword, and the longest text that is looked at as one, in characters.
const KEYWORD_CHARS: usize = 40;
/// How many keywords there may be for one thing.
const KEYWORDS: usize = 50;
/// The longest confirmation, in characters.
const REPLY_CHARS: usize = 1000;
/// What lets a person come back where keywords let them go, unless others are named.
const USUAL_WAY_BACK: &str = "START";

/// An account's policy: `[account.demo.policy]`. What is not said is as by default, and is not stored.
///
/// ```json
/// {"pace": {"per_second": 50.0, "burst": 100}, "opt_out_keywords": ["STOP"], "opt_out_reply": "You get no more of us."}
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AccountPolicy {
    /// How fast its channels send, all together.
    #[serde(deserialize_with = "pace", skip_serializing_if = "is_default")]
    pub pace: Option<PaceSetting>,
    /// How many of its messages may wait before more are refused; 20 million if not said.
    #[serde(skip_serializing_if = "is_default")]
    pub max_queued: Option<u64>,
    /// A message that is nothing but one of these ends all messages to its sender, but answers to their own.
    #[serde(skip_serializing_if = "is_default")]
    pub opt_out_keywords: Vec<String>,
    /// A message that is nothing but one of these begins them again; `START` where there are keywords to opt out with.
    #[serde(skip_serializing_if = "is_default")]
    pub opt_in_keywords: Vec<String>,
    /// What somebody is answered who opted out; nothing if it is not said.
    #[serde(skip_serializing_if = "is_default")]
    pub opt_out_reply: Option<String>,
    /// What somebody is answered who opted in; nothing if it is not said.
    #[serde(skip_serializing_if = "is_default")]
    pub opt_in_reply: Option<String>,
    /// Whether services may opt people out and in, and look who is; they may not if it is not said.
    #[serde(skip_serializing_if = "is_default")]
    pub services_manage_optouts: bool,
}

impl AccountPolicy {
    /// What a text asks for, if it is nothing but a keyword.
    pub(crate) fn wish(&self, text: &str) -> Option<Wish> {
        let has_keywords = !self.opt_out_keywords.is_empty() || !self.opt_in_keywords.is_empty();
        if !has_keywords || text.chars().nth(KEYWORD_CHARS).is_some() {
            return None;
        }
        let said = plain(text);
        let is_among = |keywords: &[String]| keywords.iter().any(|keyword| plain(keyword) == said);
        let opts_in = match self.opt_in_keywords.is_empty() {
            true => plain(USUAL_WAY_BACK) == said,
            false => is_among(&self.opt_in_keywords),
        };
        match (is_among(&self.opt_out_keywords), opts_in) {
            (true, _) => Some(Wish::OptOut),
            (false, true) => Some(Wish::OptIn),
            (false, false) => None,
        }
    }

    /// What is wrong with it, if anything.
    pub(crate) fn problem(&self) -> Option<String> {
        let keywords = [
            ("opt_out_keywords", &self.opt_out_keywords),
            ("opt_in_keywords", &self.opt_in_keywords),
        ];
        let replies = [
            ("opt_out_reply", &self.opt_out_reply),
            ("opt_in_reply", &self.opt_in_reply),
        ];
        let of_keywords = keywords
            .into_iter()
            .find_map(|(field, keywords)| Some(format!("{field} {}", problem_of_keywords(keywords)?)));
        let of_replies = || {
            replies
                .into_iter()
                .find_map(|(field, reply)| Some(format!("{field} {}", problem_of_reply(reply.as_deref()?)?)))
        };
        let both = || {
            let out = |word: &&String| self.wish(word) == Some(Wish::OptOut);
            let word = self.opt_in_keywords.iter().find(out)?;
            Some(format!("opt_in_keywords has {word:?}, with which a person opts out"))
        };
        of_keywords.or_else(of_replies).or_else(both)
    }
}

/// A text as keywords are compared: whatever its case, its spaces, and the marks around it.
fn plain(text: &str) -> String {
    let words: Vec<&str> = text
        .trim_matches(|mark: char| !mark.is_alphanumeric())
        .split_whitespace()
        .collect();
    words.join(" ").to_lowercase()
}

fn problem_of_keywords(keywords: &[String]) -> Option<String> {
    if keywords.len() > KEYWORDS {
        return Some(format!("has more than {KEYWORDS} keywords"));
    }
    let bad = |keyword: &&String| plain(keyword).is_empty() || keyword.chars().nth(KEYWORD_CHARS).is_some();
    let bad = keywords.iter().find(bad)?;
    Some(format!(
        "has {bad:?}: a keyword has letters or digits, and at most {KEYWORD_CHARS} characters"
    ))
}

fn problem_of_reply(reply: &str) -> Option<String> {
    let is_good = !reply.trim().is_empty() && reply.chars().nth(REPLY_CHARS).is_none();
    (!is_good).then(|| format!("is a text of 1 to {REPLY_CHARS} characters"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn policy(value: Value) -> AccountPolicy {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn a_policy_is_stored_as_it_was_read() {
        for stored in [
            json!({}),
            json!({"pace": {"per_second": 0.5, "burst": 3}, "max_queued": 5}),
            json!({"opt_out_keywords": ["STOP"], "opt_in_keywords": ["JOIN"], "opt_out_reply": "Bye.", "opt_in_reply": "Hi."}),
            json!({"services_manage_optouts": true}),
        ] {
            assert_eq!(serde_json::to_value(policy(stored.clone())).unwrap(), stored);
        }
    }

    #[test]
    fn an_error_names_its_field() {
        let check = |policy: Value, expected: &str| {
            let error = serde_json::from_value::<AccountPolicy>(policy).unwrap_err();
            assert!(error.to_string().starts_with(expected), "{error}");
        };
        check(json!({"pace": {"per_second": -1.0}}), "policy.pace: -1 is no rate");
        check(json!({"window": 1}), "unknown field `window`");
    }

    #[test]
    fn a_keyword_is_the_whole_text_whatever_its_case_and_marks() {
        let (stop, start) = (Some(Wish::OptOut), Some(Wish::OptIn));
        let check = |held: Value, text: &str, expected: Option<Wish>| {
            assert_eq!(policy(held.clone()).wish(text), expected, "{text:?} by {held}");
        };
        let usual = json!({"opt_out_keywords": ["STOP", "Stop all", "हटाओ"]});
        for text in ["STOP", "stop", " Stop. ", "\"STOP\"!", "stop\n", "stop  ALL", "हटाओ।"] {
            check(usual.clone(), text, stop);
        }
        for text in ["", "...", "stop it", "stopp", "s top", "non-stop", &"stop ".repeat(20)] {
            check(usual.clone(), text, None);
        }
        check(usual.clone(), "start", start);
        check(json!({}), "stop", None);
        check(json!({}), "start", None);
        let named = json!({"opt_out_keywords": ["STOP"], "opt_in_keywords": ["JOIN"]});
        check(named.clone(), "join", start);
        check(named, "start", None);
        check(json!({"opt_in_keywords": ["JOIN"]}), "join", start);
    }

    #[test]
    fn what_cannot_be_a_keyword_or_a_reply_is_told() {
        let check = |held: Value, expected: Option<&str>| {
            let problem = policy(held).problem();
            match expected {
                Some(expected) => assert!(problem.as_deref().unwrap().starts_with(expected), "{problem:?}"),
                None => assert_eq!(problem, None),
            }
        };
        check(json!({"opt_out_keywords": ["STOP"], "opt_out_reply": "Bye."}), None);
        check(json!({"opt_out_keywords": ["*"]}), Some("opt_out_keywords has \"*\""));
        check(
            json!({"opt_in_keywords": ["x".repeat(41)]}),
            Some("opt_in_keywords has \"xxx"),
        );
        check(
            json!({"opt_out_keywords": vec!["a"; 51]}),
            Some("opt_out_keywords has more than 50"),
        );
        check(
            json!({"opt_out_reply": " "}),
            Some("opt_out_reply is a text of 1 to 1000"),
        );
        let both = json!({"opt_out_keywords": ["STOP"], "opt_in_keywords": ["stop!"]});
        check(both, Some("opt_in_keywords has \"stop!\", with which"));
    }
}
