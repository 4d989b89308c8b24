//! What came back in the redirect URI (RFC 6749 sections 4.1.2, 4.1.2.1 and 4.2.2, RFC 9207).

use esi_security::oauth::authorization_response::{
    AuthorizationResponse, Component, Outcome, has_state, refusal,
};
use esi_security::oauth::secret::Secret;
use esi_security::oauth::token_response;
use esi_security::{ErrorKind, Phase};

use crate::support::kind;

fn read(query: &str, fragment: &str) -> AuthorizationResponse {
    AuthorizationResponse::parse(query, fragment)
        .unwrap()
        .unwrap_or_else(|| panic!("?{query}#{fragment} is an authorization response"))
}

fn is_none(query: &str, fragment: &str) {
    let read = AuthorizationResponse::parse(query, fragment);
    assert_eq!(read, Ok(None), "?{query}#{fragment}");
}

fn code(text: &str) -> Outcome {
    Outcome::Code(Secret::new(text))
}

fn refused(error: &str, description: Option<&str>) -> Outcome {
    Outcome::Refused {
        error: error.into(),
        description: description.map(String::from),
    }
}

#[test]
fn a_code_comes_in_the_query() {
    let response = read("code=a%2Bb%3D+c&state=s%26t&lang=en", "top");
    assert_eq!(response.outcome, code("a+b= c"));
    assert_eq!(response.state.as_deref(), Some("s&t"));
    assert_eq!(response.issuer, None);
}

#[test]
fn a_refusal_comes_in_the_query() {
    let response = read("error=access_denied&state=s", "");
    assert_eq!(response.outcome, refused("access_denied", None));
    assert_eq!(response.state.as_deref(), Some("s"));

    let response = read(
        "error=invalid_scope&error_description=No%20such+scope.&error_uri=x&iss=https%3A%2F%2Fa.example",
        "",
    );
    let expected = refused("invalid_scope", Some("No such scope."));
    assert_eq!(response.outcome, expected);
    assert_eq!(response.state, None);
    assert_eq!(response.issuer.as_deref(), Some("https://a.example"));
}

#[test]
fn an_error_outweighs_a_code() {
    let response = read("code=c&error=server_error&state=s", "");
    assert_eq!(response.outcome, refused("server_error", None));
}

#[test]
fn the_query_outweighs_the_fragment() {
    let response = read("code=c&state=s", "access_token=t&state=u");
    assert_eq!(response.outcome, code("c"));
    assert_eq!(response.state.as_deref(), Some("s"));
}

/// The implicit grant's answer reads like the token endpoint's.
#[test]
fn a_token_comes_in_the_fragment() {
    let response = read(
        "page=2",
        "access_token=h.p%2Fs&token_type=Bearer&expires_in=1200&scope=x&state=s&iss=a.example&extra=1",
    );
    assert_eq!(response.state.as_deref(), Some("s"));
    assert_eq!(response.issuer.as_deref(), Some("a.example"));
    let Outcome::Token(json) = &response.outcome else {
        panic!("{:?}", response.outcome);
    };
    let tokens = token_response::parse(json.expose(), Phase::Redirect).unwrap();
    assert_eq!(tokens.access_token.expose(), "h.p/s");
    assert_eq!(tokens.token_type, "Bearer");
    assert_eq!(tokens.expires_in, Some(1200));
    assert_eq!(tokens.refresh_token, None);
}

#[test]
fn a_fragments_odd_expiry_is_read_as_the_token_responses() {
    for (odd, life) in [
        ("soon", None),
        ("-1", None),
        ("1.5", Some(1)),
        ("1e3", Some(1000)),
    ] {
        let response = read("", &format!("access_token=t&expires_in={odd}&state=s"));
        let Outcome::Token(json) = &response.outcome else {
            panic!("{:?}", response.outcome);
        };
        let tokens = token_response::parse(json.expose(), Phase::Redirect).unwrap();
        assert_eq!(tokens.expires_in, life, "{odd}");
    }
}

/// Where a fragment's text looks like a number, only the expiry is one.
#[test]
fn a_token_of_digits_is_a_text() {
    let response = read("", "access_token=12345&expires_in=60&state=7");
    let Outcome::Token(json) = &response.outcome else {
        panic!("{:?}", response.outcome);
    };
    let tokens = token_response::parse(json.expose(), Phase::Redirect).unwrap();
    assert_eq!(tokens.access_token.expose(), "12345");
    assert_eq!(tokens.expires_in, Some(60));
    assert_eq!(response.state.as_deref(), Some("7"));
}

/// A refresh token has no business there (RFC 6749 section 4.2.2).
#[test]
fn a_fragment_brings_no_refresh_token() {
    let response = read("", "access_token=t&refresh_token=r&state=s");
    let Outcome::Token(json) = &response.outcome else {
        panic!("{:?}", response.outcome);
    };
    let tokens = token_response::parse(json.expose(), Phase::Redirect).unwrap();
    assert_eq!(tokens.refresh_token, None);
}

