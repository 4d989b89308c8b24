//! The registered values of `error`. Only these are repeated in an error of this library: whatever else a
//! server writes there may hold anything.

/// Of RFC 6749 sections 4.1.2.1 and 5.2, OpenID Connect Core 1.0 section 3.1.2.6, RFC 7009 section 2.2.1 and
/// RFC 8707 section 2; and RFC 6750 section 3.1's `invalid_token`, which EVE's token endpoint answers with too.
const REGISTERED: [&str; 22] = [
    "invalid_request",
    "unauthorized_client",
    "access_denied",
    "unsupported_response_type",
    "invalid_scope",
    "server_error",
    "temporarily_unavailable",
    "invalid_client",
    "invalid_grant",
    "unsupported_grant_type",
    "interaction_required",
    "login_required",
    "account_selection_required",
    "consent_required",
    "invalid_request_uri",
    "invalid_request_object",
    "request_not_supported",
    "request_uri_not_supported",
    "registration_not_supported",
    "unsupported_token_type",
    "invalid_target",
    "invalid_token",
];

/// The registered code that `error` begins with: EVE's SSO has been seen to glue a sentence to it,
/// `invalid_grant: Token is expired or invalid.`
pub fn registered(error: &str) -> Option<&'static str> {
    let goes_on = |rest: &str| rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
    REGISTERED.into_iter().find(|code| {
        let rest = error.strip_prefix(code);
        rest.is_some_and(|rest| !goes_on(rest))
    })
}
