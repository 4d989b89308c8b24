//! What JavaScript gets back, in the shapes of `types.d.ts`.

use core::cell::RefCell;
use std::rc::Rc;

use esi_security::jwt::Claims;
use esi_security::oauth::secret::Secret;
use esi_security::oauth::token_response::TokenResponse;
use esi_security::web::{LoginResult, Revocation, Snapshot, number, object, or_null};
use js_sys::{JSON, JsString, Object};
use wasm_bindgen::prelude::*;

use crate::error;

/// A list of texts.
fn list(texts: &[String]) -> JsValue {
    serde_wasm_bindgen::to_value(texts).unwrap_or_default()
}

pub(crate) fn tokens(response: &TokenResponse) -> JsValue {
    let mut members = vec![
        ("access_token", response.access_token.expose().into()),
        ("token_type", response.token_type.as_str().into()),
        (
            "refresh_token",
            or_null(response.refresh_token.as_ref().map(Secret::expose)),
        ),
    ];
    members.extend(response.expires_in.map(|life| ("expires_in", life.into())));
    object(&members).into()
}

pub(crate) fn login(result: Option<&LoginResult>) -> JsValue {
    or_null(result.map(|result| {
        object(&[
            ("state", result.state.as_str().into()),
            ("returnTo", or_null(result.return_to.as_deref())),
            ("requestedScopes", list(&result.requested_scopes)),
        ])
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
        let object = Object::freeze(&object(&[
            ("state", snapshot.state.as_str().into()),
            ("reason", snapshot.reason.as_str().into()),
            (
                "tokenIdentifier",
                or_null(snapshot.token_identifier.as_deref()),
            ),
            ("tokenExpiry", or_null(snapshot.token_expiry.map(number))),
        ]));
        self.0.replace(Some((snapshot.clone(), object.clone())));
        object
    }
}

pub(crate) fn revocation(result: Revocation) -> JsValue {
    let status = match &result.answer {
        Ok(status) => Some(*status),
        Err(error) => error.status(),
    };
    object(&[
        ("revoked", result.answer.is_ok().into()),
        ("tokenTypeHint", result.hint.as_str().into()),
        ("status", or_null(status)),
        ("error", or_null(result.answer.err().map(error::to_js))),
    ])
    .into()
}

/// The claims of a token that was verified, as the text that JavaScript makes an object of at each call: a page may
/// change what it got.
#[derive(Default)]
pub(crate) struct VerifiedClaims(RefCell<Option<(Rc<Claims>, JsString)>>);

impl VerifiedClaims {
    pub(crate) fn of(&self, verified: &Rc<Claims>) -> JsValue {
        #[wasm_bindgen]
        extern "C" {
            // js-sys would copy the text each time.
            #[wasm_bindgen(js_namespace = JSON, catch)]
            fn parse(text: &JsString) -> Result<JsValue, JsValue>;
        }
        let made = self.0.borrow().clone();
        if let Some((of, text)) = made
            && Rc::ptr_eq(&of, verified)
        {
            // A text that was made here.
            return parse(&text).unwrap_or_default();
        }
        let object = claims(verified, true);
        let text = JSON::stringify(&object).ok();
        self.0.replace(text.map(|text| (Rc::clone(verified), text)));
        object
    }
}

pub(crate) fn claims(claims: &Claims, verified: bool) -> JsValue {
    #[expect(clippy::cast_precision_loss, reason = "at most 2^53 - 1")]
    let character_id = claims.character_id.map(|id| id as f64);
    let raw = JSON::parse(&claims.raw);
    object(&[
        ("verified", verified.into()),
        ("characterId", or_null(character_id)),
        ("subject", or_null(claims.subject.as_deref())),
        ("name", or_null(claims.name.as_deref())),
        ("owner", or_null(claims.owner.as_deref())),
        ("scopes", list(&claims.scopes)),
        ("issuer", or_null(claims.issuer.as_deref())),
        ("audience", list(&claims.audience)),
        (
            "authorizedParty",
            or_null(claims.authorized_party.as_deref()),
        ),
        ("issuedAt", or_null(claims.issued_at.map(number))),
        ("expiresAt", or_null(claims.expires_at.map(number))),
        ("tenant", or_null(claims.tenant.as_deref())),
        ("tier", or_null(claims.tier.as_deref())),
        ("region", or_null(claims.region.as_deref())),
        ("raw", raw.unwrap_or_else(|_| Object::new().into())),
    ])
    .into()
}