#[test]
fn a_refusal_of_the_implicit_grant_comes_in_the_fragment() {
    let response = read("", "error=access_denied&error_description=No.&state=s");
    assert_eq!(response.outcome, refused("access_denied", Some("No.")));
    assert_eq!(response.state.as_deref(), Some("s"));
}

#[test]
fn other_addresses_are_no_authorization_response() {
    for (query, fragment) in [
        ("", ""),
        ("page=2&state=s", ""),
        ("state=s&iss=https%3A%2F%2Fa.example", ""),
        ("", "top"),
        ("", "code=c&state=s"),
        ("", "/route?code=c&state=s"),
        ("", "error=404"),
        ("Code=c&State=s", ""),
        ("codec=c&state=s", ""),
        ("access_token=t&state=s", ""),
    ] {
        is_none(query, fragment);
    }
}

/// A parameter without a value is to be treated as omitted (RFC 6749 section 3.1).
#[test]
fn an_empty_parameter_counts_as_missing() {
    for (query, fragment) in [
        ("code=&state=s", ""),
        ("code&state=s", ""),
        ("error=&state=s", ""),
        ("code=&error=&state=s", ""),
        ("", "access_token=&state=s"),
        ("", "error=&state=s"),
        ("", "error=access_denied&state="),
    ] {
        is_none(query, fragment);
    }
    let response = read("code=c&error=&state=&iss=", "");
    assert_eq!(response.outcome, code("c"));
    assert_eq!(response.state, None);
    assert_eq!(response.issuer, None);
    let response = read("error=access_denied&error_description=", "");
    assert_eq!(response.outcome, refused("access_denied", None));
}

/// RFC 6749 section 3.1, and a way to slip a second value past the first reader.
#[test]
fn a_parameter_that_appears_twice_is_refused_by_name() {
    for (query, fragment, twice) in [
        ("code=c&code=d&state=s", "", "code"),
        ("code=c&code=c&state=s", "", "code"),
        ("code=&code=c&state=s", "", "code"),
        ("code=c&state=s&state=t", "", "state"),
        ("code=c&state=s&iss=a&iss=b", "", "iss"),
        ("error=a&error=b&state=s", "", "error"),
        (
            "error=a&error_description=b&error_description=c",
            "",
            "error_description",
        ),
        ("", "access_token=a&access_token=b&state=s", "access_token"),
        ("", "access_token=a&expires_in=1&expires_in=2", "expires_in"),
        ("", "access_token=a&state=s&state=t", "state"),
    ] {
        let read = AuthorizationResponse::parse(query, fragment);
        assert!(
            matches!(
                kind(&read),
                Some(ErrorKind::InvalidArgument { phase: Phase::Redirect, name, .. }) if name == twice
            ),
            "?{query}#{fragment}: {read:?}"
        );
    }
    let foreign = read("code=c&state=s&tag=1&tag=2", "");
    assert_eq!(foreign.outcome, code("c"));
}

/// RFC 9207 section 2.4, with EVE's two spellings.
#[test]
fn the_issuer_is_compared_letter_by_letter() {
    let mismatch = || {
        let phase = Phase::Redirect;
        Err(ErrorKind::IssuerMismatch { phase }.into())
    };
    let from = |issuer: &str| read(&format!("code=c&state=s&iss={issuer}"), "");
    for sent in [
        "https%3A%2F%2Flogin.eveonline.com",
        "https://login.eveonline.com",
        "login.eveonline.com",
    ] {
        for expected in ["https://login.eveonline.com", "login.eveonline.com"] {
            assert_eq!(from(sent).check_issuer(expected, true), Ok(()), "{sent}");
        }
    }
    for sent in [
        "http://login.eveonline.com",
        "https://login.eveonline.com/",
        "https://evil.example",
        "evil.example",
        "https://login.eveonline.com.evil.example",
        "https://login.eveonline.com/evil",
        "https://LOGIN.eveonline.com",
        "https",
    ] {
        for required in [true, false] {
            let checked = from(sent).check_issuer("https://login.eveonline.com", required);
            assert_eq!(checked, mismatch(), "{sent}");
        }
    }
    let issuer = "https://sso.example/tenant";
    assert_eq!(from(issuer).check_issuer(issuer, false), Ok(()));
    for sent in [
        "http://sso.example/tenant",
        "sso.example/tenant",
        "https://sso.example/tenant/",
        "https://sso.example/Tenant",
        "https://sso.example",
        "https://sso.example/%74enant%00",
        "login.eveonline.com",
    ] {
        let checked = from(sent).check_issuer(issuer, false);
        assert_eq!(checked, mismatch(), "{sent}");
    }
    let spelled_otherwise = from("https%3A%2F%2Fsso.example%2F%74enant");
    assert_eq!(spelled_otherwise.check_issuer(issuer, true), Ok(()));
}

