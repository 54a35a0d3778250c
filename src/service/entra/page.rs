//! The pages that people see: plain forms, without script, that any browser or test can send.

use std::fmt::Write as _;

use axum::http::HeaderName;
use axum::http::HeaderValue;
use axum::http::StatusCode;
use axum::http::header;
use axum::response::IntoResponse;
use axum::response::Response;

/// Signing in for an application that waits for an answer.
pub(super) fn sign_in(tenant: &str, ticket: &str, hint: &str, problem: Option<&str>) -> Response {
    let body = format!(
        "<h1>Sign in</h1>{problem}\
         <form method=\"post\" action=\"/{tenant}/login\">\
         <input type=\"hidden\" name=\"ticket\" value=\"{ticket}\">{name}{buttons}</form>",
        problem = problem.map(alert).unwrap_or_default(),
        tenant = escape(tenant),
        ticket = escape(ticket),
        name = name_field(hint),
        buttons = BUTTONS,
    );
    page(StatusCode::OK, "Sign in", &body)
}

/// Signing in for a device that shows a code.
pub(super) fn device(code: &str, problem: Option<&str>) -> Response {
    let body = format!(
        "<h1>Sign in on a device</h1>{problem}\
         <p>Go on only if the code is on a screen before you.</p>\
         <form method=\"post\" action=\"/devicelogin\">\
         <p><label>Code <input name=\"user_code\" value=\"{code}\" autocomplete=\"off\" required></label></p>\
         {name}{buttons}</form>",
        problem = problem.map(alert).unwrap_or_default(),
        code = escape(code),
        name = name_field(""),
        buttons = BUTTONS,
    );
    page(StatusCode::OK, "Sign in on a device", &body)
}

/// Agreeing for everybody.
pub(super) fn consent(tenant: &str, fields: &[(&str, &str)], scopes: &str) -> Response {
    let mut asked = String::new();
    for scope in scopes.split_whitespace() {
        let _ = write!(asked, "<li>{}</li>", escape(scope));
    }
    let body = format!(
        "<h1>Agree for everybody</h1>\
         <p>As an administrator of the organisation: an application asks for this in everybody's name.</p>\
         <ul>{asked}</ul>\
         <form method=\"post\" action=\"/{}/v2.0/adminconsent\">{}\
         <p><button name=\"act\" value=\"accept\">Agree</button> \
         <button name=\"act\" value=\"decline\">Cancel</button></p></form>",
        escape(tenant),
        hidden(fields),
    );
    page(StatusCode::OK, "Agree for everybody", &body)
}

/// The answer of a sign-in as a form to an application of this machine. A page without script does not send
/// itself: the person does.
pub(super) fn hand_over(to: &str, pairs: &[(&str, &str)]) -> Response {
    let body = format!(
        "<h1>Back to the application</h1>\
         <form method=\"post\" action=\"{}\">{}<p><button>Go on</button></p></form>",
        escape(to),
        hidden(pairs)
    );
    page(StatusCode::OK, "Back to the application", &body)
}

pub(super) fn done(text: &str) -> Response {
    let body = format!("<h1>{}</h1><p>You can close this page.</p>", escape(text));
    page(StatusCode::OK, text, &body)
}

pub(super) fn refused(why: &str) -> Response {
    let body = format!("<h1>Nobody was signed in</h1><p>{}</p>", escape(why));
    page(StatusCode::BAD_REQUEST, "Nobody was signed in", &body)
}

pub(super) async fn signed_out() -> Response {
    done("You are signed out.")
}

fn hidden(fields: &[(&str, &str)]) -> String {
    let mut inputs = String::new();
    for (name, value) in fields {
        let (name, value) = (escape(name), escape(value));
        let _ = write!(
            inputs,
            "<input type=\"hidden\" name=\"{name}\" value=\"{value}\">"
        );
    }
    inputs
}

fn name_field(hint: &str) -> String {
    format!(
        "<p><label>Who you are <input name=\"user_name\" value=\"{}\" autocomplete=\"username\"></label></p>\
         <p>This service runs on its own and asks for no password: you may be anybody in its \
         directory, as ada@{domain}, bob@{domain} or carol@{domain}.</p>",
        escape(hint),
        domain = super::DOMAIN,
    )
}

fn alert(problem: &str) -> String {
    format!("<p role=\"alert\">{}</p>", escape(problem))
}

fn page(status: StatusCode, title: &str, body: &str) -> Response {
    let text = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>{}</title></head>\
         <body><main>{body}</main></body></html>",
        escape(title)
    );
    let mut answer = (status, text).into_response();
    let headers = answer.headers_mut();
    for (name, value) in [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("x-frame-options"), "DENY"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    answer
}

fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}

/// The answer to a form leads to the application on this machine.
const POLICY: &str = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; \
    form-action 'self' http://localhost:* http://127.0.0.1:*";
const BUTTONS: &str = "<p><button name=\"act\" value=\"accept\">Sign in</button> \
    <button name=\"act\" value=\"decline\">Cancel</button></p>";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_request_brings_does_not_become_markup() {
        assert_eq!(
            escape("<b a=\"1\" c='2'>&"),
            "&lt;b a=&quot;1&quot; c=&#39;2&#39;&gt;&amp;"
        );
    }
}
