//! The exported class. Each method makes one promise over a clone of the session, so that `free()`
//! during a call does no harm. Arguments are read before it returns, since the page may change them
//! afterwards; one that is refused rejects the promise.

use core::cell::Cell;
use core::future::{Future, ready};
use core::mem::ManuallyDrop;
use std::rc::Rc;

use esi_security::client::host::Area;
use esi_security::client::{
    AuthUriOptions, LoginOptions, SecurityRequirements, TokenWorker, VerifyOptions,
};
use esi_security::jwt::{Check, Checks, SignatureAlgorithm};
use esi_security::oauth::metadata::Metadata;
use esi_security::oauth::secret::Secret;
use esi_security::web::{self, get, or_null};
use esi_security::{Error, Json, Phase};
use js_sys::{Function, Object, Promise};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::future_to_promise;
use web_sys::Request;

use crate::abort::{Abort, Work};
use crate::arguments::{self, Options};
use crate::results::{Snapshots, VerifiedClaims};
use crate::{error, results};

#[wasm_bindgen]
pub struct EsiSecurity {
    security: esi_security::EsiSecurity,
    snapshots: Rc<Snapshots>,
    claims: Rc<VerifiedClaims>,
}

const SIGNAL: &[&str] = &["signal"];
const AUTH_URI_OPTIONS: &[&str] = &["state", "scopes", "implicit", "extraParams", "signal"];
const LOGIN_OPTIONS: &[&str] = &[
    "state",
    "scopes",
    "implicit",
    "extraParams",
    "returnTo",
    "signal",
];
const VERIFY_OPTIONS: &[&str] = &["kid", "options", "signal"];
const AUTHORIZE_OPTIONS: &[&str] = &["security", "signal"];

#[wasm_bindgen]
impl EsiSecurity {
    #[wasm_bindgen(constructor)]
    pub fn new(options: &JsValue) -> Result<Self, JsValue> {
        constructor_options(options)
            .and_then(|options| esi_security::EsiSecurity::new(&web::client(), options))
            .map(|security| Self {
                security,
                snapshots: Rc::default(),
                claims: Rc::default(),
            })
            .map_err(error::to_js)
    }

    #[wasm_bindgen(getter)]
    pub fn state(&self) -> String {
        self.security.state().as_str().into()
    }

    #[wasm_bindgen(getter, js_name = tokenIdentifier)]
    pub fn token_identifier(&self) -> JsValue {
        or_null(self.security.token_identifier())
    }

    #[wasm_bindgen(getter, js_name = tokenWorker)]
    pub fn token_worker(&self) -> String {
        self.security.token_worker()
    }

    #[wasm_bindgen(getter, js_name = tokenExpiry)]
    pub fn token_expiry(&self) -> JsValue {
        #[expect(clippy::cast_precision_loss, reason = "seconds are far below 2^53")]
        or_null(self.security.token_expiry().map(|seconds| seconds as f64))
    }

    #[wasm_bindgen(js_name = getSnapshot)]
    pub fn get_snapshot(&self) -> Object {
        self.snapshots.of(&self.security.snapshot())
    }

    pub fn subscribe(&self, listener: JsValue) -> Result<Function, JsValue> {
        let listener: Function = listener.dyn_into().map_err(|_| {
            let refusal = Error::argument(Phase::Subscribe, "listener", "must be a function");
            error::to_js(refusal)
        })?;
        let snapshots = Rc::clone(&self.snapshots);
        let subscription = self.security.subscribe(move |snapshot| {
            let called = listener.call1(&JsValue::UNDEFINED, &snapshots.of(snapshot));
            // It stops neither this library nor another listener, and is not passed over in silence.
            called.unwrap_or_else(|thrown| error::report(&thrown));
        });
        // It stays although nobody may keep the function that ends it.
        let subscription = Cell::new(Some(ManuallyDrop::new(subscription)));
        let leave = Closure::<dyn Fn()>::new(move || {
            drop(subscription.take().map(ManuallyDrop::into_inner));
        });
        Ok(leave.into_js_value().unchecked_into())
    }

    #[wasm_bindgen(js_name = getAuthUri)]
    pub fn get_auth_uri(&self, options: &JsValue) -> Promise {
        promise(options, Phase::Login, AUTH_URI_OPTIONS, |given| {
            let options = auth_uri_options(&given);
            let security = self.security.clone();
            async move { Ok(security.get_auth_uri(options?).await?.into()) }
        })
    }

