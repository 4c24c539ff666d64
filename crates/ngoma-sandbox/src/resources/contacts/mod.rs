//! `contacts.*`: the people the account keeps. Replies and reasons are Vumi Go's, since services compare them.

mod fields;
mod overlay;

pub use overlay::Overlay;

use super::{Answer, Resource, StepContext, python};
use async_trait::async_trait;
use fields::{Gap, address, change, delivery_field};
use ngoma_engine::ports::contacts::{Contact, ContactChange, Field, Query, SEARCH_RESULTS, key_of_contact};
use ngoma_message::Object;
use serde_json::Value;
use std::collections::BTreeMap;

/// The resource `contacts`.
pub struct Contacts;

#[async_trait]
impl Resource for Contacts {
    fn name(&self) -> &'static str {
        "contacts"
    }

    async fn call(&self, command: &str, params: &Object, step: &mut StepContext) -> Answer {
        match command {
            "get" => get(params, step).await.into(),
            "get_or_create" => get_or_create(params, step).await.into(),
            "get_by_key" => get_by_key(params, step).await.into(),
            "update" => update(params, step).await.into(),
            "update_extras" => update_notes(params, step, Notes::Extra).await.into(),
            "update_subscriptions" => update_notes(params, step, Notes::Subscription).await.into(),
            "new" => new(params, step).await.into(),
            "save" => save(params, step).await.into(),
            "search" => search(params, step).await.into(),
            _ => Answer::Unknown,
        }
    }
}

/// Which of a contact's notes.
enum Notes {
    Extra,
    Subscription,
}

async fn get(params: &Object, step: &mut StepContext) -> Result<Answer, String> {
    let (delivery_class, field, addr) = delivered_to(params, step)?;
    match step.contact_at(field, &addr).await? {
        Some(contact) => Ok(Answer::value("contact", shown(&contact, step))),
        None => Err(format!(
            "Contact with address '{addr}' for delivery class '{delivery_class}' not found."
        )),
    }
}

async fn get_or_create(params: &Object, step: &mut StepContext) -> Result<Answer, String> {
    let (_, field, addr) = delivered_to(params, step)?;
    let found = step.contact_at(field, &addr).await?;
    let created = found.is_none();
    let contact = match found {
        Some(found) => found,
        None => {
            let is_taken = |key: &str| step.contacts.has_taken(key, field, &addr);
            let port = &*step.ports.account.contacts;
            let key = key_of_contact(port, field, &addr, is_taken).await;
            let mut contact = Contact::new(key.map_err(|error| error.to_string())?, step.now());
            contact.fields.insert(Field::Msisdn, UNKNOWN.to_owned());
            contact.fields.insert(field, addr);
            step.add_contact(contact.clone()).await?;
            contact
        }
    };
    Ok(Answer::Reply(Object::from_iter([
        ("created".to_owned(), created.into()),
        ("contact".to_owned(), shown(&contact, step)),
    ])))
}

async fn get_by_key(params: &Object, step: &mut StepContext) -> Result<Answer, String> {
    let key = params.get("key").ok_or("Expected 'key' field in request")?;
    let key = key.as_str().map_or_else(|| python::repr_value(key), str::to_owned);
    let contact = step.contact(&key).await?.ok_or_else(|| not_found(&key))?;
    Ok(Answer::value("contact", shown(&contact, step)))
}

async fn update(params: &Object, step: &mut StepContext) -> Result<Answer, String> {
    let (key, fields) = key_and_fields(params, "'key' needs to be specified and be a unicode string")?;
    step.contact(key).await?.ok_or_else(|| not_found(key))?;
    // What is no field of contacts is passed over, as Vumi Go did.
    let (change, _) = change(fields, Gap::Refused, step)?;
    changed(key, change, step).await
}

async fn update_notes(params: &Object, step: &mut StepContext, notes: Notes) -> Result<Answer, String> {
    let (key, fields) = key_and_fields(params, "'key' needs to be specified and be a unicode string")?;
    let texts = fields
        .iter()
        .map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())));
    let texts: Option<BTreeMap<String, String>> = texts.collect();
    let texts = texts.ok_or("All field values need to be unicode")?;
    let mut change = ContactChange::default();
    match notes {
        Notes::Extra => change.more_extra = texts,
        Notes::Subscription => change.more_subscription = texts,
    }
    changed(key, change, step).await
}

