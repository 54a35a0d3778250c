//! Somebody with a browser, who signs in at the embedded directory without seeing its pages.
#![allow(
    dead_code,
    clippy::allow_attributes,
    reason = "every test crate uses another part of it"
)]

use reqwest::StatusCode;
use reqwest::header;
use reqwest::redirect::Policy;
use url::Url;

/// A browser that stops at every redirect.
pub(crate) struct Browser(reqwest::Client);

impl Browser {
    pub(crate) fn new() -> Self {
        let client = reqwest::Client::builder().redirect(Policy::none()).build();
        Self(client.expect("a browser"))
    }

    /// Opens a page; its status and text.
    pub(crate) async fn open(&self, url: &str) -> (StatusCode, String) {
        let answer = self.0.get(url).send().await.expect("the page answers");
        let status = answer.status();
        (status, answer.text().await.expect("the page has a text"))
    }

    /// Signs in on the page behind `url`; where the browser is sent then.
    pub(crate) async fn sign_in(&self, url: &str, who: &str) -> String {
        self.answer(url, who, "sign_in").await
    }

    pub(crate) async fn decline(&self, url: &str) -> String {
        self.answer(url, "", "decline").await
    }

    async fn answer(&self, url: &str, who: &str, act: &str) -> String {
        let (status, page) = self.open(url).await;
        assert_eq!(status, StatusCode::OK, "{page}");
        let ticket = between(&page, "name=\"ticket\" value=\"", "\"");
        let action = between(&page, "action=\"", "\"");
        let action = Url::parse(url).expect("an address").join(action);
        let form = [("ticket", ticket), ("user_name", who), ("act", act)];
        let answer = self.post(action.expect("an address").as_str(), &form).await;
        assert_eq!(answer.status(), StatusCode::FOUND);
        let to = answer.headers().get(header::LOCATION);
        let to = to.and_then(|to| to.to_str().ok());
        to.expect("the browser is sent somewhere").to_owned()
    }

    /// Agrees as an administrator behind `link`; what the page asked, and where the browser is sent then.
    pub(crate) async fn agree(&self, link: &str) -> (String, String) {
        let (status, page) = self.open(link).await;
        assert_eq!(status, StatusCode::OK, "{page}");
        let action = between(&page, "action=\"", "\"");
        let action = Url::parse(link).expect("an address").join(action);
        let mut form: Vec<(&str, String)> = vec![("act", "accept".to_owned())];
        for name in ["client_id", "scope", "redirect_uri", "state"] {
            let value = between(&page, &format!("name=\"{name}\" value=\""), "\"");
            form.push((name, value.replace("&amp;", "&")));
        }
        let form: Vec<(&str, &str)> = form.iter().map(|(n, v)| (*n, v.as_str())).collect();
        let answer = self.post(action.expect("an address").as_str(), &form).await;
        let to = answer.headers().get(header::LOCATION);
        let to = to.and_then(|to| to.to_str().ok());
        (
            page.clone(),
            to.expect("the browser is sent back").to_owned(),
        )
    }

    /// Types the code of a device; what the page says then.
    pub(crate) async fn allow(&self, host: &str, code: &str, who: &str) -> String {
        self.device(host, code, who, "sign_in").await
    }

    pub(crate) async fn refuse(&self, host: &str, code: &str) -> String {
        self.device(host, code, "", "decline").await
    }

    async fn device(&self, host: &str, code: &str, who: &str, act: &str) -> String {
        let form = [("user_code", code), ("user_name", who), ("act", act)];
        let answer = self.post(&format!("{host}/devicelogin"), &form).await;
        answer.text().await.expect("the page has a text")
    }

    pub(crate) async fn post(&self, url: &str, form: &[(&str, &str)]) -> reqwest::Response {
        let mut body = url::form_urlencoded::Serializer::new(String::new());
        body.extend_pairs(form);
        let sending = self
            .0
            .post(url)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        let answer = sending.body(body.finish()).send().await;
        answer.expect("the service answers")
    }
}

/// What stands between two marks.
pub(crate) fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    let from = text.find(before).expect("the first mark is there") + before.len();
    let length = text[from..].find(after).expect("the second mark is there");
    &text[from..from + length]
}
