//! How a message is handed over to Kannel: a GET of its smsbox, as its user guide's "Using HTTP-SMS" describes.

use std::fmt::Write;

use anyhow::{Result, ensure};

use super::texts::Text;
use crate::http::Answer;

/// ```text
/// /cgi-bin/sendsms?username=bench&password=bench&from=8864&to=27830012345&text=Dear%20Thandi%2C%20…
/// ```
pub fn path(from: &str, text: &Text) -> String {
    let mut path = format!(
        "/cgi-bin/sendsms?username=bench&password=bench&from={from}&to={}&text=",
        text.to.trim_start_matches('+')
    );
    for octet in text.content.bytes() {
        match octet {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-' => path.push(char::from(octet)),
            _ => write!(path, "%{octet:02X}").expect("a string takes everything"),
        }
    }
    path
}

/// Checks that the message was taken; the smsbox says so once the bearerbox has stored it.
pub fn read_answer(answer: &Answer) -> Result<()> {
    let is_taken = answer.status == 202 && answer.body.starts_with("0: Accepted");
    ensure!(is_taken, "status {}: {}", answer.status, answer.body);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_percent_encoded() {
        let text = Text {
            to: "+27830012345".to_owned(),
            content: "10:30, é".to_owned(),
        };
        let path = path("8864", &text);
        let parameters = "username=bench&password=bench&from=8864&to=27830012345&text=10%3A30%2C%20%C3%A9";
        assert_eq!(path, format!("/cgi-bin/sendsms?{parameters}"));
    }

    #[test]
    fn only_an_accepted_message_is_taken() {
        let check = |status, body: &str, is_taken| {
            let body = body.to_owned();
            assert_eq!(read_answer(&Answer { status, body }).is_ok(), is_taken);
        };
        check(202, "0: Accepted for delivery", true);
        check(202, "3: Queued for later delivery", false);
        check(403, "Authorization failed for sendsms", false);
    }
}
