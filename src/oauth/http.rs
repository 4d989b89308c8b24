//! HTTP as values: a request to perform, a response that came. To an authorization server only a GET,
//! or a POST of a form, so that a browser needs no preflight.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use super::quote::quote;
use super::secret::Secret;

/// The media type of a form (RFC 6749 appendix B).
pub const FORM: &str = "application/x-www-form-urlencoded";

/// What an authorization server is asked.
#[derive(Clone)]
pub struct Request {
    /// Absolute address.
    pub url: String,
    /// Further headers.
    pub headers: Vec<(String, Secret)>,
    /// The fields of a form to POST; `None` for a GET.
    pub form: Option<Vec<(&'static str, Secret)>>,
    /// Secrets that a header holds in another form, as Basic does the client's.
    pub secrets: Vec<Secret>,
}

/// Names of form fields that are no secret.
const PUBLIC_FIELDS: [&str; 5] = [
    "grant_type",
    "client_id",
    "redirect_uri",
    "scope",
    "token_type_hint",
];

impl Request {
    /// A GET.
    pub fn get(url: &str) -> Self {
        Self {
            url: url.to_owned(),
            headers: Vec::new(),
            form: None,
            secrets: Vec::new(),
        }
    }

    /// A POST of a form (RFC 6749 appendix B).
    pub fn post(url: &str, form: Vec<(&'static str, Secret)>) -> Self {
        Self {
            url: url.to_owned(),
            headers: Vec::new(),
            form: Some(form),
            secrets: Vec::new(),
        }
    }

    /// The form as `application/x-www-form-urlencoded`.
    pub fn body(&self) -> Option<String> {
        let fields = self.form.as_ref()?;
        let mut body = form_urlencoded::Serializer::new(String::new());
        for (name, value) in fields {
            body.append_pair(name, value.expose());
        }
        Some(body.finish())
    }

    /// What of `text`, which somebody else wrote, an error about this request may repeat.
    pub fn quote(&self, text: &str) -> Option<String> {
        let mut secrets = Vec::new();
        for (name, value) in self.form.as_deref().unwrap_or_default() {
            if !PUBLIC_FIELDS.contains(name) {
                secrets.push(value.expose());
            }
        }
        for (_, value) in &self.headers {
            secrets.push(value.expose());
        }
        for secret in &self.secrets {
            secrets.push(secret.expose());
        }
        quote(text, &secrets)
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Request")
            .field("url", &self.url)
            .field("form", &self.form)
            .finish_non_exhaustive()
    }
}

/// True if `fetch` takes a header of this name and value (Fetch Standard, "header name" and "header value"): the name is a
/// token (RFC 9110 section 5.6.2), the value has no NUL or line break, and no character beyond U+00FF.
pub fn is_header(name: &str, value: &str) -> bool {
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    // `fetch` takes white space away at both ends.
    let value = value.trim_matches([' ', '\t', '\r', '\n']);
    let is_allowed = |character: char| !matches!(character, '\0' | '\r' | '\n' | '\u{100}'..);
    !name.is_empty() && name.bytes().all(is_token) && value.chars().all(is_allowed)
}

/// What an authorization server answered.
#[derive(Clone)]
pub struct Response {
    /// HTTP status.
    pub status: u16,
    /// `Retry-After`, in seconds, where it was sent and readable.
    pub retry_after: Option<u32>,
    /// The body.
    pub body: String,
    /// How many seconds ago it came, at most: the token worker keeps answers, and a frozen page reads them late.
    pub age: u32,
}

impl Response {
    /// True for 200-299.
    pub fn ok(&self) -> bool {
        (200..300).contains(&self.status)
    }
}