/// RFC 9207 section 2.4: a server that says in its metadata that it sends `iss` always does.
#[test]
fn an_issuer_may_be_missing_unless_it_is_promised() {
    for (query, fragment) in [
        ("code=c&state=s", ""),
        ("code=c&state=s&iss=", ""),
        ("error=access_denied&state=s", ""),
        ("", "access_token=t&state=s"),
        ("iss=https://sso.example", "access_token=t&state=s"),
    ] {
        let silent = read(query, fragment);
        assert_eq!(silent.check_issuer("https://sso.example", false), Ok(()));
        let phase = Phase::Redirect;
        let mismatch = Err(ErrorKind::IssuerMismatch { phase }.into());
        let required = silent.check_issuer("https://sso.example", true);
        assert_eq!(required, mismatch, "?{query}#{fragment}");
    }
}

#[test]
fn an_answer_is_known_by_its_state() {
    assert!(has_state("code=c&state=a%20b%26", "a b&"));
    assert!(has_state("st%61te=s", "s"));
    assert!(has_state("state=other&state=s", "s"));
    for other in [
        "",
        "state",
        "state=",
        "state=S",
        "states=s",
        "a=state&b=s",
        "/?state=s",
    ] {
        assert!(!has_state(other, "s"), "{other}");
    }
}

#[test]
fn a_response_is_found_again_by_its_state_and_outcome() {
    let code = read("code=c&state=s", "");
    let refused = read("error=access_denied&state=s", "");
    let token = read("", "access_token=t&state=s");
    let undecided = AuthorizationResponse::undecided("state=s", Component::Query).unwrap();
    for (response, encoded, found) in [
        (&code, "code=c&state=s", true),
        (&code, "tab=2&st%61te=s&code=%63&iss=mine", true),
        (&code, "state=s", false),
        (&code, "code=c", false),
        (&code, "code=d&state=s", false),
        (&code, "code=c&state=t", false),
        (&refused, "state=s&error=access_denied", true),
        (&refused, "state=s&error=server_error", false),
        (&refused, "state=s&code=c", false),
        (&token, "state=s&access_token=t", true),
        (&token, "/access_token=t&state=s", true),
        (&token, "access_token=t&state=t", false),
        (&undecided, "state=s", true),
        (&undecided, "state=t", false),
    ] {
        assert_eq!(response.is_in(encoded), found, "{response:?} in {encoded}");
    }
    assert!(!read("code=c", "").is_in("code=c"), "no state");
}

#[test]
fn only_our_own_parameters_are_taken_out() {
    for (before, after) in [
        ("code=c&state=s", ""),
        ("", ""),
        ("page=2&code=c&state=s&sort=a%20b+c", "page=2&sort=a%20b+c"),
        ("error=x&error_description=y&error_uri=z&iss=i&q", "q"),
        ("codec=1&mycode=2&state.x=3", "codec=1&mycode=2&state.x=3"),
        ("a=code&b=state", "a=code&b=state"),
        ("a=1&a=2&code=c", "a=1&a=2"),
        ("code", ""),
        ("x=&y", "x=&y"),
        // Read as `code`, so it goes like `code`.
        ("%63ode=c&st%61te=s&%78=1", "%78=1"),
    ] {
        assert_eq!(Component::Query.strip(before), after, "{before}");
    }
    let fragment = "access_token=t&token_type=Bearer&expires_in=1&scope=x&state=s&tab=2";
    assert_eq!(Component::Fragment.strip(fragment), "tab=2");
    for (before, after) in [
        // A fragment that is no set of fields at all.
        ("/route/3", "/route/3"),
        // A hash router puts its mark before what it takes for a route.
        ("/access_token=t&token_type=Bearer&state=s", "/"),
        ("!/access_token=t&state=s", "!/"),
        ("/?code=c&state=s", "/?"),
        ("/?tab=2&code=c&state=s", "/?tab=2"),
    ] {
        assert_eq!(Component::Fragment.strip(before), after, "{before}");
    }
}

/// Something on its way has taken out all but the `state`.
#[test]
fn an_answer_that_decides_nothing_is_a_refusal() {
    for (encoded, component) in [
        ("state=s", Component::Query),
        ("code=&state=s&iss=i", Component::Query),
        ("error=&state=s", Component::Query),
        ("/?code=c&state=s", Component::Fragment),
        ("/access_token=t&state=s", Component::Fragment),
    ] {
        let response = AuthorizationResponse::undecided(encoded, component).unwrap();
        assert_eq!(response.state.as_deref(), Some("s"), "{encoded}");
        assert_eq!(response.component, component);
        let Outcome::Refused { error, description } = response.outcome else {
            panic!("{encoded}");
        };
        assert_eq!((error.as_str(), description), ("", None));
        assert_eq!(refusal(&error, None, "s").oauth_error(), None);
    }
    let twice = AuthorizationResponse::undecided("state=s&state=t", Component::Query);
    assert_eq!(twice.unwrap_err().code(), "invalid_argument");
}

