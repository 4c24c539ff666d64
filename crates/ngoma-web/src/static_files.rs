//! Static files inside the program, under names that change with their content, so that browsers keep them for ever.

use crate::templates::Folder;
use axum::Router;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::io::Write;
use std::sync::Arc;

const FOR_EVER: &str = "public, max-age=31536000, immutable";
/// A page of the version before, or after, asks for another hash: it gets today's content, kept by nobody.
const ASK_AGAIN: &str = "no-cache";

/// The static files of a site.
pub struct StaticFiles {
    folders: Vec<Folder>,
    by_name: BTreeMap<String, Arc<StaticFile>>,
}

struct StaticFile {
    hash: String,
    content_type: &'static str,
    plain: Vec<u8>,
    gzipped: Option<Vec<u8>>,
}

impl StaticFiles {
    /// Reads, hashes and compresses every file.
    pub fn load(folders: Vec<Folder>) -> Self {
        let by_name = read_all(&folders);
        Self { folders, by_name }
    }

    /// Where a file is served: `phone.css` at `/static/phone.1a2b3c4d.css`. An unknown name is served as it is written.
    pub fn url(&self, name: &str) -> String {
        match (self.find(name), name.rsplit_once('.')) {
            (Some(file), Some((stem, extension))) => format!("/static/{stem}.{}.{extension}", file.hash),
            _ => format!("/static/{name}"),
        }
    }

    /// Debug builds read the file again, so that a change shows at the next reload.
    fn find(&self, name: &str) -> Option<Arc<StaticFile>> {
        if cfg!(debug_assertions) {
            let mut files = self.folders.iter().rev().flat_map(Folder::files);
            let (_, content) = files.find(|(candidate, _)| candidate == name)?;
            Some(Arc::new(StaticFile::new(name, content)))
        } else {
            self.by_name.get(name).cloned()
        }
    }
}

impl StaticFile {
    fn new(name: &str, plain: Vec<u8>) -> Self {
        let digest = Sha256::digest(&plain);
        Self {
            hash: digest[..4].iter().map(|byte| format!("{byte:02x}")).collect(),
            content_type: content_type(name),
            gzipped: gzip(&plain).filter(|smaller| smaller.len() < plain.len()),
            plain,
        }
    }
}

/// Serves `/static/<name>.<hash8>.<extension>`.
pub fn routes(files: Arc<StaticFiles>) -> Router {
    Router::new().route("/static/{file}", get(serve_file)).with_state(files)
}

async fn serve_file(State(files): State<Arc<StaticFiles>>, Path(asked): Path<String>, headers: HeaderMap) -> Response {
    let (name, hash) = split_hash(&asked);
    let Some(file) = files.find(&name).or_else(|| files.find(&asked)) else {
        return crate::AppError::not_found("There is no such file.").into_response();
    };
    let caching = if hash == Some(file.hash.as_str()) {
        FOR_EVER
    } else {
        ASK_AGAIN
    };
    let compressed = file.gzipped.as_ref().filter(|_| accepts_gzip(&headers));
    let etag = format!("\"{}{}\"", file.hash, if compressed.is_some() { "-gz" } else { "" });
    let mut answer = if names_etag(&headers, &etag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        compressed.unwrap_or(&file.plain).clone().into_response()
    };
    let set = answer.headers_mut();
    set.insert(header::CONTENT_TYPE, HeaderValue::from_static(file.content_type));
    set.insert(header::CACHE_CONTROL, HeaderValue::from_static(caching));
    set.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if compressed.is_some() {
        set.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    if let Ok(etag) = HeaderValue::from_str(&etag) {
        set.insert(header::ETAG, etag);
    }
    answer
}

/// `phone.1a2b3c4d.css` is `phone.css` with the hash `1a2b3c4d`.
fn split_hash(asked: &str) -> (String, Option<&str>) {
    let parts = asked
        .rsplit_once('.')
        .and_then(|(rest, extension)| Some((rest.rsplit_once('.')?, extension)));
    match parts {
        Some(((stem, hash), extension)) if hash.len() == 8 => (format!("{stem}.{extension}"), Some(hash)),
        _ => (asked.to_owned(), None),
    }
}

/// Whether the client takes gzip.
pub(crate) fn accepts_gzip(headers: &HeaderMap) -> bool {
    let accepted = headers
        .get(header::ACCEPT_ENCODING)
        .and_then(|value| value.to_str().ok());
    accepted.is_some_and(|list| {
        list.split(',')
            .any(|coding| coding.trim().split(';').next() == Some("gzip"))
    })
}

fn names_etag(headers: &HeaderMap, etag: &str) -> bool {
    let known = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    known.is_some_and(|list| list.split(',').any(|candidate| candidate.trim() == etag))
}

/// The bytes compressed as well as gzip can.
pub(crate) fn gzip(plain: &[u8]) -> Option<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(plain).ok()?;
    encoder.finish().ok()
}

