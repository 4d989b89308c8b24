//! What is taken out of the page's address after a callback, and what stays.

use esi_security::client::AuthUriOptions;
use esi_security::{EsiSecurity, Options};
use wasm_bindgen_test::wasm_bindgen_test;

use crate::page::{Page, TOKENS, answer_fetch, go_to, history_state, href, origin};

/// A login with this state, whose redirect URI is a path of this page.
async fn begun(page: &Page, state: &str, implicit: bool) -> EsiSecurity {
    let security = crate::page::open(Options {
        redirect_uri: format!("{}/callback?app=1", origin()),
        ..page.options()
    })
    .unwrap();
    let options = AuthUriOptions {
        state: Some(state.into()),
        implicit,
        ..AuthUriOptions::default()
    };
    security.get_auth_uri(options).await.unwrap();
    security
}

#[wasm_bindgen_test]
async fn only_our_own_parameters_leave_and_the_history_entry_stays() {
    let page = Page::new();
    let security = begun(&page, "the-state", false).await;
    go_to("/callback?app=1&error=access_denied&state=the-state&tab=a%20b#section");
    let length = web_sys::window()
        .unwrap()
        .history()
        .unwrap()
        .length()
        .unwrap();
    let error = security.handle_redirect(None).await.unwrap_err();
    assert_eq!(error.code(), "access_denied");
    assert_eq!(
        href(),
        format!("{}/callback?app=1&tab=a%20b#section", origin())
    );
    assert_eq!(history_state(), r#"{"of":"the page"}"#);
    let history = web_sys::window().unwrap().history().unwrap();
    assert_eq!(history.length().unwrap(), length);
    // Once it is clean, it is no callback any more.
    assert_eq!(security.handle_redirect(None).await, Ok(None));
}

/// Two effects in a row, of which the first cleans the address.
#[wasm_bindgen_test]
async fn the_address_is_read_at_once() {
    let page = Page::new();
    let security = begun(&page, "the-state", false).await;
    go_to("/callback?error=access_denied&state=the-state");
    let (one, two) = (
        security.handle_redirect(None),
        security.handle_redirect(None),
    );
    assert_eq!(one.await.unwrap_err().code(), "access_denied");
    assert_eq!(href(), format!("{}/callback", origin()));
    assert_eq!(two.await.unwrap_err().code(), "access_denied");
}

/// A hash router adds `#/`, and another script a parameter of its own, before the answer has been dealt
/// with.
#[wasm_bindgen_test]
async fn the_address_may_change_meanwhile() {
    let page = Page::new();
    for (answer, changed, left) in [
        (
            "?error=access_denied&state=the-state",
            "?error=access_denied&state=the-state#/",
            "#/",
        ),
        (
            "?error=access_denied&state=the-state",
            "?theme=dark&state=the-state&error=access_denied",
            "?theme=dark",
        ),
        (
            "#error=access_denied&state=the-state",
            "?theme=dark#state=the-state&error=access_denied&tab=2",
            "?theme=dark#tab=2",
        ),
    ] {
        let security = begun(&page, "the-state", false).await;
        go_to(&format!("/callback{answer}"));
        let finishing = security.handle_redirect(None);
        go_to(&format!("/callback{changed}"));
        assert_eq!(finishing.await.unwrap_err().code(), "access_denied");
        assert_eq!(href(), format!("{}/callback{left}", origin()));
    }
    // What is there by then is another's.
    for elsewhere in [
        "/callback?code=theirs&state=another-state#/",
        "/callback?code=theirs",
        "/callback/?code=theirs&state=the-state",
        "/callback?error=server_error&state=the-state",
        "/callback#/?state=the-state",
    ] {
        let security = begun(&page, "the-state", false).await;
        go_to("/callback?error=access_denied&state=the-state");
        let finishing = security.handle_redirect(None);
        go_to(elsewhere);
        assert_eq!(finishing.await.unwrap_err().code(), "access_denied");
        assert_eq!(href(), format!("{}{elsewhere}", origin()));
    }
}

/// A page's router goes to another path while the code is exchanged, and takes the query along. Left there, the response
/// would be found again by a reload.
#[wasm_bindgen_test]
async fn the_response_leaves_the_path_that_a_router_has_gone_to() {
    let page = Page::new();
    answer_fetch(TOKENS);
    for (code, elsewhere, left) in [
        ("code-1", "/?code=code-1&state=the-state", "/"),
        (
            "code-2",
            "/characters?tab=2&state=the-state&code=code-2#/",
            "/characters?tab=2#/",
        ),
    ] {
        let security = begun(&page, "the-state", false).await;
        go_to(&format!("/callback?code={code}&state=the-state"));
        let finishing = security.handle_redirect(None);
        go_to(elsewhere);
        assert_eq!(finishing.await.unwrap().unwrap().state, "the-state");
        assert_eq!(href(), format!("{}{left}", origin()));
        assert_eq!(history_state(), r#"{"of":"the page"}"#);
    }
    // Another response is left to its reader.
    for (code, elsewhere) in [
        ("code-3", "/characters?code=theirs&state=the-state"),
        ("code-4", "/characters?code=code-4&state=another"),
        ("code-5", "/characters#code=code-5&state=the-state"),
    ] {
        let security = begun(&page, "the-state", false).await;
        go_to(&format!("/callback?code={code}&state=the-state"));
        let finishing = security.handle_redirect(None);
        go_to(elsewhere);
        finishing.await.unwrap();
        assert_eq!(href(), format!("{}{elsewhere}", origin()));
    }
}

#[wasm_bindgen_test]
async fn nothing_is_left_of_a_bare_callback() {
    let page = Page::new();
    let security = begun(&page, "the-state", false).await;
    go_to("/callback?error=access_denied&error_description=x&state=the-state");
    security.handle_redirect(None).await.unwrap_err();
    assert_eq!(href(), format!("{}/callback", origin()));
}

/// A hash router's parameters may have the names of an answer's.
#[wasm_bindgen_test]
async fn only_the_component_that_held_the_answer_is_cleaned() {
    let page = Page::new();
    for (implicit, answer, left) in [
        (
            false,
            "?error=access_denied&state=the-state#/list?region=10&state=open&scope=corp&error=none",
            "#/list?region=10&state=open&scope=corp&error=none",
        ),
        (
            false,
            "?error=access_denied&state=the-state&session_state=opaque#state=open&scope=corp&error=none",
            "#state=open&scope=corp&error=none",
        ),
        (
            false,
            "?error=access_denied&state=the-state#state=the-state",
            "#state=the-state",
        ),
        (
            true,
            "?state=TX&iss=mine#error=access_denied&state=the-state&tab=2",
            "?state=TX&iss=mine#tab=2",
        ),
        (
            false,
            "??error=1&error=access_denied&state=the-state",
            "??error=1",
        ),
    ] {
        let security = begun(&page, "the-state", implicit).await;
        go_to(&format!("/callback{answer}"));
        let error = security.handle_redirect(None).await.unwrap_err();
        assert_eq!(error.code(), "access_denied", "{answer}");
        assert_eq!(href(), format!("{}/callback{left}", origin()));
    }
}

#[wasm_bindgen_test]
async fn a_token_leaves_the_fragment() {
    let page = Page::new();
    let security = begun(&page, "the-state", true).await;
    go_to(
        "/callback?app=1#access_token=the-token&token_type=Bearer&expires_in=1200&state=the-state&tab=2",
    );
    let result = security.handle_redirect(None).await.unwrap().unwrap();
    assert_eq!(result.state, "the-state");
    assert_eq!(href(), format!("{}/callback?app=1#tab=2", origin()));
    assert_eq!(security.get_access_token().await.unwrap(), "the-token");
}

/// It gets no better by a reload, and an address is no place for a token.
#[wasm_bindgen_test]
async fn a_token_that_cannot_be_used_leaves_too() {
    let page = Page::new();
    for (implicit, fragment, code) in [
        (
            true,
            "access_token=the-token&token_type=mac",
            "invalid_response",
        ),
        (false, "access_token=the-token", "authorization_failed"),
    ] {
        let security = begun(&page, "the-state", implicit).await;
        go_to(&format!("/callback#{fragment}&state=the-state"));
        let error = security.handle_redirect(None).await.unwrap_err();
        assert_eq!(error.code(), code);
        assert_eq!(href(), format!("{}/callback", origin()));
    }
}

/// What is not ours, and what may succeed after a reload, stays where it is.
#[wasm_bindgen_test]
async fn other_answers_stay_in_the_address() {
    let page = Page::new();
    crate::page::break_fetch("a TypeError");
    let security = begun(&page, "the-state", false).await;
    for (address, code) in [
        ("/callback?code=c&state=unknown", "state_unknown"),
        ("/callback?code=c", "state_missing"),
        (
            "/callback?code=c&state=the-state&iss=https://evil.example",
            "issuer_mismatch",
        ),
        ("/callback?code=c&state=the-state", "network_error"),
        (
            "/callback?code=c&code=d&state=the-state",
            "invalid_argument",
        ),
    ] {
        go_to(address);
        let error = security.handle_redirect(None).await.unwrap_err();
        assert_eq!(error.code(), code, "{address}");
        assert_eq!(href(), format!("{}{address}", origin()));
    }
    for address in ["/callback?tab=2", "/elsewhere?code=c&state=unknown"] {
        go_to(address);
        assert_eq!(security.handle_redirect(None).await, Ok(None), "{address}");
        assert_eq!(href(), format!("{}{address}", origin()));
    }
}

/// The SSO's page again from the history brings another code under the same `state`.
#[wasm_bindgen_test]
async fn an_answer_that_comes_too_late_leaves_too() {
    let page = Page::new();
    let security = begun(&page, "the-state", false).await;
    for (address, code) in [
        (
            "/elsewhere?error=access_denied&state=the-state",
            "access_denied",
        ),
        ("/elsewhere?code=c&state=the-state&tab=2", "state_reused"),
        ("/callback?code=c&state=the-state&tab=2", "state_reused"),
    ] {
        go_to(address);
        let error = security.handle_redirect(None).await.unwrap_err();
        assert_eq!(error.code(), code, "{address}");
        assert!(!href().contains("state"), "{}", href());
        assert_eq!(security.handle_redirect(None).await, Ok(None), "{address}");
    }
}

#[wasm_bindgen_test]
async fn an_address_that_the_page_is_not_at_is_left_alone() {
    let page = Page::new();
    let security = begun(&page, "the-state", false).await;
    go_to("/elsewhere?code=theirs");
    let url = format!("{}/callback?error=access_denied&state=the-state", origin());
    security.handle_redirect(Some(&url)).await.unwrap_err();
    assert_eq!(href(), format!("{}/elsewhere?code=theirs", origin()));
}
