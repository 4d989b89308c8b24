//! Adding the access token to a request of the page's.

use alloc::borrow::ToOwned;

use js_sys::Function;
use wasm_bindgen::prelude::*;
use web_sys::Request;

use super::object::get;
use super::url;
use crate::client::{EsiSecurity, SecurityRequirements};
use crate::{Error, Phase};

/// The request with an access token, refreshed first if expired. The given one stays as it is, and is handed back if
/// `security` is given and does not ask for this kind.
pub async fn authorize(
    session: &EsiSecurity,
    request: &Request,
    security: Option<&SecurityRequirements>,
) -> Result<Request, Error> {
    if security.is_some_and(|requirements| !session.is_wanted(requirements)) {
        return Ok(request.to_owned());
    }
    // What a page calls a request may be a subclass or a proxy that says one address and goes to another. The copy is the
    // browser's own.
    let copied = copy(request).map_err(|_| unfit("must be a request that was not sent yet"))?;
    let origin = url::parse(&copied.url(), None).map(|url| url.origin);
    let authorization = session.authorization(&origin.unwrap_or_default()).await?;
    let headers = copied.headers();
    let bearer = authorization.bearer;
    let accepted = headers.set("Authorization", &bearer).is_ok()
        // A request of mode `no-cors` drops the header without a word.
        && headers.get("Authorization").ok().flatten().as_ref() == Some(&bearer);
    if !accepted {
        return Err(unfit("must be of mode `cors` or `same-origin`"));
    }
    if let Some(user_agent) = authorization.user_agent
        && headers.has("X-User-Agent") == Ok(false)
    {
        // The value was validated when the option was read.
        let _ = headers.set("X-User-Agent", &user_agent);
    }
    Ok(copied)
}

fn copy(request: &Request) -> Result<Request, JsValue> {
    let class = get(&js_sys::global(), "Request")?;
    let prototype = get(&class, "prototype")?;
    let clone: Function = get(&prototype, "clone")?.dyn_into()?;
    clone.call0(request)?.dyn_into()
}

fn unfit(reason: &'static str) -> Error {
    Error::argument(Phase::Authorize, "request", reason)
}
