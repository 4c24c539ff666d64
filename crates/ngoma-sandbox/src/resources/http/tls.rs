//! `verify_options` and `ssl_method`: what Vumi let a service say about its connections. They are checked and otherwise
//! not heeded: certificates are always verified, and the protocol is the newest both ends know, TLS 1.2 at least.

use super::StepContext;
use ngoma_message::Object;
use serde_json::Value;

const VERIFY_NONE: &str = "VERIFY_NONE";
const VERIFY_OPTIONS: [&str; 4] = [
    VERIFY_NONE,
    "VERIFY_PEER",
    "VERIFY_CLIENT_ONCE",
    "VERIFY_FAIL_IF_NO_PEER_CERT",
];
const METHODS: [&str; 3] = ["SSLv3", "SSLv23", "TLSv1"];
const NOT_HEEDED: &str = "http: VERIFY_NONE is not heeded: certificates are always verified, and a call to a server whose \
    certificate is not in order fails. Leave verify_options out.";

/// Checks what a command says of its connection. Who asks for unverified certificates learns from the log, once a step, that
/// they are verified all the same.
pub fn check(params: &Object, step: &mut StepContext) -> Result<(), String> {
    if let Some(method) = params.get("ssl_method")
        && !method.as_str().is_some_and(|method| METHODS.contains(&method))
    {
        return Err(format!("{method} is no ssl_method: {}", METHODS.join(", ")));
    }
    let options = match params.get("verify_options") {
        None | Some(Value::Null) => return Ok(()),
        Some(Value::Array(options)) => options,
        Some(_) => return Err("\"verify_options\" must be a list or null".into()),
    };
    let is_known = |option: &&Value| option.as_str().is_some_and(|option| VERIFY_OPTIONS.contains(&option));
    if let Some(unknown) = options.iter().find(|option| !is_known(option)) {
        return Err(format!("{unknown} is no verify option: {}", VERIFY_OPTIONS.join(", ")));
    }
    let is_told = step.outcome.log.iter().any(|line| line.message == NOT_HEEDED);
    if options.iter().any(|option| option == VERIFY_NONE) && !is_told {
        step.log("warning", NOT_HEEDED);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resources::testing::Given;
    use serde_json::json;

    #[test]
    fn what_vumi_knew_is_taken_and_anything_else_is_not() {
        let check_one = |params: Value, expected: Result<(), &str>| {
            let mut step = Given::default().step();
            let checked = check(params.as_object().unwrap(), &mut step);
            match expected {
                Ok(()) => assert_eq!(checked, Ok(()), "{params}"),
                Err(problem) => assert!(checked.unwrap_err().starts_with(problem), "{params}"),
            }
        };
        check_one(json!({}), Ok(()));
        check_one(json!({"verify_options": null}), Ok(()));
        check_one(json!({"verify_options": ["VERIFY_PEER", "VERIFY_CLIENT_ONCE"]}), Ok(()));
        for method in METHODS {
            check_one(json!({"ssl_method": method}), Ok(()));
        }
        check_one(json!({"ssl_method": "TLSv9"}), Err("\"TLSv9\" is no ssl_method"));
        check_one(
            json!({"verify_options": "VERIFY_PEER"}),
            Err("\"verify_options\" must be a list"),
        );
        check_one(
            json!({"verify_options": ["VERIFY"]}),
            Err("\"VERIFY\" is no verify option"),
        );
    }

    #[test]
    fn who_asks_for_unverified_certificates_is_told_once() {
        let mut step = Given::default().step();
        let params = json!({"verify_options": ["VERIFY_NONE"]});
        for _ in 0..2 {
            check(params.as_object().unwrap(), &mut step).unwrap();
        }
        let log: Vec<&str> = step.outcome.log.iter().map(|line| line.message.as_str()).collect();
        assert_eq!(log, [NOT_HEEDED]);
    }
}
