//! The registered values of `error`, and what servers glue to them.

use esi_security::oauth::error_code::registered;

#[test]
fn a_registered_code_is_known_with_or_without_text_behind_it() {
    for code in [
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
    ] {
        for glued in [
            "",
            ": Token is expired or invalid.",
            " Token is expired",
            "; a-secret",
            "-a-secret",
            "\n",
            "é",
        ] {
            assert_eq!(registered(&format!("{code}{glued}")), Some(code));
        }
    }
}

/// A longer word is another code, which may mean something else.
#[test]
fn any_other_text_is_none() {
    for other in [
        "",
        "grant",
        "Bad Request",
        "Too many requests",
        "slow_down",
        "Invalid_Grant",
        " invalid_grant",
        "an invalid_grant",
        "invalid_grants",
        "invalid_grant_type",
        "invalid_grant2",
        "invalid",
    ] {
        assert_eq!(registered(other), None, "{other}");
    }
}
