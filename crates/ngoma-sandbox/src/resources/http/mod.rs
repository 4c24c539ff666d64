//! `http.*`: calls to the outside, to the hosts the service may reach.

mod files;
mod tls;

use super::{Answer, Finish, Resource, StepContext};
use async_trait::async_trait;
use ngoma_engine::service::{HttpRequest, HttpResponse, PortError, RequestRecord};
use ngoma_message::Object;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use url::Url;

const TIMEOUT: Duration = Duration::from_secs(30);
const DATA_LIMIT: usize = 128 << 10;
const CONTENT_TYPE: &str = "content-type";

/// The resource `http`.
pub struct Http;

#[async_trait]
impl Resource for Http {
    fn name(&self) -> &'static str {
        "http"
    }

    async fn call(&self, command: &str, params: &Object, step: &mut StepContext) -> Answer {
        if !matches!(command, "get" | "put" | "post" | "patch" | "delete" | "head") {
            return Answer::Unknown;
        }
        let checked = tls::check(params, step);
        match checked.and_then(|()| read(command, params, step.ports.http_allow.as_ref())) {
            Ok(request) => send(request, step),
            Err(reason) => Answer::Refused(reason),
        }
    }
}

/// Begins the call; the step's record of it comes at once, in the order the script asked.
fn send(request: HttpRequest, step: &mut StepContext) -> Answer {
    let index = step.outcome.requests.len();
    step.outcome.requests.push(RequestRecord {
        request: request.clone(),
        code: None,
    });
    let port = Arc::clone(&step.ports.http);
    Answer::Later(Box::pin(async move {
        let response = port.call(request).await;
        let finish: Finish = Box::new(move |step| {
            step.outcome.requests[index].code = response.as_ref().ok().map(|response| response.code);
            answer(response)
        });
        finish
    }))
}

fn answer(response: Result<HttpResponse, PortError>) -> Answer {
    let response = match response {
        Ok(response) => response,
        Err(error) => return Answer::Refused(error.to_string()),
    };
    if response.body.len() > DATA_LIMIT {
        let received = response.body.len();
        return Answer::Refused(format!(
            "Received {received} bytes, maximum of {DATA_LIMIT} bytes allowed."
        ));
    }
    let mut headers = Object::new();
    for (name, value) in response.headers {
        let values = headers.entry(name).or_insert_with(|| json!([]));
        if let Value::Array(values) = values {
            values.push(value.into());
        }
    }
    let body =
        String::from_utf8(response.body).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned());
    Answer::Reply(Object::from_iter([
        ("body".to_owned(), body.into()),
        ("code".to_owned(), response.code.into()),
        ("headers".to_owned(), headers.into()),
    ]))
}

fn read(command: &str, params: &Object, allow: Option<&Arc<Vec<String>>>) -> Result<HttpRequest, String> {
    let url = params.get("url").and_then(Value::as_str).filter(|url| !url.is_empty());
    let url = url.ok_or("No URL given")?;
    let reach = check_host(url, allow)?;
    let mut headers = headers(params.get("headers"))?;
    let body = match files::form(params)? {
        Some(form) => {
            headers.retain(|(name, _)| !name.eq_ignore_ascii_case(CONTENT_TYPE));
            headers.push((CONTENT_TYPE.to_owned(), form.content_type));
            Some(form.body)
        }
        None => data(params.get("data"))?,
    };
    Ok(HttpRequest {
        method: command.to_ascii_uppercase(),
        url: url.to_owned(),
        headers,
        body,
        response_limit: DATA_LIMIT,
        timeout: TIMEOUT,
        may_be_private: reach == Allowed::Private,
    })
}

fn data(given: Option<&Value>) -> Result<Option<Vec<u8>>, String> {
    match given {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(data)) => Ok(Some(data.clone().into_bytes())),
        Some(_) => Err("\"data\" must be a string or null".into()),
    }
}

/// How far a host may lie that a service calls.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Allowed {
    /// On the public network.
    Public,
    /// On a private one too.
    Private,
}

/// What the list says of a host that whoever runs the service allows to lie on a private network: `private:10.1.2.3`.
const PRIVATE: &str = "private:";

