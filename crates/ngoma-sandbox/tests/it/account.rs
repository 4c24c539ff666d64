//! What a script asks of its account, through the real protocol.

use crate::harness::{Service, handler};
use ngoma_engine::ports::HandOverWrite;
use ngoma_engine::service::StepInput;
use ngoma_message::Timestamp;
use serde_json::json;

const NOW: &str = "2026-11-24 08:00:00";

fn asks(body: &str) -> Service {
    let mut service = handler(body);
    service.now = Some(NOW);
    service
}

#[tokio::test]
async fn a_step_opts_out_hands_over_and_sends_for_later() {
    let body = r"
        const person = {address_type: 'msisdn', address_value: '+27831234567', message_id: 'm1'};
        const later = new Date(Date.now() + 3600 * 1000);
        api.request('optout.optout', person, (done) =>
            api.request('optout.status', person, (status) =>
                api.request('session.hand_over', {to: 'people', reason: 'asks'}, (handed) =>
                    api.request('outbound.send_to', {content: 'a', to_addr: '+1', send_at: later}, (sent) =>
                        api.request('message_store.count_replies', {}, (counted) =>
                            reply([done.opted_out, status.created_at, handed.until, sent.success, counted.count]))))));";
    let loaded = asks(body).load().await;
    let outcome = loaded.step(StepInput::Message(json!({"message_id": "m1"}))).await;
    assert_eq!(outcome.error, None);
    let answer = outcome.replies[0].content.as_deref();
    let expected = r#"[true,"2026-11-24 08:00:00.000000","2026-11-25 08:00:00.000000",true,0]"#;
    assert_eq!(answer, Some(expected));
    assert_eq!(outcome.opt_outs.len(), 1);
    let until = Timestamp::parse("2026-11-25 08:00:00").unwrap();
    let (service, reason) = ("people".to_owned(), Some("asks".to_owned()));
    assert_eq!(outcome.hand_overs, [HandOverWrite::To { service, reason, until }]);
    let due = outcome.sends[0].send_at.map(Timestamp::to_vumi);
    assert_eq!(due.as_deref(), Some("2026-11-24 09:00:00.000000"));
}

#[tokio::test]
async fn files_reach_the_other_server_as_a_form() {
    let body = r"
        const files = {photo: {file_name: 'a.txt', content_type: 'text/plain', data: 'aGVsbG8='}};
        api.request('http.post', {url: 'http://example.org/', files}, (answer) => reply(String(answer.success)));";
    let loaded = asks(body).load().await;
    let outcome = loaded.message().await;
    assert_eq!(outcome.replies[0].content.as_deref(), Some("true"));
    let request = &outcome.requests[0].request;
    assert_eq!(request.headers.len(), 1);
    let body = String::from_utf8(request.body.clone().unwrap()).unwrap();
    assert!(
        body.contains("filename=\"a.txt\"\r\nContent-Type: text/plain\r\n\r\nhello\r\n"),
        "{body}"
    );
}

#[tokio::test]
async fn an_unknown_command_of_a_known_resource_ends_the_step() {
    for command in ["optout.forget", "session.end", "message_store.count", "http.options"] {
        let loaded = asks(&format!("api.request('{command}', {{}}, () => api.done());"))
            .load()
            .await;
        let error = loaded.message().await.error.unwrap();
        assert_eq!(error.message, format!("unknown command: {command}"));
    }
}
