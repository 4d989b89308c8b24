//! Revoking (RFC 7009), which is how a session is ended from here.

use core::future::Future;

use super::security::EsiSecurity;
use super::sender::RESPONSE_TIMEOUT_MS;
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
        let this = self.clone();
        let open = self.session();
        let in_flight = open.refresh.borrow().clone();
        let signed_out = open.session.borrow_mut().sign_out();
        open.verified.replace(None);
        open.settle();
        async move {
            let (mut token, hint) = signed_out?;
            // A refresh in flight may rotate the token: what is revoked must be the newest. Not what the session holds by
            // then, which is another one's.
            if let Some(refresh) =
                in_flight.filter(|refresh| refresh.tokens.refresh_token.as_ref() == Some(&token))
            {
                token = refresh.outcome.await.rotated.unwrap_or(token);
            }
            let answer = this.send_revocation(&token, hint).await;
            open.stored().await;
            Ok(Revocation { hint, answer })
        }
    }

    async fn send_revocation(&self, token: &Secret, hint: TokenTypeHint) -> Result<u16, Error> {
        let phase = Phase::Revoke;
        let metadata = self.metadata().await?;
        let request = revocation::request(&metadata, &self.inner().client, token, hint)?;
        let request = self.inner().headers.add_to(request);
        let sender = &self.inner().sender;
        let response = sender.send(&request, phase, RESPONSE_TIMEOUT_MS).await?;
        if response.ok() {
            Ok(response.status)
        } else {
            Err(error_response::error(&request, &response, phase))
        }
    }
}