fn check_host(url: &str, allow: Option<&Arc<Vec<String>>>) -> Result<Allowed, String> {
    let parsed = Url::parse(url).map_err(|error| format!("the URL cannot be read: {error}"))?;
    if !matches!(parsed.scheme(), "http" | "https") {
        return Err(format!(
            "the URL must begin with http:// or https://, not {}://",
            parsed.scheme()
        ));
    }
    let host = parsed.host_str().unwrap_or_default();
    let Some(allow) = allow else {
        return Ok(Allowed::Public);
    };
    let private = allow.iter().filter_map(|pattern| pattern.strip_prefix(PRIVATE));
    // By its name alone: under a star others would choose what lies on the private network.
    let mut private = private.filter(|pattern| !pattern.starts_with('*'));
    if private.any(|pattern| is_allowed(pattern, host)) {
        return Ok(Allowed::Private);
    }
    match allow.iter().any(|pattern| is_allowed(pattern, host)) {
        true => Ok(Allowed::Public),
        false => Err(format!("this service may not call {host}")),
    }
}

/// `example.org` allows itself, `*.example.org` every name under it, `*` every host.
fn is_allowed(pattern: &str, host: &str) -> bool {
    let (pattern, host) = (
        pattern.to_ascii_lowercase(),
        host.trim_end_matches('.').to_ascii_lowercase(),
    );
    match pattern.strip_prefix('*') {
        Some("") => true,
        Some(end) => end.starts_with('.') && host.len() > end.len() && host.ends_with(end),
        None => pattern == host,
    }
}

