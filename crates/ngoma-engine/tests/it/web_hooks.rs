//! The channels' web hooks under one router.

use crate::world::World;
use axum::body::{Body, to_bytes};
use http::{Request, StatusCode};
use tower::ServiceExt;

async fn call(world: &World, method: &str, path: &str, body: Vec<u8>) -> (StatusCode, String) {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .body(Body::from(body))
        .unwrap();
    let answer = world.engine().channel_routes().oneshot(request).await.unwrap();
    let status = answer.status();
    let body = to_bytes(answer.into_body(), usize::MAX).await.unwrap();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

#[tokio::test]
async fn a_request_reaches_its_channel_with_the_path_below_it() {
    let world = World::new().await;
    let check = async |path: &str, status: u16, body: &str| {
        let (got, text) = call(&world, "GET", path, vec![]).await;
        assert_eq!((got.as_u16(), text.as_str()), (status, body), "{path}");
    };
    check("/c/demo/ussd", 200, "root").await;
    check("/c/demo/ussd/", 200, "root").await;
    check("/c/demo/sms/below/7?x=1", 200, "7").await;
    check("/c/demo/fax", 404, r#"{"error":"there is no channel demo/fax"}"#).await;
    check("/c/nobody/ussd", 404, r#"{"error":"there is no channel nobody/ussd"}"#).await;
    check("/c/demo/sms/elsewhere", 404, "").await;
}

#[tokio::test]
async fn a_body_of_more_than_a_mebibyte_is_refused() {
    let world = World::new().await;
    let (status, text) = call(&world, "POST", "/c/demo/sms", vec![0; 1 << 20]).await;
    assert_eq!((status, text.as_str()), (StatusCode::OK, "1048576"));
    let (status, _) = call(&world, "POST", "/c/demo/sms", vec![0; (1 << 20) + 1]).await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
}
