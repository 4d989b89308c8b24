//! The authorization response (RFC 6749 sections 4.1.2, 4.1.2.1 and 4.2.2, RFC 9207): what came back
//! in the query or, for the implicit grant, in the fragment of the redirect URI.

use alloc::borrow::Cow;
use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use super::error_code;
use super::metadata::is_same_issuer;
use super::quote::quote;
use super::secret::Secret;
use crate::record::Members;
use crate::{Error, ErrorKind, Phase};

/// The part of an address that an answer stands in (RFC 3986 section 3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Component {
    /// A code, or the refusal of one.
    Query,
    /// The implicit grant's token, or the refusal of one.
    Fragment,
}

impl Component {
    /// The parameters of an answer there, which are ours to take out of the address. `session_state` comes from
    /// servers with OpenID Connect Session Management.
    pub const fn parameters(self) -> &'static [&'static str] {
        match self {
            Self::Query => &[
                "code",
                "state",
                "iss",
                "error",
                "error_description",
                "error_uri",
                "session_state",
            ],
            Self::Fragment => &[
                "code",
                "access_token",
                "token_type",
                "expires_in",
                "scope",
                "state",
                "iss",
                "error",
                "error_description",
                "error_uri",
                "session_state",
            ],
        }
    }

    /// The parameters there. A fragment that is a route (`#/list?state=open`, `#!/list`) has none.
    fn fields(self, encoded: &str) -> Fields<'_> {
        if self == Self::Fragment && encoded.starts_with(['/', '!']) {
            return Vec::new();
        }
        fields(encoded)
    }

    /// A query or fragment without those parameters, the others as they were spelled.
    pub fn strip(self, encoded: &str) -> String {
        // A hash router may have put the mark of a route before the first of them.
        let (mark, encoded) = if self == Self::Fragment {
            split_mark(encoded)
        } else {
            ("", encoded)
        };
        // Decoded as when they were read: `%63ode` is a code too.
        let is_ours = |pair: &str| {
            let field = fields(pair);
            field
                .first()
                .is_some_and(|(name, _)| self.parameters().contains(&name.as_ref()))
        };
        let (mut kept, mut before) = (mark.to_owned(), "");
        for pair in encoded.split('&') {
            if !is_ours(pair) {
                kept.push_str(before);
                kept.push_str(pair);
                before = "&";
            }
        }
        kept
    }

    /// The same where it holds an answer, which always has a `state`, and else as it is: a page may have a `code`
    /// of its own. A token leaves in any case.
    pub fn without_answer(self, encoded: &str) -> String {
        let fields = self.fields(encoded);
        let has_answer = match self {
            Self::Query => is_answer(&fields, self) && has(&fields, "state"),
            Self::Fragment => {
                let (_, unmarked) = split_mark(encoded);
                is_answer(&fields, self) || has(&self.fields(unmarked), "access_token")
            }
        };
        if has_answer {
            self.strip(encoded)
        } else {
            encoded.to_owned()
        }
    }
}

/// What the server decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A code to exchange.
    Code(Secret),
    /// The implicit grant: a token response, as JSON with the same members as the token endpoint's.
    Token(Secret),
    /// It refuses, or the user does.
    Refused {
        /// The error code (section 4.1.2.1).
        error: String,
        /// The text for people.
        description: Option<String>,
    },
}

impl Outcome {
    /// Tells one answer from another without keeping it.
    pub fn digest(&self) -> String {
        let (kind, text) = match self {
            Self::Code(code) => ("code ", code.expose()),
            Self::Token(json) => ("token ", json.expose()),
            Self::Refused { error, .. } => ("error ", error.as_str()),
        };
        let digest = Sha256::new().chain_update(kind).chain_update(text);
        URL_SAFE_NO_PAD.encode(digest.finalize())
    }
}

/// An answer of another kind than the login asked for.
pub fn unasked(phase: Phase) -> Error {
    Error::from(ErrorKind::AuthorizationFailed {
        phase,
        error: Some("unsupported_response_type"),
        description: None,
    })
}

/// The error that a refusal of the login with this `state` means (section 4.1.2.1).
pub fn refusal(error: &str, description: Option<&str>, state: &str) -> Error {
    let description = description.and_then(|text| quote(text, &[state]));
    let kind = match error_code::registered(error) {
        Some("access_denied") => ErrorKind::AccessDenied { description },
        error => ErrorKind::AuthorizationFailed {
            phase: Phase::Redirect,
            error,
            description,
        },
    };
    kind.into()
}

/// An authorization response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthorizationResponse {
    /// As sent with the request; `None` where it is missing.
    pub state: Option<String>,
    /// Who answers (RFC 9207).
    pub issuer: Option<String>,
    /// What it decided.
    pub outcome: Outcome,
    /// Where it stands.
    pub component: Component,
}