/// A header's value is a string or a list of them.
fn headers(given: Option<&Value>) -> Result<Vec<(String, String)>, String> {
    let given = match given {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Object(given)) => given,
        Some(_) => return Err("\"headers\" must be an object or null".into()),
    };
    let mut headers = Vec::new();
    for (name, values) in given {
        let values = match values {
            Value::Array(values) => values.as_slice(),
            value => std::slice::from_ref(value),
        };
        for value in values {
            let value = value
                .as_str()
                .ok_or_else(|| format!("the header {name} must be a string or a list of strings"))?;
            headers.push((name.clone(), value.to_owned()));
        }
    }
    Ok(headers)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resources::testing::{Given, run};

    fn response(code: u16, body: &str) -> HttpResponse {
        let header = |value: &str| ("set-cookie".to_owned(), value.to_owned());
        HttpResponse {
            code,
            headers: vec![header("a"), header("b")],
            body: body.into(),
        }
    }

    async fn check(given: Given, params: Value, expected: Value, requests: Value) {
        let mut step = given.step();
        assert_eq!(run(&Http, &mut step, "post", params).await, expected);
        let made = step
            .outcome
            .requests
            .iter()
            .map(|record| json!([record.request.method, record.request.url, record.code]));
        assert_eq!(Value::Array(made.collect()), requests);
    }

    fn answered(answer: Result<HttpResponse, String>) -> Given {
        let answer = Some(answer);
        Given {
            answer,
            ..Given::default()
        }
    }

    #[tokio::test]
    async fn an_answer_of_any_code_is_a_success() {
        let url = "https://api.example.org/a?b=c";
        let expected = json!({"success": true, "code": 404, "body": "no", "headers": {"set-cookie": ["a", "b"]}});
        check(
            answered(Ok(response(404, "no"))),
            json!({"url": url}),
            expected,
            json!([["POST", url, 404]]),
        )
        .await;
    }

    #[tokio::test]
    async fn no_answer_is_a_failure_that_is_on_record() {
        let expected = json!({"success": false, "reason": "nobody answers"});
        check(
            Given::default(),
            json!({"url": "http://a.b/"}),
            expected,
            json!([["POST", "http://a.b/", null]]),
        )
        .await;
    }

    #[tokio::test]
    async fn an_answer_too_large_is_refused_in_vumis_words() {
        let large = "x".repeat(131_073);
        let expected = json!({"success": false, "reason": "Received 131073 bytes, maximum of 131072 bytes allowed."});
        check(
            answered(Ok(response(200, &large))),
            json!({"url": "http://a.b/"}),
            expected,
            json!([["POST", "http://a.b/", 200]]),
        )
        .await;
    }

    #[tokio::test]
    async fn what_cannot_be_asked_is_not_asked() {
        for (params, reason) in [
            (json!({}), "No URL given"),
            (
                json!({"url": "file:///etc/passwd"}),
                "the URL must begin with http:// or https://, not file://",
            ),
            (
                json!({"url": "http://other.org/"}),
                "this service may not call other.org",
            ),
            (
                json!({"url": "http://example.org.evil.com/"}),
                "this service may not call example.org.evil.com",
            ),
            (
                json!({"url": "http://a.example.org/", "data": {}}),
                "\"data\" must be a string or null",
            ),
            (
                json!({"url": "http://a.example.org/", "files": {"f": {}}}),
                "the file \"f\" needs a data, which is a text",
            ),
        ] {
            let http_allow = Some(vec!["*.example.org".to_owned()]);
            let given = Given {
                http_allow,
                ..answered(Ok(response(200, "")))
            };
            check(given, params, json!({"success": false, "reason": reason}), json!([])).await;
        }
    }

    #[tokio::test]
    async fn files_make_the_body_and_its_type() {
        let mut step = answered(Ok(response(200, ""))).step();
        let files = json!({"photo": {"file_name": "a.png", "content_type": "image/png", "data": "aGVsbG8="}});
        for command in ["put", "post", "patch", "delete", "get", "head"] {
            let params = json!({"url": "http://a.b/", "files": files, "headers": {"Content-Type": ["text/plain"]}});
            assert_eq!(run(&Http, &mut step, command, params).await["success"], true);
            let request = step.outcome.requests.pop().unwrap().request;
            assert_eq!(request.method, command.to_uppercase());
            let [(name, value)] = request.headers.as_slice() else {
                panic!("{:?}", request.headers)
            };
            assert_eq!(name, "content-type");
            assert!(value.starts_with("multipart/form-data; boundary=ngoma-"), "{value}");
            let body = String::from_utf8(request.body.unwrap()).unwrap();
            assert!(body.contains("\r\n\r\nhello\r\n--ngoma-"), "{body}");
        }
    }

    #[test]
    fn hosts_match_exactly_or_under_a_star() {
        for (pattern, host, expected) in [
            ("example.org", "example.org", true),
            ("Example.org", "EXAMPLE.ORG", true),
            ("example.org", "a.example.org", false),
            ("*.example.org", "a.b.example.org", true),
            ("*.example.org", "example.org", false),
            ("*.example.org", "badexample.org", false),
            ("*", "example.org", true),
        ] {
            assert_eq!(is_allowed(pattern, host), expected, "{pattern} {host}");
        }
    }

    #[tokio::test]
    async fn a_host_may_be_private_only_where_it_is_allowed_by_name() {
        for (allow, expected) in [
            (None, Ok(false)),
            (Some(vec!["*"]), Ok(false)),
            (Some(vec!["10.1.2.3"]), Ok(false)),
            (Some(vec!["private:10.1.2.3"]), Ok(true)),
            (Some(vec!["*", "private:10.1.2.3"]), Ok(true)),
            (Some(vec!["private:*"]), Err("this service may not call 10.1.2.3")),
            (
                Some(vec!["private:10.1.2.4"]),
                Err("this service may not call 10.1.2.3"),
            ),
        ] {
            let http_allow = allow.map(|hosts| hosts.into_iter().map(str::to_owned).collect());
            let given = Given {
                http_allow,
                ..answered(Ok(response(200, "")))
            };
            let mut step = given.step();
            let answer = run(&Http, &mut step, "get", json!({"url": "http://10.1.2.3/"})).await;
            let asked = step.outcome.requests.pop().map(|record| record.request.may_be_private);
            match expected {
                Ok(may_be_private) => assert_eq!(asked, Some(may_be_private)),
                Err(reason) => assert_eq!((asked, &answer["reason"]), (None, &json!(reason))),
            }
        }
    }

    #[test]
    fn headers_are_strings_or_lists() {
        let given = json!({"A": ["1", "2"], "B": "3"});
        let expected = [("A", "1"), ("A", "2"), ("B", "3")].map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(headers(Some(&given)), Ok(expected.to_vec()));
        assert!(headers(Some(&json!({"A": 1}))).is_err());
    }
}
