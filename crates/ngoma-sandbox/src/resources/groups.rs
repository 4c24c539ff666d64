//! `groups.*`: the groups of the account's contacts. Replies and reasons are Vumi Go's, since services compare them.

use super::contacts::query;
use super::{Answer, Resource, StepContext, python};
use async_trait::async_trait;
use ngoma_engine::ports::contacts::{Group, Query, key_of_group};
use ngoma_message::Object;
use serde_json::Value;

/// The resource `groups`.
pub struct Groups;

#[async_trait]
impl Resource for Groups {
    fn name(&self) -> &'static str {
        "groups"
    }

    async fn call(&self, command: &str, params: &Object, step: &mut StepContext) -> Answer {
        match command {
            "search" => search(params, step).await.into(),
            "get" => get(params, step).await.into(),
            "get_by_name" => get_by_name(params, step).await.into(),
            "get_or_create_by_name" => get_or_create_by_name(params, step).await.into(),
            "update" => update(params, step).await.into(),
            "count_members" => count_members(params, step).await.into(),
            "list" => list(step).await.into(),
            _ => Answer::Unknown,
        }
    }
}

async fn search(params: &Object, step: &mut StepContext) -> Result<Answer, String> {
    let query = query(params)?;
    let groups = step.groups().await?;
    let found: Vec<Value> = groups
        .iter()
        .filter(|group| query.finds(*group))
        .map(|group| shown(group, step))
        .collect();
    Ok(Answer::value("groups", found))
}

async fn get(params: &Object, step: &mut StepContext) -> Result<Answer, String> {
    let group = by_key(params, step).await?;
    Ok(Answer::value("group", shown(&group, step)))
}

async fn get_by_name(params: &Object, step: &mut StepContext) -> Result<Answer, String> {
    let group = by_name(text(params, "name")?, step).await?.ok_or("Group not found")?;
    Ok(Answer::value("group", shown(&group, step)))
}

async fn get_or_create_by_name(params: &Object, step: &mut StepContext) -> Result<Answer, String> {
    let name = text(params, "name")?;
    let found = by_name(name, step).await?;
    let created = found.is_none();
    let group = match found {
        Some(found) => found,
        None => {
            let taken: Vec<String> = step.groups().await?.into_iter().map(|group| group.key).collect();
            let is_taken = |key: &str| taken.iter().any(|held| held == key);
            let key = key_of_group(&*step.ports.account.contacts, name, is_taken).await;
            let group = Group {
                key: key.map_err(|error| error.to_string())?,
                name: name.to_owned(),
                query: None,
                created_at: step.now(),
            };
            step.add_group(group.clone()).await?;
            group
        }
    };
    Ok(Answer::Reply(Object::from_iter([
        ("created".to_owned(), created.into()),
        ("group".to_owned(), shown(&group, step)),
    ])))
}

/// A group without a query in the command has none from then on.
async fn update(params: &Object, step: &mut StepContext) -> Result<Answer, String> {
    let group = by_key(params, step).await?;
    let query = match params.get("query") {
        None | Some(Value::Null) => None,
        Some(_) => Some(text(params, "query")?.to_owned()),
    };
    let group = Group {
        name: text(params, "name")?.to_owned(),
        query,
        ..group
    };
    step.change_group(group.clone()).await?;
    Ok(Answer::value("group", shown(&group, step)))
}

async fn count_members(params: &Object, step: &mut StepContext) -> Result<Answer, String> {
    let group = by_key(params, step).await?;
    let members = match &group.query {
        Some(query) => Query::parse(query).map_err(|error| error.to_string())?,
        None => Query::word("groups", &group.key),
    };
    let count = step.count_contacts(&members).await?;
    Ok(Answer::Reply(Object::from_iter([
        ("count".to_owned(), count.into()),
        ("group".to_owned(), shown(&group, step)),
    ])))
}

async fn list(step: &mut StepContext) -> Result<Answer, String> {
    let groups = step.groups().await?;
    let groups: Vec<Value> = groups.iter().map(|group| shown(group, step)).collect();
    Ok(Answer::value("groups", groups))
}

async fn by_key(params: &Object, step: &mut StepContext) -> Result<Group, String> {
    let group = step.group(text(params, "key")?).await?;
    group.ok_or_else(|| "Group not found".to_owned())
}

