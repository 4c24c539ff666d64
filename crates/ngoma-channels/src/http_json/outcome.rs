//! What a provider's answer, or the lack of one, means for a message.

use super::wire::read_provider_id;
use ngoma_engine::channel::{SendError, SendErrorKind, Sent};
use ngoma_engine::outgoing_http::{HttpError, HttpErrorKind};
use ngoma_engine::service::HttpResponse;

/// How much of a provider's refusal is kept in the reason, in characters.
const QUOTE_LIMIT: usize = 200;

/// What came of posting a message.
pub fn judge(result: Result<HttpResponse, HttpError>) -> Result<Sent, SendError> {
    match result {
        Ok(response) if (200..300).contains(&response.code) => Ok(Sent {
            provider_id: read_provider_id(&response.body),
        }),
        Ok(response) => Err(SendError::new(kind_of_status(response.code), quote(&response))),
        Err(error) => Err(SendError::new(kind_of_error(error.kind), explain(&error))),
    }
}

/// Temporary only where the provider says that it did not take the message. A 502 or 504 comes from a proxy in front of
/// it: the provider behind may have taken the message, so nobody knows.
fn kind_of_status(code: u16) -> SendErrorKind {
    match code {
        429 => SendErrorKind::Throttled,
        502 | 504 => SendErrorKind::Ambiguous,
        408 | 500.. => SendErrorKind::Temporary,
        // A redirect is not followed: the URL is wrong.
        300..=399 | 401 | 403 | 404 => SendErrorKind::Misconfigured,
        _ => SendErrorKind::Permanent,
    }
}

/// An answer that was too large to read came from somebody who had the message by then.
fn kind_of_error(kind: HttpErrorKind) -> SendErrorKind {
    match kind {
        HttpErrorKind::Refused | HttpErrorKind::BadUrl => SendErrorKind::Misconfigured,
        HttpErrorKind::Unreachable => SendErrorKind::Temporary,
        HttpErrorKind::Lost | HttpErrorKind::TooLarge => SendErrorKind::Ambiguous,
    }
}

fn quote(response: &HttpResponse) -> String {
    let body = String::from_utf8_lossy(&response.body);
    let body: String = body.trim().chars().take(QUOTE_LIMIT).collect();
    let code = response.code;
    let hint = match code {
        300..=399 => ": a redirect is not followed, set send_url to where it leads",
        401 | 403 => ": check the channel's secret",
        404 => ": check the channel's send_url",
        _ => "",
    };
    match body.as_str() {
        "" => format!("the provider answered {code}{hint}"),
        body => format!("the provider answered {code}{hint}: {body}"),
    }
}

fn explain(error: &HttpError) -> String {
    match error.kind {
        HttpErrorKind::Refused => format!(
            "{}; in development, set allow_private = true in the channel's config",
            error.reason
        ),
        HttpErrorKind::BadUrl => format!("{}: check the channel's send_url", error.reason),
        HttpErrorKind::Lost | HttpErrorKind::TooLarge => format!("it may have been sent: {}", error.reason),
        HttpErrorKind::Unreachable => error.reason.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use SendErrorKind::{Ambiguous, Misconfigured, Permanent, Temporary, Throttled};

    fn check_status(code: u16, body: &str, kind: SendErrorKind, reason: &str) {
        let response = HttpResponse {
            code,
            headers: Vec::new(),
            body: body.as_bytes().to_vec(),
        };
        assert_eq!(judge(Ok(response)), Err(SendError::new(kind, reason)), "{code}");
    }

    fn check_error(error: HttpErrorKind, kind: SendErrorKind, reason: &str) {
        let error = HttpError {
            kind: error,
            reason: "what happened".to_owned(),
        };
        assert_eq!(judge(Err(error)), Err(SendError::new(kind, reason)));
    }

    fn check_accepted(code: u16, body: &[u8], provider_id: Option<&str>) {
        let response = HttpResponse {
            code,
            headers: Vec::new(),
            body: body.to_vec(),
        };
        let provider_id = provider_id.map(str::to_owned);
        assert_eq!(judge(Ok(response)), Ok(Sent { provider_id }), "{code} {body:?}");
    }

    #[test]
    fn every_2xx_is_accepted_whatever_its_body() {
        check_accepted(200, b"", None);
        check_accepted(201, b"<html>thanks</html>", None);
        check_accepted(202, b"\xff\xfe", None);
        check_accepted(204, b"[]", None);
        check_accepted(200, br#"{"provider_id":"p-1","cost":2}"#, Some("p-1"));
        check_accepted(200, br#"{"provider_id":81}"#, Some("81"));
        check_accepted(200, br#"{"provider_id":""}"#, None);
        check_accepted(200, br#"{"provider_id":null}"#, None);
        check_accepted(200, br#"{"provider_id":{"id":1}}"#, None);
    }

    #[test]
    fn the_status_tells_the_kind() {
        check_status(
            301,
            "",
            Misconfigured,
            "the provider answered 301: a redirect is not followed, set send_url to where it leads",
        );
        check_status(400, " bad number\n", Permanent, "the provider answered 400: bad number");
        check_status(
            401,
            "",
            Misconfigured,
            "the provider answered 401: check the channel's secret",
        );
        check_status(
            403,
            "no",
            Misconfigured,
            "the provider answered 403: check the channel's secret: no",
        );
        check_status(
            404,
            "",
            Misconfigured,
            "the provider answered 404: check the channel's send_url",
        );
        check_status(408, "", Temporary, "the provider answered 408");
        check_status(410, "", Permanent, "the provider answered 410");
        check_status(422, "", Permanent, "the provider answered 422");
        check_status(429, "", Throttled, "the provider answered 429");
        check_status(500, "", Temporary, "the provider answered 500");
        check_status(502, "", Ambiguous, "the provider answered 502");
        check_status(503, "", Temporary, "the provider answered 503");
        check_status(504, "", Ambiguous, "the provider answered 504");
        check_status(599, "", Temporary, "the provider answered 599");
    }

    #[test]
    fn a_long_refusal_is_quoted_in_part() {
        let expected = format!("the provider answered 400: {}", "é".repeat(QUOTE_LIMIT));
        check_status(400, &"é".repeat(5_000), Permanent, &expected);
    }

    #[test]
    fn no_answer_is_judged_by_what_could_have_been_sent() {
        check_error(HttpErrorKind::Unreachable, Temporary, "what happened");
        check_error(HttpErrorKind::Lost, Ambiguous, "it may have been sent: what happened");
        check_error(
            HttpErrorKind::TooLarge,
            Ambiguous,
            "it may have been sent: what happened",
        );
        check_error(
            HttpErrorKind::BadUrl,
            Misconfigured,
            "what happened: check the channel's send_url",
        );
        let refused = "what happened; in development, set allow_private = true in the channel's config";
        check_error(HttpErrorKind::Refused, Misconfigured, refused);
    }
}