    pub fn login(&self, options: &JsValue) -> Promise {
        promise(options, Phase::Login, LOGIN_OPTIONS, |given| {
            let options = login_options(&given);
            let security = self.security.clone();
            async move {
                security.login(options?).await?;
                Ok(JsValue::UNDEFINED)
            }
        })
    }

    #[wasm_bindgen(js_name = handleRedirect)]
    pub fn handle_redirect(&self, url: &JsValue, options: &JsValue) -> Promise {
        let url = arguments::optional_text(url, Phase::Redirect, "url");
        let finished = url.map(|url| self.security.handle_redirect(url.as_deref()));
        promise(options, Phase::Redirect, SIGNAL, async move |_| {
            Ok(results::login(finished?.await?.as_ref()))
        })
    }

    pub fn auth(&self, code: &JsValue, state: &JsValue, options: &JsValue) -> Promise {
        promise(options, Phase::Token, SIGNAL, |_| {
            let code = arguments::text(code, Phase::Token, "code");
            let state = arguments::optional_text(state, Phase::Token, "state");
            let security = self.security.clone();
            async move {
                let response = security.auth(&code?, state?.as_deref()).await?;
                Ok(results::tokens(&response))
            }
        })
    }

    pub fn refresh(&self, scopes: &JsValue, options: &JsValue) -> Promise {
        promise(options, Phase::Refresh, SIGNAL, |_| {
            let scopes = arguments::texts(scopes, Phase::Refresh, "scopes");
            let security = self.security.clone();
            async move { Ok(results::tokens(&security.refresh(&scopes?).await?)) }
        })
    }

    #[wasm_bindgen(js_name = getAccessToken)]
    pub fn get_access_token(&self, options: &JsValue) -> Promise {
        let security = self.security.clone();
        promise(options, Phase::Refresh, SIGNAL, async move |_| {
            Ok(security.get_access_token().await?.into())
        })
    }

    pub fn revoke(&self, options: &JsValue) -> Promise {
        promise(options, Phase::Revoke, SIGNAL, |_| {
            let revoked = self.security.revoke();
            async move { Ok(results::revocation(revoked.await?)) }
        })
    }

    #[wasm_bindgen(js_name = isTokenExpired)]
    pub fn is_token_expired(&self, offset: &JsValue) -> Result<bool, JsValue> {
        arguments::seconds(offset, Phase::Refresh, "offset")
            .map(|offset| self.security.is_token_expired(offset))
            .map_err(error::to_js)
    }

    #[wasm_bindgen(js_name = updateToken)]
    pub fn update_token(&self, response: &JsValue, options: &JsValue) -> Result<(), JsValue> {
        let update = || {
            let options = Options::new(options, Phase::Update, &["tokenIdentifier"])?;
            let token_identifier = options.text("tokenIdentifier")?;
            let response = arguments::json(response, Phase::Update, "response")?;
            self.security.update_token(&response, token_identifier)
        };
        update().map_err(error::to_js)
    }

    pub fn verify(&self, options: &JsValue) -> Promise {
        promise(options, Phase::Verify, VERIFY_OPTIONS, |given| {
            let work: Work = match verify_options(&given) {
                Ok((options, true)) => {
                    let verified = self.security.verify(&options);
                    let claims = Rc::clone(&self.claims);
                    Box::pin(async move { Ok(claims.of(&verified.await?)) })
                }
                Ok((options, false)) => {
                    let decoded = self.security.verify_without_signature(&options);
                    Box::pin(async move { Ok(results::unverified(&decoded.await?.0)) })
                }
                Err(error) => Box::pin(ready(Err(error))),
            };
            work
        })
    }

    pub fn authorize(&self, request: JsValue, options: &JsValue) -> Promise {
        let phase = Phase::Authorize;
        promise(options, phase, AUTHORIZE_OPTIONS, |given| {
            let request = request
                .dyn_into::<Request>()
                .map_err(|_| Error::argument(phase, "request", "must be a Request"));
            let requirements = requirements(&given);
            let security = self.security.clone();
            async move {
                let (request, requirements) = (request?, requirements?);
                let signed = web::authorize(&security, &request, requirements.as_ref()).await?;
                Ok(signed.into())
            }
        })
    }
}

/// The key of the session in a storage of the page's own, which `create` reads first; nothing for any other storage.
#[wasm_bindgen(js_name = customStorageKey)]
pub fn custom_storage_key(options: &JsValue) -> Result<Option<String>, JsValue> {
    constructor_options(options)
        .and_then(|options| options.custom_storage_key(&web::client()))
        .map_err(error::to_js)
}

