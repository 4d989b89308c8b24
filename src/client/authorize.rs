//! The access token for a request to an API (RFC 6750 section 2.1), like EsiPy's `__call__`: refreshed first if it has
//! expired, and only for allowed origins.

use alloc::string::String;
use alloc::vec::Vec;

use super::security::EsiSecurity;
use crate::text::joined;
use crate::{Error, ErrorKind};

/// The `security` of an operation in an API description: a list of alternatives, each a list of scheme names.
pub type SecurityRequirements = Vec<Vec<String>>;

/// The headers of an authorized request.
pub struct Authorization {
    /// `Authorization`.
    pub bearer: String,
    /// The value of `X-User-Agent`, for a request that has no such header.
    pub user_agent: Option<String>,
}

impl EsiSecurity {
    /// True if the operation names one of this object's security schemes (`securityName`).
    pub fn is_wanted(&self, requirements: &SecurityRequirements) -> bool {
        let ours = |name: &String| self.inner().security_names.contains(name);
        requirements.iter().flatten().any(ours)
    }

    /// The headers for a request to `origin`.
    pub async fn authorization(&self, origin: &str) -> Result<Authorization, Error> {
        let allowed = &self.inner().api_origins;
        if !allowed.iter().any(|allowed| allowed == origin) {
            let origin = origin.into();
            return Err(ErrorKind::OriginNotAllowed { origin }.into());
        }
        let token = self.get_access_token().await?;
        Ok(Authorization {
            bearer: joined(&["Bearer ", &token]),
            user_agent: self.inner().headers.user_agent.clone(),
        })
    }
}
