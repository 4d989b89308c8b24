//! Token revocation (RFC 7009), which signs the user out.

use core::future::Future;

use super::security::EsiSecurity;
use super::sender::RESPONSE_TIMEOUT_MS;
use crate::oauth::secret::Secret;
use crate::oauth::{error_response, revocation, revocation::TokenTypeHint};
use crate::{Error, Phase};

/// The result of a revocation. The session has deleted its tokens in any case.
#[derive(Clone, Debug)]
pub struct Revocation {
    /// Which token was sent.
    pub hint: TokenTypeHint,
    /// The HTTP status if the server has confirmed the revocation, or else the error.
    pub answer: Result<u16, Error>,
}

impl EsiSecurity {
    /// Revokes the refresh token, or the access token if there is no refresh token. Deletes both at once, before the
    /// first await, because the page may be about to close.
    pub fn revoke(&self) -> impl Future<Output = Result<Revocation, Error>> + use<> {
        let this = self.clone();
        let open = self.session();
        let in_flight = open.refresh.borrow().clone();
        let signed_out = open.session.borrow_mut().sign_out();
        open.verified.replace(None);
        open.settle();
        async move {
            let (mut token, hint) = signed_out?;
            // A refresh in flight may rotate the refresh token, and the newest one must be revoked. Tokens that the
            // session holds by then belong to another login.
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
