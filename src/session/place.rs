//! Where things are kept: the names of this library's records in storage. One session for each
//! client, server and token identifier, so that a refresh token is never sent to another server and
//! two characters never share a row.

use alloc::string::String;

use crate::oauth::url::form_encoded;
use crate::text::joined;

/// Every key's beginning. The number is the records' version.
const PREFIX: &str = "esi-security/1";

/// Names for one client at one server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    client_id: String,
    server: String,
}

impl Place {
    /// `address` is the server's metadata or token endpoint, whole: one origin may hold several servers.
    pub fn new(client_id: &str, address: &str) -> Self {
        Self {
            client_id: form_encoded(client_id),
            server: form_encoded(address),
        }
    }

    /// The session of one character, or of whoever it is.
    pub fn session(&self, token_identifier: Option<&str>) -> String {
        let who = form_encoded(token_identifier.unwrap_or_default());
        let (server, client) = (&self.server, &self.client_id);
        joined(&[PREFIX, "/session/", server, "/", client, "/", &who])
    }

    /// Where a session's record is put that cannot be read: `key` is that of the session.
    pub fn damaged(key: &str) -> String {
        joined(&[key, "/damaged"])
    }

    /// The logins under way.
    pub fn logins(&self) -> String {
        joined(&[PREFIX, "/logins/", &self.server, "/", &self.client_id])
    }

    /// A document that was fetched: the metadata or the key set.
    pub fn document(address: &str) -> String {
        joined(&[PREFIX, "/document/", address])
    }
}
