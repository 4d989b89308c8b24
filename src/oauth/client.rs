//! The client (RFC 6749 section 2): who asks, and how it proves that to the token endpoint.

use alloc::string::String;
use alloc::vec::Vec;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::http::Request;
use super::metadata::Metadata;
use super::secret::Secret;
use super::url::form_encoded;
use crate::text::joined;

/// Who asks.
#[derive(Clone, Debug)]
pub struct Client {
    /// The client identifier.
    pub id: String,
    /// As registered with the server.
    pub redirect_uri: String,
    /// `None` for a public client, which is what a page in a browser is.
    pub secret: Option<Secret>,
}

impl Client {
    /// A POST to one of the server's endpoints, with this client's identification added:
    /// `client_id` alone, or `client_secret_post` where the server lists it (it needs no preflight),
    /// or Basic (section 2.3.1).
    pub(super) fn post(
        &self,
        url: &str,
        mut form: Vec<(&'static str, Secret)>,
        metadata: &Metadata,
    ) -> Request {
        let Some(secret) = &self.secret else {
            form.push(("client_id", Secret::new(self.id.as_str())));
            return Request::post(url, form);
        };
        if metadata.lists_client_secret_post() {
            form.push(("client_id", Secret::new(self.id.as_str())));
            form.push(("client_secret", secret.clone()));
            return Request::post(url, form);
        }
        let pair = joined(&[&form_encoded(&self.id), ":", &form_encoded(secret.expose())]);
        let mut request = Request::post(url, form);
        let header = joined(&["Basic ", &STANDARD.encode(pair)]);
        request
            .headers
            .push(("Authorization".into(), Secret::new(header)));
        // A server reads it out of the header, and may quote what it has read.
        request.secrets.push(secret.clone());
        request
    }
}
