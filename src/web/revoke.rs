//! Revoking (RFC 7009), which is how a session is ended from here.

use core::future::Future;

use super::http::TIMEOUT_MS;
use super::security::EsiSecurity;
use crate::oauth::secret::Secret;
use crate::oauth::{error_response, revocation, revocation::TokenTypeHint};
use crate::{Error, Phase};

/// What became of a revocation. The tokens are gone from here either way.
#[derive(Clone, Debug)]
pub struct Revocation {
    /// Which token was sent.
    pub hint: TokenTypeHint,
    /// The server's status if it confirmed, or why it did not.
    pub answer: Result<u16, Error>,
}

impl EsiSecurity {
    /// Revokes the refresh token, else the access token. Both are forgotten at once, before anything is
    /// waited for: the page may be about to leave.
    pub fn revoke(&self) -> impl Future<Output = Result<Revocation, Error>> + use<> {
        let row = self.who().row;
        let flying = row.refreshing.borrow().clone();
        let signed_out = row.session.borrow_mut().sign_out();
        row.checked.replace(None);
        row.settle();
        let this = self.clone();
        async move {
            let (mut token, hint) = signed_out?;
            // A refresh under way may rotate the token: what is revoked must be the newest. Not what the
            // session holds by then, which is another one's.
            if let Some(refreshing) =
                flying.filter(|flying| flying.tokens.refresh_token.as_ref() == Some(&token))
            {
                token = refreshing.flight.await.rotated.unwrap_or(token);
            }
            let answer = this.ask_to_revoke(&token, hint).await;
            row.storage.written().await;
            Ok(Revocation { hint, answer })
        }
    }

    async fn ask_to_revoke(&self, token: &Secret, hint: TokenTypeHint) -> Result<u16, Error> {
        let phase = Phase::Revoke;
        let metadata = self.metadata().await?;
        let request = revocation::request(&metadata, &self.inner().client, token, hint)?;
        let request = self.inner().headers.dress(request);
        let sender = &self.inner().sender;
        let response = sender.send(&request, phase, TIMEOUT_MS).await?;
        if response.ok() {
            Ok(response.status)
        } else {
            Err(error_response::error(&request, &response, phase))
        }
    }
}