/// The one way from a future to JavaScript. `begin` is not called for a caller who has left already. In a
/// box, what drives the future is compiled once and not for each method.
fn promise<T: Future<Output = Result<JsValue, Error>> + 'static>(
    options: &JsValue,
    phase: Phase,
    known: &[&'static str],
    begin: impl FnOnce(Options) -> T,
) -> Promise {
    match Abort::read(options, phase, known) {
        Ok((options, abort)) => drive(abort, Box::pin(begin(options))),
        Err(refusal) => Promise::reject(&refusal),
    }
}

fn drive(abort: Option<Abort>, work: Work) -> Promise {
    future_to_promise(async move {
        match abort {
            Some(abort) => abort.wait_for(work).await,
            None => work.await.map_err(error::to_js),
        }
    })
}

fn constructor_options(value: &JsValue) -> Result<esi_security::Options, Error> {
    const KNOWN: &[&str] = &[
        "clientId",
        "redirectUri",
        "scopes",
        "secretKey",
        "codeVerifier",
        "headers",
        "tokenIdentifier",
        "securityName",
        "signalTokenUpdated",
        "ssoEndpointsUrl",
        "ssoEndpoints",
        "jwksKey",
        "apiOrigins",
        "issuers",
        "audiences",
        "requireAzp",
        "algorithms",
        "cacheMaxAge",
        "storage",
        "autoRefresh",
        "refreshMargin",
        "customFetch",
        "tokenWorker",
    ];
    let phase = Phase::Create;
    let given = Options::new(value, phase, KNOWN)?;
    let required = |name| {
        let text = given.text(name)?;
        text.ok_or_else(|| Error::argument(phase, name, "is required"))
    };
    let mut options = esi_security::Options::new(&required("clientId")?, &required("redirectUri")?);
    options.secret_key = given.text("secretKey")?.map(Secret::new);
    options.code_verifier = given.text("codeVerifier")?.map(Secret::new);
    options.headers = given.pairs("headers")?;
    options.token_identifier = given.text("tokenIdentifier")?;
    options.jwks_key = given.json("jwksKey")?;
    options.issuers = given.texts("issuers")?;
    options.audiences = given.texts("audiences")?;
    options.require_azp = given.flag("requireAzp")?.unwrap_or(options.require_azp);
    options.algorithms = algorithms(&given)?;
    replace(&mut options.cache_max_age, given.seconds("cacheMaxAge")?);
    options.sso_endpoints = endpoints(&given)?;
    options.storage = storage(&given)?;
    replace(&mut options.auto_refresh, given.flag("autoRefresh")?);
    replace(&mut options.refresh_margin, given.seconds("refreshMargin")?);
    options.custom_fetch = custom_fetch(&given)?;
    replace(&mut options.token_worker, token_worker(&given)?);
    replace(&mut options.scopes, given.texts("scopes")?);
    replace(&mut options.api_origins, given.texts("apiOrigins")?);
    replace(
        &mut options.sso_endpoints_url,
        given.text("ssoEndpointsUrl")?,
    );
    replace(
        &mut options.signal_token_updated,
        given.text("signalTokenUpdated")?,
    );
    let security_name = given.text("securityName")?;
    replace(
        &mut options.security_names,
        security_name.map(|name| vec![name]),
    );
    Ok(options)
}

fn algorithms(given: &Options) -> Result<Option<Vec<SignatureAlgorithm>>, Error> {
    let unknown = || {
        Error::argument(
            Phase::Create,
            "algorithms",
            "names one that is not supported",
        )
    };
    let Some(names) = given.texts("algorithms")? else {
        return Ok(None);
    };
    let mut algorithms = Vec::new();
    for name in &names {
        algorithms.push(SignatureAlgorithm::from_name(name).ok_or_else(unknown)?);
    }
    Ok(Some(algorithms))
}

fn endpoints(given: &Options) -> Result<Option<Metadata>, Error> {
    const EXPECTED: &str = "must be an object with authorization_endpoint and token_endpoint";
    let json = given.json("ssoEndpoints")?;
    json.map(|json| Metadata::from_json(&json))
        .transpose()
        .map_err(|_| Error::argument(Phase::Create, "ssoEndpoints", EXPECTED))
}

