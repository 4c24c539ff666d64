//! Light or dark: the reader's device decides unless the reader did, which a cookie keeps.

use axum::extract::Form;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::post;
use axum::{Router, http::HeaderMap};
use http::header;
use serde::{Deserialize, Serialize};

const COOKIE: &str = "theme";

/// The ground a reader wants.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Theme {
    /// As the device is set.
    #[default]
    Auto,
    /// White.
    Light,
    /// Near-black.
    Dark,
}

impl Theme {
    /// What the reader chose.
    pub fn of(headers: &HeaderMap) -> Self {
        let cookies = headers
            .get_all(header::COOKIE)
            .into_iter()
            .filter_map(|value| value.to_str().ok());
        let pairs = cookies
            .flat_map(|line| line.split(';'))
            .filter_map(|pair| pair.trim().split_once('='));
        match pairs.filter(|(name, _)| *name == COOKIE).map(|(_, value)| value).next() {
            Some("light") => Self::Light,
            Some("dark") => Self::Dark,
            _ => Self::Auto,
        }
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }
}

/// Serves `POST /theme`.
pub fn routes() -> Router {
    Router::new().route("/theme", post(choose_theme))
}

#[derive(Deserialize)]
struct Choice {
    theme: Theme,
}

async fn choose_theme(headers: HeaderMap, Form(choice): Form<Choice>) -> Response {
    let cookie = format!(
        "{COOKIE}={}; Path=/; Max-Age=31536000; SameSite=Lax; HttpOnly",
        choice.theme.as_str()
    );
    ([(header::SET_COOKIE, cookie)], Redirect::to(&page_before(&headers))).into_response()
}

/// The page the form was on: the path of `Referer` when it is ours, else the start.
fn page_before(headers: &HeaderMap) -> String {
    let text = |name| {
        headers
            .get(name)
            .and_then(|value: &http::HeaderValue| value.to_str().ok())
    };
    let before = text(header::REFERER).and_then(|referer| referer.parse::<http::Uri>().ok());
    match (before, text(header::HOST)) {
        (Some(uri), Some(host)) if uri.authority().is_some_and(|ours| ours.as_str() == host) => {
            let path = uri.path_and_query().map_or("/", |path| path.as_str());
            // `//elsewhere` would leave this site.
            if path.starts_with("//") {
                "/".to_owned()
            } else {
                path.to_owned()
            }
        }
        _ => "/".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    #[test]
    fn the_choice_is_read_from_the_cookie() {
        fn check(cookie: &'static str, expected: Theme) {
            let headers = HeaderMap::from_iter([(header::COOKIE, HeaderValue::from_static(cookie))]);
            assert_eq!(Theme::of(&headers), expected);
        }
        check("theme=dark", Theme::Dark);
        check("a=b; theme=light; c=d", Theme::Light);
        check("theme=pink", Theme::Auto);
        check("nothing", Theme::Auto);
    }

    #[test]
    fn the_reader_returns_to_a_page_of_this_site_only() {
        fn check(referer: &'static str, expected: &str) {
            let headers = [
                (header::REFERER, HeaderValue::from_static(referer)),
                (header::HOST, HeaderValue::from_static("localhost:8000")),
            ];
            assert_eq!(page_before(&HeaderMap::from_iter(headers)), expected);
        }
        check("http://localhost:8000/phone?from=1", "/phone?from=1");
        check("http://evil.example/phone", "/");
        check("http://localhost:8000//evil.example", "/");
        check("rubbish", "/");
    }
}
