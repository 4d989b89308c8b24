//! The option `headers`. Browsers drop `User-Agent`, so requests to ESI send it as `X-User-Agent`. Every other header
//! is sent to the authorization server with each POST.

use alloc::string::String;
use alloc::vec::Vec;

use super::environment::Environment;
use super::warning::Warning;
use crate::oauth::http::{Request, is_header};
use crate::oauth::secret::Secret;
use crate::text::joined;
use crate::{Error, Phase};

/// The headers, split by recipient.
#[derive(Default)]
pub(super) struct Headers {
    /// For the API, as `X-User-Agent`.
    pub(super) user_agent: Option<String>,
    /// For the authorization server.
    to_server: Vec<(String, Secret)>,
}

impl Headers {
    /// Splits the headers by recipient. Refuses one that `fetch` would refuse later.
    pub(super) fn new(
        environment: &Environment,
        given: Vec<(String, String)>,
    ) -> Result<Self, Error> {
        let mut headers = Self::default();
        for (name, value) in given {
            if !is_header(&name, &value) {
                return Err(Error::argument(
                    Phase::Create,
                    joined(&["headers.", &name]),
                    "must be an HTTP header's name and value",
                ));
            }
            if name.eq_ignore_ascii_case("user-agent") || name.eq_ignore_ascii_case("x-user-agent")
            {
                headers.user_agent = Some(value);
            } else {
                environment.warn(Warning::HeaderToSso);
                headers.to_server.push((name, Secret::new(value)));
            }
        }
        if headers.user_agent.is_none() {
            environment.warn(Warning::NoUserAgent);
        }
        Ok(headers)
    }

    /// Adds the headers for the authorization server to a token or revocation request. Requests for documents get none,
    /// because documents may be on another host.
    pub(super) fn add_to(&self, mut request: Request) -> Request {
        request.headers.extend(self.to_server.iter().cloned());
        request
    }
}
