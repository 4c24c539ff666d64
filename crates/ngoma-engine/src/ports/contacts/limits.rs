//! What bounds an account's contacts and groups, by name.

/// How many contacts an account keeps.
pub const CONTACTS: u64 = 1_000_000;
/// How many groups an account keeps.
pub const GROUPS: usize = 1_000;
/// How many extras a contact has, and how many subscriptions.
pub const EXTRAS: usize = 100;
/// How many groups a contact is in.
pub const CONTACT_GROUPS: usize = 100;
/// The longest name of an extra, a subscription or a group's key, in characters.
pub const KEY_CHARS: usize = 255;
/// The longest name of a group, in characters.
pub const NAME_CHARS: usize = 255;
/// The longest value of a field, in characters.
pub const VALUE_CHARS: usize = 4_000;
/// How many words a contact has in all its fields: each is a row that it is found by.
pub const CONTACT_WORDS: usize = 1_000;
/// How many changes a step makes to contacts and groups.
pub const STEP_CHANGES: usize = 200;
/// How many words the contacts have together that a step changes, each as often as it changes them.
pub const STEP_WORDS: usize = 10_000;
/// How many times a step searches contacts or counts them.
pub const STEP_SEARCHES: usize = 50;
/// How many keys a search gives at most.
pub const SEARCH_RESULTS: usize = 1_000;
/// How many contacts a search looks at, beyond what an index tells.
pub const SEARCH_LOOKS: usize = 10_000;
/// How many contacts are looked at that have the same address.
pub const SAME_ADDRESS: usize = 10;
/// The longest query, in bytes.
pub(super) const QUERY_BYTES: usize = 4_000;
/// How many terms a query has.
pub(super) const QUERY_TERMS: usize = 64;
/// How deep the parentheses and negations of a query go.
pub(super) const QUERY_DEPTH: usize = 16;

/// Why a contact is not added to so many.
pub fn too_many_contacts() -> String {
    format!("The account keeps {CONTACTS} contacts already, and no more fit in: remove some.")
}

/// Why a group is not added to so many.
pub fn too_many_groups() -> String {
    format!("The account has {GROUPS} groups already, and may not have more: remove some.")
}

/// Why a search ends that would take too long.
pub(crate) fn too_wide() -> String {
    format!(
        "the query would have to look at more than {SEARCH_LOOKS} contacts: narrow it, with AND and a field's value"
    )
}
