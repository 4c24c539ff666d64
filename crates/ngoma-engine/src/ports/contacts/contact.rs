//! A person as an account keeps them, and a group of people.

use super::limits::{CONTACT_GROUPS, CONTACT_WORDS, EXTRAS, KEY_CHARS, NAME_CHARS, VALUE_CHARS};
use ngoma_message::Timestamp;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// A plain field of a contact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Field {
    /// The given name.
    Name,
    /// The family name.
    Surname,
    /// Where letters go.
    EmailAddress,
    /// The telephone number, which WhatsApp goes by too.
    Msisdn,
    /// The name on Twitter.
    TwitterHandle,
    /// The number on Facebook.
    FacebookId,
    /// The PIN of a BlackBerry.
    BbmPin,
    /// The name on Google Talk.
    GtalkId,
    /// The name on Mxit.
    MxitId,
    /// The name on WeChat.
    WechatId,
    /// The number on Telegram.
    TelegramId,
}

impl Field {
    /// Every field.
    pub const ALL: [Self; 11] = [
        Self::Name,
        Self::Surname,
        Self::EmailAddress,
        Self::Msisdn,
        Self::TwitterHandle,
        Self::FacebookId,
        Self::BbmPin,
        Self::GtalkId,
        Self::MxitId,
        Self::WechatId,
        Self::TelegramId,
    ];

    /// Its name in commands, replies and queries.
    pub fn word(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Surname => "surname",
            Self::EmailAddress => "email_address",
            Self::Msisdn => "msisdn",
            Self::TwitterHandle => "twitter_handle",
            Self::FacebookId => "facebook_id",
            Self::BbmPin => "bbm_pin",
            Self::GtalkId => "gtalk_id",
            Self::MxitId => "mxit_id",
            Self::WechatId => "wechat_id",
            Self::TelegramId => "telegram_id",
        }
    }

    /// The field of that name.
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|field| field.word() == word)
    }

    /// Whether contacts are found by it as by an address.
    pub fn is_address(self) -> bool {
        !matches!(self, Self::Name | Self::Surname | Self::EmailAddress)
    }
}

/// A person as an account keeps them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contact {
    /// Names them within the account.
    pub key: String,
    /// Since when they are kept.
    pub created_at: Timestamp,
    /// When they were born.
    pub dob: Option<Timestamp>,
    /// The plain fields that have a value.
    pub fields: BTreeMap<Field, String>,
    /// The keys of their groups, in the order they were put into them. There may be no such group.
    pub groups: Vec<String>,
    /// What services noted about them.
    pub extra: BTreeMap<String, String>,
    /// What they are subscribed to.
    pub subscription: BTreeMap<String, String>,
}

/// A group of people: those who were put into it, or those whom its query finds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Names it within the account.
    pub key: String,
    /// What people call it.
    pub name: String,
    /// Whom it holds, if that is not by hand.
    pub query: Option<String>,
    /// Since when it is kept.
    pub created_at: Timestamp,
}

/// What a query looks at: texts, each with the name of its field.
pub trait Searched {
    /// Every text; a field may come several times.
    fn texts(&self) -> Vec<(Cow<'_, str>, Cow<'_, str>)>;
}

impl Contact {
    /// One of whom nothing is known.
    pub fn new(key: impl Into<String>, created_at: Timestamp) -> Self {
        Self {
            key: key.into(),
            created_at,
            dob: None,
            fields: BTreeMap::new(),
            groups: Vec::new(),
            extra: BTreeMap::new(),
            subscription: BTreeMap::new(),
        }
    }

    /// A field's value.
    pub fn field(&self, field: Field) -> Option<&str> {
        self.fields.get(&field).map(String::as_str)
    }

    /// The addresses they are found by.
    pub fn addresses(&self) -> impl Iterator<Item = (Field, &str)> {
        let fields = self.fields.iter().map(|(field, value)| (*field, value.as_str()));
        fields.filter(|(field, value)| field.is_address() && *value != UNKNOWN && !value.is_empty())
    }

    /// Says what of them is more than may be kept.
    pub fn check(&self) -> Result<(), String> {
        let too_many = |what: &str, most| Err(format!("A contact may have at most {most} {what}."));
        if self.extra.len() > EXTRAS {
            return too_many("extras", EXTRAS);
        }
        if self.subscription.len() > EXTRAS {
            return too_many("subscriptions", EXTRAS);
        }
        if self.groups.len() > CONTACT_GROUPS {
            return too_many("groups", CONTACT_GROUPS);
        }
        let names = self.extra.keys().chain(self.subscription.keys()).chain(&self.groups);
        if names.into_iter().any(|name| is_longer(name, KEY_CHARS)) {
            return Err(format!(
                "The name of a field or group is longer than {KEY_CHARS} characters."
            ));
        }
        let values = self.fields.values().chain(self.extra.values());
        if values
            .chain(self.subscription.values())
            .any(|value| is_longer(value, VALUE_CHARS))
        {
            return Err(format!("A value of a contact is longer than {VALUE_CHARS} characters."));
        }
        match self.word_count() > CONTACT_WORDS {
            true => too_many("words in all its fields", CONTACT_WORDS),
            false => Ok(()),
        }
    }