fn storage(given: &Options) -> Result<Option<Area>, Error> {
    const EXPECTED: &str =
        "must be `session`, `local`, `memory`, or have getItem, setItem and removeItem";
    let Some(value) = given.value("storage")? else {
        return Ok(None);
    };
    let storage = match value.as_string().as_deref() {
        Some("session") => Some(Area::Session),
        Some("local") => Some(Area::Local),
        Some("memory") => Some(Area::Memory),
        Some(_) => None,
        None => web::custom_storage(value),
    };
    let refused = || Error::argument(Phase::Create, "storage", EXPECTED);
    storage.ok_or_else(refused).map(Some)
}

fn custom_fetch(given: &Options) -> Result<Option<u32>, Error> {
    let Some(value) = given.value("customFetch")? else {
        return Ok(None);
    };
    let refused = |_| Error::argument(Phase::Create, "customFetch", "must be a function");
    Ok(web::custom_fetch(value.dyn_into().map_err(refused)?))
}

fn token_worker(given: &Options) -> Result<Option<TokenWorker>, Error> {
    let value = given.value("tokenWorker")?;
    Ok(value.map(|value| match value.as_bool() {
        Some(false) => TokenWorker::Off,
        Some(true) => TokenWorker::Package,
        None => {
            // A `URL` has its address there. What has none is refused with the addresses that cannot be read.
            let address = value
                .as_string()
                .or_else(|| get(&value, "href").ok()?.as_string());
            TokenWorker::At(address.unwrap_or_else(|| "//".into()))
        }
    }))
}

fn replace<T>(default: &mut T, given: Option<T>) {
    if let Some(given) = given {
        *default = given;
    }
}

fn auth_uri_options(options: &Options) -> Result<AuthUriOptions, Error> {
    Ok(AuthUriOptions {
        state: options.text("state")?,
        scopes: options.texts("scopes")?,
        implicit: options.flag("implicit")?.unwrap_or(false),
        extra_params: options.pairs("extraParams")?,
    })
}

fn login_options(options: &Options) -> Result<LoginOptions, Error> {
    Ok(LoginOptions {
        uri: auth_uri_options(options)?,
        return_to: options.text("returnTo")?,
    })
}

/// The options, and whether the signature is checked.
fn verify_options(given: &Options) -> Result<(VerifyOptions, bool), Error> {
    const KNOWN: &[&str] = &[
        "verifySignature",
        "verifyAud",
        "verifyIat",
        "verifyExp",
        "verifyNbf",
        "verifyIss",
        "verifySub",
        "verifyJti",
        "verifyAtHash",
        "requireAud",
        "requireIat",
        "requireExp",
        "requireNbf",
        "requireIss",
        "requireSub",
        "requireJti",
        "requireAtHash",
        "leeway",
    ];
    let inner = given.value("options")?.unwrap_or(JsValue::UNDEFINED);
    let options = Options::new(&inner, Phase::Verify, KNOWN)?;
    // A claim that is required is checked, as in python-jose.
    let check = |verify, require, default| -> Result<_, Error> {
        let (verify, required) = (options.flag(verify)?, options.flag(require)?);
        Ok(match (verify, required) {
            (_, Some(true)) => Check::Required,
            (Some(false), _) => Check::Off,
            (_, Some(false)) => Check::IfPresent,
            (_, None) => default,
        })
    };
    // An access token has no `at_hash`: it is what the hash of an ID token would be of.
    for name in ["verifyAtHash", "requireAtHash"] {
        options.flag(name)?;
    }
    let default = Checks::default();
    let checks = Checks {
        issuer: check("verifyIss", "requireIss", default.issuer)?,
        audience: check("verifyAud", "requireAud", default.audience)?,
        expiry: check("verifyExp", "requireExp", default.expiry)?,
        not_before: check("verifyNbf", "requireNbf", default.not_before)?,
        issued_at: check("verifyIat", "requireIat", default.issued_at)?,
        subject: check("verifySub", "requireSub", default.subject)?,
        jwt_id: check("verifyJti", "requireJti", default.jwt_id)?,
        leeway: options.seconds("leeway")?.unwrap_or(default.leeway),
    };
    let kid = given.text("kid")?;
    let signature = options.flag("verifySignature")?.unwrap_or(true);
    Ok((VerifyOptions { kid, checks }, signature))
}

fn requirements(options: &Options) -> Result<Option<SecurityRequirements>, Error> {
    let read = |all: &Json<'_>| {
        let mut alternatives = SecurityRequirements::new();
        for schemes in all.as_list()? {
            let mut names = Vec::new();
            for (name, _) in schemes.as_object()?.members() {
                names.push(name.as_ref().to_owned());
            }
            alternatives.push(names);
        }
        Some(alternatives)
    };
    options.data("security", "must be a list of objects", read)
}