async fn new(params: &Object, step: &mut StepContext) -> Result<Answer, String> {
    let fields = contact_fields(params)?;
    let (mut change, _) = change(fields, Gap::Passed, step)?;
    // Nobody has to know a number, as the toolkit's own stand-in for contacts has it.
    change
        .fields
        .entry(Field::Msisdn)
        .or_insert_with(|| Some(UNKNOWN.to_owned()));
    let mut contact = Contact::new(step.ports.account.contacts.fresh_key(), step.now());
    change.apply(&mut contact);
    step.add_contact(contact.clone()).await?;
    Ok(Answer::value("contact", shown(&contact, step)))
}

async fn save(params: &Object, step: &mut StepContext) -> Result<Answer, String> {
    let fields = contact_fields(params)?;
    let key = fields.get("key").and_then(Value::as_str);
    let key = key.ok_or("'key' needs to be specified as a field in 'contact' and be a unicode string")?;
    step.contact(key).await?.ok_or_else(|| not_found(key))?;
    let (change, unknown) = change(fields, Gap::Passed, step)?;
    if !unknown.is_empty() {
        let unknown: Vec<String> = unknown.iter().map(|name| python::repr(name)).collect();
        return Err(format!(
            "Unexpected extra initial fields [{}] passed to model <class 'go.vumitools.contact.models.Contact'>",
            unknown.join(", ")
        ));
    }
    if !change.fields.contains_key(&Field::Msisdn) {
        return Err(fields::NONE_REFUSED.to_owned());
    }
    let mut contact = Contact::new(key, step.now());
    change.apply(&mut contact);
    step.replace_contact(contact.clone()).await?;
    Ok(Answer::value("contact", shown(&contact, step)))
}

async fn search(params: &Object, step: &mut StepContext) -> Result<Answer, String> {
    let query = query(params)?;
    let most = match params.get("max_keys") {
        None => None,
        Some(most) => Some(most.as_u64().ok_or("Value for parameter 'max_keys' is invalid")?),
    };
    let asked = most.and_then(|most| usize::try_from(most).ok()).unwrap_or(usize::MAX);
    let mut keys = step.search_contacts(&query, asked.min(SEARCH_RESULTS + 1)).await?;
    if keys.len() > SEARCH_RESULTS {
        keys.truncate(SEARCH_RESULTS);
        let warning =
            format!("A search found more than {SEARCH_RESULTS} contacts, and gave the first {SEARCH_RESULTS}.");
        step.log("warning", warning);
    }
    Ok(Answer::value("keys", keys))
}

/// What stands for a telephone number nobody knows.
const UNKNOWN: &str = "unknown";

/// The query of a search.
pub(super) fn query(params: &Object) -> Result<Query, String> {
    let query = params.get("query").ok_or("Expected 'query' field in request")?;
    let query = query.as_str().ok_or("Value for parameter 'query' is invalid")?;
    Query::parse(query).map_err(|error| error.to_string())
}

/// Whom a command is about, by the channel's kind and the address on it.
fn delivered_to(params: &Object, step: &StepContext) -> Result<(String, Field, String), String> {
    let text = |name: &str| params.get(name).and_then(Value::as_str);
    let addr = text("addr").ok_or("'addr' needs to be specified and be a unicode string")?;
    let class = text("delivery_class").ok_or("'delivery_class' needs to be specified and be a unicode string")?;
    let field = delivery_field(class);
    let field = field.ok_or_else(|| format!("Unsupported transport_type {}", python::repr(class)))?;
    Ok((class.to_owned(), field, address(field, addr, step)))
}

fn key_and_fields<'a>(params: &'a Object, no_key: &str) -> Result<(&'a str, &'a Object), String> {
    let key = params.get("key").and_then(Value::as_str).ok_or(no_key)?;
    let fields = params.get("fields").and_then(Value::as_object);
    let fields = fields.ok_or("'fields' needs to be specified and be a dict of field name-values pairs")?;
    Ok((key, fields))
}

fn contact_fields(params: &Object) -> Result<&Object, String> {
    let contact = params.get("contact").and_then(Value::as_object);
    contact.ok_or_else(|| "'contact' needs to be specified and be a dict of field name-value pairs".to_owned())
}

async fn changed(key: &str, change: ContactChange, step: &mut StepContext) -> Result<Answer, String> {
    let contact = step.change_contact(key, change).await?.ok_or_else(|| not_found(key))?;
    Ok(Answer::value("contact", shown(&contact, step)))
}

fn shown(contact: &Contact, step: &StepContext) -> Value {
    Value::Object(contact.to_json(step.ports.account.contacts.account()))
}

fn not_found(key: &str) -> String {
    format!("Contact with key '{key}' not found.")
}

#[cfg(test)]
mod tests;
