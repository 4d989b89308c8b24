//! What JavaScript gets back, in the shapes of `types.d.ts`.

use core::cell::RefCell;
use esi_security::jwt::Claims;

use esi_security::web::{LoginResult, Revocation, Snapshot};
use js_sys::{JsString, Object, Reflect};
use serde::Serialize;
use serde_wasm_bindgen::Serializer;
use std::rc::Rc;
use wasm_bindgen::prelude::*;

use crate::error;

/// A plain object; what is not there is `null`.
pub(crate) fn plain(value: &impl Serialize) -> JsValue {
    let converted = value.serialize(&Serializer::json_compatible());
    converted.unwrap_or(JsValue::NULL)
}

pub(crate) fn login(result: Option<&LoginResult>) -> JsValue {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Shape<'a> {
        state: &'a str,
        return_to: Option<&'a str>,
        requested_scopes: &'a [String],
    }
    plain(&result.map(|result| Shape {
        state: &result.state,
        return_to: result.return_to.as_deref(),
        requested_scopes: &result.requested_scopes,
    }))
}

/// The object for a snapshot: one and the same until the snapshot is another, so that a user interface can
/// compare by identity.
#[derive(Default)]
pub(crate) struct Snapshots(RefCell<Option<(Snapshot, Object)>>);

impl Snapshots {
    pub(crate) fn of(&self, snapshot: &Snapshot) -> Object {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Shape<'a> {
            state: &'a str,
            reason: &'a str,
            token_identifier: Option<&'a str>,
            token_expiry: Option<i64>,
        }
        let made = self.0.borrow();
        if let Some((of, object)) = &*made
            && of == snapshot
        {
            return object.clone();
        }
        drop(made);
        let shape = plain(&Shape {
            state: snapshot.state.as_str(),
            reason: snapshot.reason.as_str(),
            token_identifier: snapshot.token_identifier.as_deref(),
            token_expiry: snapshot.token_expiry,
        });
        let object = Object::freeze(&shape.unchecked_into());
        self.0.replace(Some((snapshot.clone(), object.clone())));
        object
    }
}

pub(crate) fn revocation(result: Revocation) -> JsValue {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Shape {
        revoked: bool,
        token_type_hint: &'static str,
        status: Option<u16>,
    }
    let status = match &result.answer {
        Ok(status) => Some(*status),
        Err(error) => error.status(),
    };
    let object = plain(&Shape {
        revoked: result.answer.is_ok(),
        token_type_hint: result.hint.as_str(),
        status,
    });
    set(
        &object,
        "error",
        &result.answer.err().map_or(JsValue::NULL, error::to_js),
    );
    object
}

/// The claims of a token that was verified, as the text that JavaScript makes an object of at each call: a page may
/// change what it got.
#[derive(Default)]
pub(crate) struct VerifiedClaims(RefCell<Option<(Rc<Claims>, JsString)>>);

impl VerifiedClaims {
    pub(crate) fn of(&self, claims: &Rc<Claims>) -> JsValue {
        let made = self.0.borrow().clone();
        let made = made.filter(|(of, _)| Rc::ptr_eq(of, claims));
        let (_, text) = made.unwrap_or_else(|| {
            let made = (Rc::clone(claims), json(claims, true));
            self.0.replace(Some(made.clone()));
            made
        });
        parse(&text)
    }
}

/// The claims of a token whose signature nobody has looked at.
pub(crate) fn unverified_claims(claims: &Claims) -> JsValue {
    parse(&json(claims, false))
}

/// Of a text that was made here, where it cannot fail.
fn parse(json: &JsString) -> JsValue {
    #[wasm_bindgen]
    extern "C" {
        // js-sys would copy the text each time.
        #[wasm_bindgen(js_namespace = JSON, catch)]
        fn parse(text: &JsString) -> Result<JsValue, JsValue>;
    }
    parse(json).unwrap_or_default()
}

fn json(claims: &Claims, verified: bool) -> JsString {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Shape<'a> {
        verified: bool,
        character_id: Option<u64>,
        subject: Option<&'a str>,
        name: Option<&'a str>,
        owner: Option<&'a str>,
        scopes: &'a [String],
        issuer: Option<&'a str>,
        audience: &'a [String],
        authorized_party: Option<&'a str>,
        issued_at: Option<i64>,
        expires_at: Option<i64>,
        tenant: Option<&'a str>,
        tier: Option<&'a str>,
        region: Option<&'a str>,
    }
    let shape = Shape {
        verified,
        character_id: claims.character_id,
        subject: claims.subject.as_deref(),
        name: claims.name.as_deref(),
        owner: claims.owner.as_deref(),
        scopes: &claims.scopes,
        issuer: claims.issuer.as_deref(),
        audience: &claims.audience,
        authorized_party: claims.authorized_party.as_deref(),
        issued_at: claims.issued_at,
        expires_at: claims.expires_at,
        tenant: claims.tenant.as_deref(),
        tier: claims.tier.as_deref(),
        region: claims.region.as_deref(),
    };
    // In one text: each member by itself would take a call to JavaScript or two, and a token may have a hundred scopes.
    let mut json = serde_json::to_string(&shape).unwrap_or_default();
    json.pop();
    json.push_str(",\"raw\":");
    json.push_str(&claims.raw);
    json.push('}');
    json.into()
}

/// On an object made here, where it cannot fail.
fn set(object: &JsValue, name: &str, value: &JsValue) {
    let _ = Reflect::set(object, &name.into(), value);
}