#[test]
fn an_answer_stands_in_the_query_or_in_the_fragment() {
    for (query, fragment, component) in [
        ("code=c&state=s", "", Component::Query),
        ("error=e&state=s", "error=e&state=s", Component::Query),
        ("code=c", "access_token=t&state=s", Component::Query),
        ("", "access_token=t&state=s", Component::Fragment),
        ("tab=1", "error=e&state=s", Component::Fragment),
    ] {
        let found = read(query, fragment).component;
        assert_eq!(found, component, "?{query}#{fragment}");
    }
}

/// A page behind a hash router may have any parameter in its route.
#[test]
fn a_route_is_no_answer() {
    for route in [
        "/list?region=10&state=open&scope=corp&error=none",
        "!/list?x=1&error=none&state=open",
    ] {
        is_none("", route);
        is_none("tab=1", route);
        assert_eq!(Component::Fragment.without_answer(route), route);
    }
}

/// Where a page wants to be after a login it is itself at an answer of an earlier one.
#[test]
fn an_old_answer_is_taken_out_whole_and_anything_else_stays() {
    for (before, after) in [
        ("code=c&state=s", ""),
        (
            "tab=1&code=c&state=s&iss=i&session_state=o&last",
            "tab=1&last",
        ),
        (
            "error=e&error_description=d&error_uri=u&state=s&tab=a%20b",
            "tab=a%20b",
        ),
        ("%63ode=c&st%61te=s", ""),
        ("code=c&code=d&state=s&state=t&x=1", "x=1"),
        ("code=SALE", "code=SALE"),
        ("code=SALE&state=", "code=SALE&state="),
        ("code=&state=TX", "code=&state=TX"),
        ("state=TX&session_state=1", "state=TX&session_state=1"),
        ("error=404", "error=404"),
        ("", ""),
    ] {
        assert_eq!(Component::Query.without_answer(before), after, "{before}");
    }
    for (before, after) in [
        ("access_token=t&state=s&tab=2", "tab=2"),
        // Where nobody asked for it, too: it is a secret.
        ("access_token=t&token_type=Bearer", ""),
        ("/access_token=t&state=s", "/"),
        ("/?access_token=t&tab=2", "/?tab=2"),
        ("error=e&state=s", ""),
        ("error=404", "error=404"),
        ("code=c&state=s", "code=c&state=s"),
        ("top", "top"),
    ] {
        assert_eq!(
            Component::Fragment.without_answer(before),
            after,
            "{before}"
        );
    }
}

/// What is read from an address must leave it too, or a token stays in the history.
#[test]
fn every_parameter_that_is_read_is_taken_out() {
    for name in ["code", "state", "iss", "error", "error_description"] {
        assert!(Component::Query.parameters().contains(&name), "{name}");
    }
    // A code there is not read, but it is a secret too.
    for name in ["code", "access_token", "state", "iss", "error"] {
        assert!(Component::Fragment.parameters().contains(&name), "{name}");
    }
}

/// Anybody can write into an address: the code is one of the registered ones, or left out, and the description is held
/// to the rule of `quote.rs`.
#[test]
fn a_refusal_repeats_no_more_than_it_must() {
    const STATE: &str = "Rk7cQz-X0vJ_b1Lm";
    let quoting = format!("The state {STATE} is unknown.");
    for (error, description, code, registered, quoted) in [
        (
            "access_denied",
            Some("No."),
            "access_denied",
            Some("access_denied"),
            Some("No."),
        ),
        (
            "access_denied: cancelled",
            None,
            "access_denied",
            Some("access_denied"),
            None,
        ),
        (
            "invalid_scope: x",
            Some("No."),
            "authorization_failed",
            Some("invalid_scope"),
            Some("No."),
        ),
        (
            "<b>log in at evil.example</b>",
            None,
            "authorization_failed",
            None,
            None,
        ),
        (
            "invalid_request",
            Some(&quoting),
            "authorization_failed",
            Some("invalid_request"),
            None,
        ),
        (
            "invalid_request",
            Some("<b>No.</b>"),
            "authorization_failed",
            Some("invalid_request"),
            Some("<b>No.</b>"),
        ),
    ] {
        let failure = refusal(error, description, STATE);
        assert_eq!(failure.code(), code, "{error}");
        assert_eq!(failure.oauth_error(), registered, "{error}");
        assert_eq!(failure.oauth_description(), quoted, "{error}");
        assert_eq!(failure.phase(), Phase::Redirect);
    }
}