    /// How many words they have in all their fields.
    pub fn word_count(&self) -> usize {
        self.texts().iter().map(|(_, text)| words(text).count()).sum()
    }
}

impl Group {
    /// Says what of it is more than may be kept.
    pub fn check(&self) -> Result<(), String> {
        if is_longer(&self.name, NAME_CHARS) {
            return Err(format!("The name of a group is longer than {NAME_CHARS} characters."));
        }
        match self.query.as_deref().is_some_and(|query| is_longer(query, VALUE_CHARS)) {
            true => Err(format!("The query of a group is longer than {VALUE_CHARS} characters.")),
            false => Ok(()),
        }
    }
}

/// What stands for a telephone number nobody knows; nobody is found by it.
const UNKNOWN: &str = "unknown";

impl Searched for Contact {
    fn texts(&self) -> Vec<(Cow<'_, str>, Cow<'_, str>)> {
        let moments = [("created_at", Some(self.created_at)), ("dob", self.dob)];
        let moments = moments
            .into_iter()
            .filter_map(|(name, at)| Some((name.into(), at?.to_vumi().into())));
        let fields = self
            .fields
            .iter()
            .map(|(field, value)| (field.word().into(), value.into()));
        let groups = self.groups.iter().map(|group| ("groups".into(), group.into()));
        let extra = self
            .extra
            .iter()
            .map(|(name, value)| (format!("extras-{name}").into(), value.into()));
        let subscription = self.subscription.iter();
        let subscription = subscription.map(|(name, value)| (format!("subscription-{name}").into(), value.into()));
        moments
            .chain(fields)
            .chain(groups)
            .chain(extra)
            .chain(subscription)
            .collect()
    }
}

impl Searched for Group {
    fn texts(&self) -> Vec<(Cow<'_, str>, Cow<'_, str>)> {
        let mut texts = vec![
            ("name".into(), Cow::from(&self.name)),
            ("created_at".into(), self.created_at.to_vumi().into()),
        ];
        texts.extend(self.query.as_ref().map(|query| ("query".into(), query.into())));
        texts
    }
}

/// A text's words, as queries go by them: Riak's search parted texts at white space only, and minded the case.
pub(super) fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split_whitespace()
}

fn is_longer(text: &str, most: usize) -> bool {
    text.chars().nth(most).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(change: impl FnOnce(&mut Contact), expected: Result<(), &str>) {
        let mut contact = Contact::new("k", Timestamp::from_micros(0));
        change(&mut contact);
        assert_eq!(contact.check(), expected.map_err(str::to_owned));
    }

    fn notes(count: usize, value: &str) -> BTreeMap<String, String> {
        (0..count).map(|at| (at.to_string(), value.to_owned())).collect()
    }

    #[test]
    fn fields_are_found_by_their_names() {
        for field in Field::ALL {
            assert_eq!(Field::named(field.word()), Some(field));
        }
        assert_eq!(Field::named("key"), None);
    }

    #[test]
    fn a_contact_holds_so_much_and_no_more() {
        check(|contact| contact.extra = notes(EXTRAS, "a"), Ok(()));
        let refused = Err("A contact may have at most 100 extras.");
        check(|contact| contact.extra = notes(EXTRAS + 1, "a"), refused);
        let refused = Err("A contact may have at most 100 subscriptions.");
        check(|contact| contact.subscription = notes(EXTRAS + 1, "a"), refused);
        let groups = |count| (0..count).map(|at: usize| at.to_string()).collect();
        check(|contact| contact.groups = groups(CONTACT_GROUPS), Ok(()));
        let refused = Err("A contact may have at most 100 groups.");
        check(|contact| contact.groups = groups(CONTACT_GROUPS + 1), refused);
        let refused = Err("The name of a field or group is longer than 255 characters.");
        check(|contact| contact.groups = vec!["é".repeat(KEY_CHARS + 1)], refused);
        let value = |chars| BTreeMap::from([("a".to_owned(), "é".repeat(chars))]);
        check(|contact| contact.extra = value(VALUE_CHARS), Ok(()));
        let refused = Err("A value of a contact is longer than 4000 characters.");
        check(|contact| contact.extra = value(VALUE_CHARS + 1), refused);
        let refused = Err("A contact may have at most 1000 words in all its fields.");
        check(|contact| contact.extra = notes(EXTRAS, &"a ".repeat(10)), refused);
    }

    #[test]
    fn an_unknown_number_is_no_address() {
        let mut contact = Contact::new("k", Timestamp::from_micros(0));
        let fields = [
            (Field::Msisdn, "unknown"),
            (Field::GtalkId, "a@b"),
            (Field::Name, "Anna"),
        ];
        contact.fields = fields.map(|(field, value)| (field, value.to_owned())).into();
        assert_eq!(contact.addresses().collect::<Vec<_>>(), [(Field::GtalkId, "a@b")]);
    }
}