fn read_all(folders: &[Folder]) -> BTreeMap<String, Arc<StaticFile>> {
    let files = folders.iter().flat_map(Folder::files);
    files
        .map(|(name, content)| (name.clone(), Arc::new(StaticFile::new(&name, content))))
        .collect()
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit('.').next().unwrap_or_default() {
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "woff2" => "font/woff2",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;
    use http::Request;
    use http_body_util::BodyExt;
    use rust_embed::RustEmbed;
    use tower::ServiceExt;

    #[derive(RustEmbed)]
    #[folder = "static/"]
    struct Base;

    fn files() -> Arc<StaticFiles> {
        Arc::new(StaticFiles::load(vec![Folder::of(Base)]))
    }

    async fn ask(path: &str, name: header::HeaderName, value: &str) -> (StatusCode, HeaderMap, Vec<u8>) {
        let request = Request::get(path).header(name, value).body(Body::empty()).unwrap();
        let (parts, body) = routes(files()).oneshot(request).await.unwrap().into_parts();
        (
            parts.status,
            parts.headers,
            body.collect().await.unwrap().to_bytes().to_vec(),
        )
    }

    #[test]
    fn a_name_holds_eight_digits_of_the_contents_hash() {
        let url = files().url("base.css");
        let (name, hash) = split_hash(url.strip_prefix("/static/").unwrap());
        assert_eq!(name, "base.css");
        assert!(
            hash.is_some_and(|hash| hash.bytes().all(|byte| byte.is_ascii_hexdigit())),
            "{url}"
        );
    }

    #[test]
    fn hashes_are_told_from_names() {
        fn check(asked: &str, name: &str, hash: Option<&str>) {
            assert_eq!(split_hash(asked), (name.to_owned(), hash));
        }
        check("phone.1a2b3c4d.css", "phone.css", Some("1a2b3c4d"));
        check("phone.css", "phone.css", None);
        check("a.b.css", "a.b.css", None);
        check("plain", "plain", None);
    }

    #[tokio::test]
    async fn a_client_that_takes_gzip_gets_fewer_bytes() {
        let url = files().url("base.css");
        let (_, headers, small) = ask(&url, header::ACCEPT_ENCODING, "br, gzip;q=0.8").await;
        let (_, plain_headers, plain) = ask(&url, header::ACCEPT_ENCODING, "identity").await;
        assert_eq!(headers[header::CONTENT_ENCODING], "gzip");
        assert!(!plain_headers.contains_key(header::CONTENT_ENCODING));
        assert!(small.len() < plain.len());
    }

    #[tokio::test]
    async fn a_known_etag_is_answered_without_a_body() {
        let url = files().url("base.css");
        let (_, headers, _) = ask(&url, header::ACCEPT_ENCODING, "identity").await;
        let etag = headers[header::ETAG].to_str().unwrap().to_owned();
        let (status, _, body) = ask(&url, header::IF_NONE_MATCH, &etag).await;
        assert_eq!((status, body.len()), (StatusCode::NOT_MODIFIED, 0));
    }

    #[tokio::test]
    async fn an_outdated_hash_gets_todays_content_that_nobody_keeps() {
        let (status, headers, _) = ask("/static/base.00000000.css", header::ACCEPT_ENCODING, "identity").await;
        assert_eq!(status, StatusCode::OK);
        assert_eq!(headers[header::CACHE_CONTROL], ASK_AGAIN);
    }

    #[tokio::test]
    async fn paths_outside_the_folder_are_not_found() {
        for path in [
            "/static/..%2Fsrc%2Flib.rs",
            "/static/%2Fetc%2Fpasswd",
            "/static/none.css",
        ] {
            let (status, ..) = ask(path, header::ACCEPT_ENCODING, "identity").await;
            assert_eq!(status, StatusCode::NOT_FOUND, "{path}");
        }
    }
}
