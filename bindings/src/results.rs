//! What JavaScript gets back, in the shapes of `types.d.ts`.

use core::cell::RefCell;
use std::rc::Rc;

use esi_security::Members;
use esi_security::client::{LoginResult, Revocation, Snapshot};
use esi_security::jwt::Claims;
use esi_security::oauth::secret::Secret;
use esi_security::oauth::token_response::TokenResponse;
use esi_security::web::{object, or_null, set};
use js_sys::{JsString, Object};
use wasm_bindgen::prelude::*;

use crate::error;

pub(crate) fn tokens(response: &TokenResponse) -> JsValue {
    let mut members = Members::new();
    members.text("access_token", response.access_token.expose());
    members.text("token_type", &response.token_type);
    let refresh_token = response.refresh_token.as_ref().map(Secret::expose);
    members.text_or_null("refresh_token", refresh_token);
    if let Some(life) = response.expires_in {
        members.number("expires_in", life.into());
    }
    object(members).into()
}

pub(crate) fn login(result: Option<&LoginResult>) -> JsValue {
    or_null(result.map(|result| {
        let mut members = Members::new();
        members.text("state", &result.state);
        members.text_or_null("returnTo", result.return_to.as_deref());
        let object = object(members);
        let scopes = serde_wasm_bindgen::to_value(&result.requested_scopes);
        set(&object, "requestedScopes", &scopes.unwrap_or_default());
        object
    }))
}

/// The object for a snapshot: one and the same until the snapshot is another, so that a user interface can
/// compare by identity.
#[derive(Default)]
pub(crate) struct Snapshots(RefCell<Option<(Snapshot, Object)>>);

impl Snapshots {
    pub(crate) fn of(&self, snapshot: &Snapshot) -> Object {
        let made = self.0.borrow();
        if let Some((of, object)) = &*made
            && of == snapshot
        {
            return object.clone();
        }
        drop(made);
        let mut members = Members::new();
        members.text("state", snapshot.state.as_str());
        members.text("reason", snapshot.reason.as_str());
        members.text_or_null("tokenIdentifier", snapshot.token_identifier.as_deref());
        members.number_or_null("tokenExpiry", snapshot.token_expiry);
        let object = Object::freeze(&object(members));
        self.0.replace(Some((snapshot.clone(), object.clone())));
        object
    }
}

pub(crate) fn revocation(result: Revocation) -> JsValue {
    let status = match &result.answer {
        Ok(status) => Some(*status),
        Err(error) => error.status(),
    };
    let mut members = Members::new();
    members.json("revoked", flag(result.answer.is_ok()));
    members.text("tokenTypeHint", result.hint.as_str());
    members.number_or_null("status", status.map(i64::from));
    let object = object(members);
    let error = or_null(result.answer.err().map(error::to_js));
    set(&object, "error", &error);
    object.into()
}

fn flag(is_so: bool) -> &'static str {
    if is_so { "true" } else { "false" }
}

/// The claims of a token that was verified, as the text that JavaScript makes an object of at each call: a page may
/// change what it got.
#[derive(Default)]
pub(crate) struct VerifiedClaims(RefCell<Option<(Rc<Claims>, JsString)>>);

impl VerifiedClaims {
    pub(crate) fn of(&self, verified: &Rc<Claims>) -> JsValue {
        let made = self.0.borrow().clone();
        if let Some((of, text)) = made
            && Rc::ptr_eq(&of, verified)
        {
            return parse(&text);
        }
        let text = json(verified, true);
        let object = parse(&text);
        self.0.replace(Some((Rc::clone(verified), text)));
        object
    }
}

/// The claims of a token whose signature nobody has checked.
pub(crate) fn unverified(claims: &Claims) -> JsValue {
    parse(&json(claims, false))
}

fn parse(text: &JsString) -> JsValue {
    #[wasm_bindgen]
    extern "C" {
        // js-sys would copy the text each time.
        #[wasm_bindgen(js_namespace = JSON, js_name = parse, catch)]
        fn parse_json(text: &JsString) -> Result<JsValue, JsValue>;
    }
    // A text that was made here.
    parse_json(text).unwrap_or_default()
}

fn json(claims: &Claims, verified: bool) -> JsString {
    let mut members = Members::new();
    members.json("verified", flag(verified));
    #[expect(clippy::cast_possible_wrap, reason = "at most 2^53 - 1")]
    let character_id = claims.character_id.map(|id| id as i64);
    members.number_or_null("characterId", character_id);
    for (name, text) in [
        ("subject", &claims.subject),
        ("name", &claims.name),
        ("owner", &claims.owner),
        ("issuer", &claims.issuer),
        ("authorizedParty", &claims.authorized_party),
        ("tenant", &claims.tenant),
        ("tier", &claims.tier),
        ("region", &claims.region),
    ] {
        members.text_or_null(name, text.as_deref());
    }
    members.texts("scopes", &claims.scopes);
    members.texts("audience", &claims.audience);
    members.number_or_null("issuedAt", claims.issued_at);
    members.number_or_null("expiresAt", claims.expires_at);
    members.json("raw", &claims.raw);
    members.finish().into()
}