/// The one group of a name.
async fn by_name(name: &str, step: &mut StepContext) -> Result<Option<Group>, String> {
    let mut named = step.groups().await?.into_iter().filter(|group| group.name == name);
    match (named.next(), named.next()) {
        (_, Some(_)) => Err("Multiple groups found".to_owned()),
        (found, None) => Ok(found),
    }
}

fn text<'a>(params: &'a Object, name: &str) -> Result<&'a str, String> {
    match params.get(name) {
        None => Err(format!("Expected '{name}' field in request")),
        Some(Value::String(text)) => Ok(text),
        Some(other) => Err(format!("Value {} is not a unicode string.", python::repr_value(other))),
    }
}

fn shown(group: &Group, step: &StepContext) -> Value {
    Value::Object(group.to_json(step.ports.account.contacts.account()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resources::contacts::Contacts;
    use crate::resources::testing::{Given, run};
    use serde_json::json;

    fn group(key: &str, name: &str, query: Option<&str>) -> Value {
        json!({"$VERSION": null, "key": key, "user_account": "clinic", "name": name, "query": query,
            "created_at": "2026-11-01 00:00:00.000000"})
    }

    /// Two groups of one name, and one whose query finds Anna, who is in `g1` herself.
    fn step() -> StepContext {
        let given = Given::default();
        let held = json!({
            "contacts": [{"key": "a", "name": "Anna", "groups": ["g1"]}, {"key": "b", "name": "Ben", "groups": ["g1"]}],
            "groups": [group("g1", "Mothers to be", None), group("g2", "Staff", None), group("g3", "Staff", None),
                group("g4", "Annas", Some("name:Anna")), group("g5", "Odd", Some("some query"))],
        });
        given.account.contacts.add(held.as_object().unwrap()).unwrap();
        given.step()
    }

    async fn check(step: &mut StepContext, command: &str, params: Value, expected: Value) {
        assert_eq!(
            run(&Groups, step, command, params.clone()).await,
            expected,
            "{command} {params}"
        );
    }

    #[tokio::test]
    async fn groups_are_found() {
        let step = &mut step();
        let found = |group: Value| json!({"success": true, "group": group});
        let refused = |reason: &str| json!({"success": false, "reason": reason});
        let mothers = group("g1", "Mothers to be", None);
        let annas = group("g4", "Annas", Some("name:Anna"));
        check(step, "get", json!({"key": "g1"}), found(mothers.clone())).await;
        check(step, "get", json!({"key": "g9"}), refused("Group not found")).await;
        check(step, "get_by_name", json!({"name": "Annas"}), found(annas.clone())).await;
        check(
            step,
            "get_by_name",
            json!({"name": "Mothers"}),
            refused("Group not found"),
        )
        .await;
        check(
            step,
            "get_by_name",
            json!({"name": "Staff"}),
            refused("Multiple groups found"),
        )
        .await;
        check(
            step,
            "get_or_create_by_name",
            json!({"name": "Staff"}),
            refused("Multiple groups found"),
        )
        .await;
        let all = json!({"success": true, "groups": [annas, mothers.clone(), group("g5", "Odd", Some("some query")),
            group("g2", "Staff", None), group("g3", "Staff", None)]});
        check(step, "list", json!({}), all).await;
        let moth = json!({"success": true, "groups": [mothers]});
        check(step, "search", json!({"query": "name:Moth*"}), moth).await;
        check(
            step,
            "search",
            json!({"query": "name:foo*"}),
            json!({"success": true, "groups": []}),
        )
        .await;
        let unread = "the query cannot be read: [ is not understood; put a backslash before it if it is meant as it is";
        check(step, "search", json!({"query": "name:[BAD_QUERY!]"}), refused(unread)).await;
        for command in ["get", "update", "count_members"] {
            check(step, command, json!({}), refused("Expected 'key' field in request")).await;
        }
        check(
            step,
            "get_by_name",
            json!({"name": 5}),
            refused("Value 5 is not a unicode string."),
        )
        .await;
        check(step, "search", json!({}), refused("Expected 'query' field in request")).await;
        check(step, "remove", json!({}), json!("unknown")).await;
        assert_eq!(step.outcome.contacts, []);
    }

    #[tokio::test]
    async fn members_are_counted_the_steps_own_too() {
        let step = &mut step();
        let counted = |group: Value, count: u64| json!({"success": true, "group": group, "count": count});
        let (mothers, annas) = (
            group("g1", "Mothers to be", None),
            group("g4", "Annas", Some("name:Anna")),
        );
        check(step, "count_members", json!({"key": "g1"}), counted(mothers.clone(), 2)).await;
        check(step, "count_members", json!({"key": "g4"}), counted(annas.clone(), 1)).await;
        check(
            step,
            "count_members",
            json!({"key": "g2"}),
            counted(group("g2", "Staff", None), 0),
        )
        .await;
        let unread = "the query cannot be read: say in which field: name:some";
        check(
            step,
            "count_members",
            json!({"key": "g5"}),
            json!({"success": false, "reason": unread}),
        )
        .await;
        run(
            &Contacts,
            step,
            "new",
            json!({"contact": {"name": "Anna", "groups": ["g1"]}}),
        )
        .await;
        run(
            &Contacts,
            step,
            "update",
            json!({"key": "b", "fields": {"name": "Anna"}}),
        )
        .await;
        run(
            &Contacts,
            step,
            "save",
            json!({"contact": {"key": "a", "msisdn": "unknown"}}),
        )
        .await;
        check(step, "count_members", json!({"key": "g1"}), counted(mothers, 2)).await;
        check(step, "count_members", json!({"key": "g4"}), counted(annas, 2)).await;
    }

    #[tokio::test]
    async fn a_group_is_made_once_and_changed() {
        let step = &mut step();
        let made = run(&Groups, step, "get_or_create_by_name", json!({"name": "New"})).await;
        assert_eq!(
            (&made["created"], &made["group"]["name"]),
            (&json!(true), &json!("New"))
        );
        assert_eq!(made["group"]["created_at"], "2026-11-24 08:00:00.000000");
        let again = run(&Groups, step, "get_or_create_by_name", json!({"name": "New"})).await;
        assert_eq!((&again["created"], &again["group"]), (&json!(false), &made["group"]));
        let changed = group("g1", "Fathers", Some("name:B*"));
        let params = json!({"key": "g1", "name": "Fathers", "query": "name:B*"});
        check(step, "update", params, json!({"success": true, "group": changed})).await;
        let bare = json!({"success": true, "group": group("g1", "Fathers", None)});
        check(step, "update", json!({"key": "g1", "name": "Fathers"}), bare.clone()).await;
        check(step, "get", json!({"key": "g1"}), bare).await;
        let missing = json!({"success": false, "reason": "Group not found"});
        check(step, "update", json!({"key": "g9", "name": "x"}), missing).await;
        assert_eq!(step.outcome.contacts.len(), 3);
    }

    #[tokio::test]
    async fn an_account_and_a_step_have_so_many_and_no_more() {
        let given = Given::default();
        let groups: Vec<Value> = (0..999)
            .map(|at| group(&format!("g{at}"), &at.to_string(), None))
            .collect();
        let held = json!({"groups": groups});
        given.account.contacts.add(held.as_object().unwrap()).unwrap();
        let step = &mut given.step();
        let made = run(&Groups, step, "get_or_create_by_name", json!({"name": "last"})).await;
        assert_eq!(made["created"], true);
        let full = "The account has 1000 groups already, and may not have more: remove some.";
        let refused = json!({"success": false, "reason": full});
        check(step, "get_or_create_by_name", json!({"name": "more"}), refused).await;
        for _ in 0..199 {
            assert_eq!(
                run(&Groups, step, "update", json!({"key": "g1", "name": "x"})).await["success"],
                true
            );
        }
        let busy = json!({"success": false, "reason": "A step may change contacts and groups 200 times at most."});
        check(step, "update", json!({"key": "g1", "name": "x"}), busy).await;
        for _ in 0..50 {
            assert_eq!(
                run(&Groups, step, "count_members", json!({"key": "g1"})).await["count"],
                0
            );
        }
        let asked = "A step may search contacts, or count them, 50 times at most.";
        let refused = json!({"success": false, "reason": asked});
        check(step, "count_members", json!({"key": "g1"}), refused).await;
    }
}
