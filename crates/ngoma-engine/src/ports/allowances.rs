//! What a service may do within its account.

use ngoma_message::Address;

/// What a service may do, and what there is in its account to do it with. It answers from memory.
pub trait Allowances: Send + Sync {
    /// The service's own name.
    fn service(&self) -> String;
    /// Whether services of the account may opt people out and in.
    fn manages_opt_outs(&self) -> bool;
    /// The keys that the service may set in the helper metadata of its messages.
    fn helper_metadata(&self) -> Vec<String>;
    /// Whether messages to that endpoint have a channel to go out by.
    fn has_endpoint(&self, endpoint: &str) -> bool;
    /// The channel that Vumi's tag means: one whose routes lead to the service, with the tag as its address, and the pool
    /// as its name or its type.
    fn channel_of_tag(&self, pool: &str, tag: &str) -> Option<String>;
    /// Whether the account has another service of that name.
    fn has_other_service(&self, name: &str) -> bool;
    /// An address of one of Vumi's types, as the store writes it: a national number gets the country of the service's
    /// channels.
    fn address(&self, vumi_type: &str, value: &str) -> Address;
}