impl AuthorizationResponse {
    /// Reads the query and the fragment, without their `?` and `#`. `None` if neither holds an
    /// authorization response.
    pub fn parse(query: &str, fragment: &str) -> Result<Option<Self>, Error> {
        let query = Component::Query.fields(query);
        if is_answer(&query, Component::Query) {
            return Self::from_query(&query, Component::Query).map(Some);
        }
        let fragment = Component::Fragment.fields(fragment);
        if has(&fragment, "access_token") {
            return Self::from_fragment(&fragment).map(Some);
        }
        if is_answer(&fragment, Component::Fragment) {
            return Self::from_query(&fragment, Component::Fragment).map(Some);
        }
        Ok(None)
    }

    /// True if a query or fragment has the `state` parameter of this response, and its code or error.
    pub fn is_in(&self, encoded: &str) -> bool {
        let has = |name, value| has_parameter(encoded, name, value);
        self.state
            .as_deref()
            .is_some_and(|state| has("state", state))
            && match &self.outcome {
                Outcome::Code(code) => has("code", code.expose()),
                Outcome::Refused { error, .. } => error.is_empty() || has("error", error),
                Outcome::Token(_) => true,
            }
    }

    /// What holds a `state` and nothing that was decided: such an answer is a refusal without a code.
    pub fn undecided(encoded: &str, component: Component) -> Result<Self, Error> {
        let outcome = Outcome::Refused {
            error: String::new(),
            description: None,
        };
        Self::new(&fields(encoded), outcome, component)
    }

    fn from_query(fields: &Fields, component: Component) -> Result<Self, Error> {
        let outcome = match once(fields, "error")? {
            Some(error) => Outcome::Refused {
                error,
                description: once(fields, "error_description")?,
            },
            None => Outcome::Code(Secret::new(once(fields, "code")?.unwrap_or_default())),
        };
        Self::new(fields, outcome, component)
    }

    fn from_fragment(fields: &Fields) -> Result<Self, Error> {
        let mut members = Members::new();
        for name in ["access_token", "token_type", "expires_in"] {
            if let Some(text) = once(fields, name)? {
                members.text(name, &text);
            }
        }
        let outcome = Outcome::Token(Secret::new(members.finish()));
        Self::new(fields, outcome, Component::Fragment)
    }

    fn new(fields: &Fields, outcome: Outcome, component: Component) -> Result<Self, Error> {
        Ok(Self {
            state: once(fields, "state")?,
            issuer: once(fields, "iss")?,
            outcome,
            component,
        })
    }

    /// Compares `iss` with the issuer that the login was begun with (RFC 9207 section 2.4). Where its metadata says that
    /// each answer has `iss`, one without it is refused.
    pub fn check_issuer(&self, issuer: &str, required: bool) -> Result<(), Error> {
        let accepted = match &self.issuer {
            Some(sent) => is_same_issuer(sent, issuer),
            None => !required,
        };
        if accepted {
            Ok(())
        } else {
            let phase = Phase::Redirect;
            Err(ErrorKind::IssuerMismatch { phase }.into())
        }
    }
}

/// The mark of a route in a fragment (`/`, `!/`, `/?`), and what follows it.
fn split_mark(fragment: &str) -> (&str, &str) {
    let rest = fragment.trim_start_matches(['/', '!', '?']);
    fragment.split_at(fragment.len() - rest.len())
}

/// True if a query or fragment has this `state`.
pub fn has_state(encoded: &str, state: &str) -> bool {
    has_parameter(encoded, "state", state)
}

fn has_parameter(encoded: &str, name: &str, value: &str) -> bool {
    let fields = fields(encoded);
    fields
        .iter()
        .any(|(known, found)| known == name && found == value)
}

type Fields<'a> = Vec<(Cow<'a, str>, Cow<'a, str>)>;

fn fields(encoded: &str) -> Fields<'_> {
    let mut fields = Vec::new();
    for field in form_urlencoded::parse(encoded.as_bytes()) {
        fields.push(field);
    }
    fields
}

/// True for an answer, whatever is missing or wrong in it. In a fragment a refusal must have a `state`: a page may
/// have an `#error=…` of its own.
fn is_answer(fields: &Fields, component: Component) -> bool {
    match component {
        Component::Query => has(fields, "code") || has(fields, "error"),
        Component::Fragment => {
            has(fields, "access_token") || (has(fields, "error") && has(fields, "state"))
        }
    }
}

/// A parameter without a value counts as missing (RFC 6749 section 3.1).
fn has(fields: &Fields, name: &str) -> bool {
    fields
        .iter()
        .any(|(key, value)| key == name && !value.is_empty())
}

/// A parameter that must not appear twice (RFC 6749 section 3.1).
fn once(fields: &Fields, name: &'static str) -> Result<Option<String>, Error> {
    let mut found = None;
    for (key, value) in fields {
        if key == name && found.replace(value.as_ref()).is_some() {
            return Err(Error::argument(
                Phase::Redirect,
                name,
                "appears twice in the authorization response",
            ));
        }
    }
    Ok(found
        .filter(|value| !value.is_empty())
        .map(ToOwned::to_owned))
}
