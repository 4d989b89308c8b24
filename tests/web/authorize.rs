//! Signing a request to an API: EsiPy's `__call__`.

use esi_security::client::SecurityRequirements;
use esi_security::web;
use esi_security::{ErrorKind, Options, Phase};
use wasm_bindgen_test::wasm_bindgen_test;
use web_sys::Request;

use crate::page::{
    EXPIRED, Page, TOKENS, break_fetch, fetched, request_that_lies, request_that_was_sent,
    request_without_cors,
};

const ROUTE: &str = "https://esi.evetech.net/characters/1/location";

fn request(url: &str) -> Request {
    Request::new_with_str(url).unwrap()
}

fn header(request: &Request, name: &str) -> Option<String> {
    request.headers().get(name).unwrap()
}

fn needs(names: &[&[&str]]) -> SecurityRequirements {
    names
        .iter()
        .map(|names| names.iter().copied().map(String::from).collect())
        .collect()
}

#[wasm_bindgen_test]
async fn the_token_goes_into_a_copy() {
    let page = Page::new();
    let security = crate::page::open(Options {
        headers: vec![("User-Agent".into(), "app/1.0 (mail)".into())],
        ..page.options()
    })
    .unwrap();
    security.update_token(TOKENS, None).unwrap();
    let plain = request(ROUTE);
    let signed = web::authorize(&security, &plain, None).await.unwrap();
    assert_eq!(signed.url(), ROUTE);
    let bearer = Some("Bearer the-access-token".into());
    assert_eq!(header(&signed, "Authorization"), bearer);
    assert_eq!(
        header(&signed, "X-User-Agent").as_deref(),
        Some("app/1.0 (mail)")
    );
    assert_eq!(header(&plain, "Authorization"), None);
    assert_eq!(header(&plain, "X-User-Agent"), None);

    // What the caller wrote itself stays.
    let named = request(ROUTE);
    named.headers().set("X-User-Agent", "mine").unwrap();
    let signed = web::authorize(&security, &named, None).await.unwrap();
    assert_eq!(header(&signed, "X-User-Agent").as_deref(), Some("mine"));
}

#[wasm_bindgen_test]
async fn the_token_goes_to_allowed_origins_alone() {
    let page = Page::new();
    break_fetch("a TypeError");
    let security = crate::page::open(Options {
        api_origins: vec![
            "https://esi.evetech.net/".into(),
            "https://b.example:443".into(),
        ],
        ..page.options()
    })
    .unwrap();
    security.update_token(TOKENS, None).unwrap();
    for url in [ROUTE, "https://esi.evetech.net", "https://b.example/x"] {
        assert!(
            web::authorize(&security, &request(url), None).await.is_ok(),
            "{url}"
        );
    }
    for url in [
        "https://evil.example/",
        "http://esi.evetech.net/",
        "https://esi.evetech.net.evil.example/",
        "https://esi.evetech.net:8443/",
        "https://xesi.evetech.net/",
        "https://login.eveonline.com/",
        "/relative",
        "data:text/plain,x",
    ] {
        let error = web::authorize(&security, &request(url), None)
            .await
            .unwrap_err();
        assert!(
            matches!(*error, ErrorKind::OriginNotAllowed { .. }),
            "{url}: {error:?}"
        );
        assert_eq!(error.phase(), Phase::Authorize);
    }
    assert!(fetched().is_empty());
}

/// What counts is where the browser will send it.
#[wasm_bindgen_test]
async fn a_request_that_lies_about_its_address_is_refused() {
    let page = Page::new();
    let security = page.security();
    security.update_token(TOKENS, None).unwrap();
    let liar = request_that_lies(ROUTE, "https://evil.example/");
    assert_eq!(liar.url(), ROUTE);
    let origin = "https://evil.example".into();
    let error = web::authorize(&security, &liar, None).await.unwrap_err();
    assert_eq!(*error, ErrorKind::OriginNotAllowed { origin });
}

#[wasm_bindgen_test]
async fn an_operation_that_does_not_ask_for_it_is_left_untouched() {
    let page = Page::new();
    let security = page.security();
    let plain = request("https://anywhere.example/");
    for open in [
        needs(&[]),
        needs(&[&[]]),
        needs(&[&["other"], &["another"]]),
    ] {
        let same = web::authorize(&security, &plain, Some(&open))
            .await
            .unwrap();
        assert!(js_sys::Object::is(&same, &plain));
        assert_eq!(header(&same, "Authorization"), None);
    }
    security.update_token(TOKENS, None).unwrap();
    for secured in [needs(&[&["evesso"]]), needs(&[&["other"], &["OAuth2"]])] {
        let signed = web::authorize(&security, &request(ROUTE), Some(&secured))
            .await
            .unwrap();
        assert!(header(&signed, "Authorization").is_some());
    }
    let named = crate::page::open(Options {
        security_names: vec!["mine".into()],
        ..page.options()
    })
    .unwrap();
    let same = web::authorize(&named, &plain, Some(&needs(&[&["evesso"]])))
        .await
        .unwrap();
    assert!(js_sys::Object::is(&same, &plain));
}

#[wasm_bindgen_test]
async fn a_request_that_cannot_carry_the_token_is_refused() {
    let page = Page::new();
    let security = page.security();
    security.update_token(TOKENS, None).unwrap();
    for unfit in [request_without_cors(ROUTE), request_that_was_sent(ROUTE)] {
        let error = web::authorize(&security, &unfit, None).await.unwrap_err();
        assert!(
            matches!(&*error, ErrorKind::InvalidArgument { phase: Phase::Authorize, name, .. } if name == "request"),
            "{error:?}"
        );
    }
}

#[wasm_bindgen_test]
async fn an_expired_token_is_refreshed_first() {
    let page = Page::new();
    break_fetch("a TypeError");
    let security = page.security();
    let error = web::authorize(&security, &request(ROUTE), None)
        .await
        .unwrap_err();
    assert_eq!(error.code(), "no_token");
    assert!(fetched().is_empty());
    security.update_token(EXPIRED, None).unwrap();
    let error = web::authorize(&security, &request(ROUTE), None)
        .await
        .unwrap_err();
    assert_eq!(error.code(), "network_error");
    // Once more, since nobody knows whether the first was served.
    assert_eq!(fetched(), ["https://sso.example/token"; 2]);
}
