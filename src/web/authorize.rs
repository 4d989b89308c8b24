//! Signing requests to an API (RFC 6750 section 2.1): what EsiPy's `__call__` does.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;
use js_sys::Function;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::Request;

use super::address;
use super::object::get;
use super::security::EsiSecurity;
use crate::text::joined;
use crate::{Error, ErrorKind, Phase};

/// An operation's `security` in an API description: alternatives, each a list of schemes' names.
pub type SecurityRequirements = Vec<Vec<String>>;

impl EsiSecurity {
    /// The request with an access token, refreshed first if expired. The given one stays as it is, and
    /// is handed back if `security` is given and does not ask for this kind.
    pub async fn authorize(
        &self,
        request: &Request,
        security: Option<&SecurityRequirements>,
    ) -> Result<Request, Error> {
        let ours = |name: &String| self.inner().security_names.contains(name);
        if security.is_some_and(|alternatives| !alternatives.iter().flatten().any(ours)) {
            return Ok(request.to_owned());
        }
        // What a page calls a request may be a subclass or a proxy that says one address and goes to
        // another. The copy is the browser's own.
        let signed = copy(request).map_err(|_| unfit("must be a request that was not sent yet"))?;
        let origin = address::absolute(&signed.url()).map(|url| url.origin());
        let origin = origin.unwrap_or_default();
        if !self.inner().api_origins.contains(&origin) {
            return Err(ErrorKind::OriginNotAllowed { origin }.into());
        }
        let token = self.get_access_token().await?;
        let headers = signed.headers();
        let bearer = joined(&["Bearer ", &token]);
        let accepted = headers.set("Authorization", &bearer).is_ok()
            // A request of mode `no-cors` drops the header without a word.
            && headers.get("Authorization").ok().flatten().as_ref() == Some(&bearer);
        if !accepted {
            return Err(unfit("must be of mode `cors` or `same-origin`"));
        }
        if let Some(user_agent) = &self.inner().headers.user_agent
            && headers.has("X-User-Agent") == Ok(false)
        {
            // The value was tried when the option was read.
            let _ = headers.set("X-User-Agent", user_agent);
        }
        Ok(signed)
    }
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
