//! Where a login may lead back to: this very origin, or the page would send pilots anywhere (RFC 9700
//! section 4.11).

use esi_security::client::LoginOptions;
use esi_security::{Error, ErrorKind, Phase};
use wasm_bindgen_test::wasm_bindgen_test;

use crate::page::{Page, fill_storage, last_attempt, origin};

/// `login` would leave the page where this is accepted, so the storage is full; what it tried to write
/// tells what was made of the address.
async fn return_to(page: &Page, address: &str) -> Result<String, Error> {
    let options = LoginOptions {
        return_to: Some(address.into()),
        ..LoginOptions::default()
    };
    let error = page.security().login(options).await.unwrap_err();
    match *error {
        ErrorKind::StorageUnavailable {
            phase: Phase::Login,
        } => {
            let logins: serde_json::Value = serde_json::from_str(&last_attempt()).unwrap();
            Ok(logins[0]["return_to"].as_str().unwrap().to_owned())
        }
        _ => Err(error),
    }
}

#[wasm_bindgen_test]
async fn other_places_are_refused() {
    let page = Page::new();
    fill_storage();
    let here = origin();
    for address in [
        "//evil.example",
        "//evil.example/path",
        "///evil.example",
        "\\\\evil.example",
        "/\\evil.example",
        "\\/evil.example",
        "\t//evil.example",
        " //evil.example",
        "/\t/evil.example",
        "/\n/evil.example",
        "/.//evil.example",
        "/a/..//evil.example",
        "/%2e//evil.example",
        "https://evil.example",
        "https:evil.example",
        "HTTPS://EVIL.EXAMPLE",
        "http:\\\\evil.example",
        "javascript:alert(1)",
        "JavaScript:alert(1)",
        "java\nscript:alert(1)",
        "data:text/html,x",
        "vbscript:x",
        "file:///etc/hosts",
        "about:blank",
        &format!("blob:{here}/x"),
        &format!("blob:{here}//evil.example"),
        &format!("{here}@evil.example"),
        &format!("{here}.evil.example"),
        &format!("{here}//evil.example"),
        &format!("{here}0/"),
        &here.replace("http", "https"),
        "http://[",
    ] {
        let error = return_to(&page, address).await.unwrap_err();
        assert!(
            matches!(&*error, ErrorKind::InvalidArgument { phase: Phase::Login, name, .. } if name == "returnTo"),
            "{address}: {error:?}"
        );
    }
}

#[wasm_bindgen_test]
async fn this_origins_addresses_are_kept_as_path_query_and_fragment() {
    let page = Page::new();
    fill_storage();
    let here = origin();
    for (address, expected) in [
        ("/ok?x#y", "/ok?x#y"),
        ("/", "/"),
        ("/a/../b", "/b"),
        ("/a b?c=d e", "/a%20b?c=d%20e"),
        ("/market#//evil.example", "/market#//evil.example"),
        ("/market?next=//evil.example", "/market?next=//evil.example"),
        // One backslash is a slash to a browser.
        ("\\evil", "/evil"),
        (&format!("{here}/there?x=1#y"), "/there?x=1#y"),
        (&here, "/"),
        ("/a//b", "/a//b"),
        ("/javascript:alert(1)", "/javascript:alert(1)"),
    ] {
        let kept = return_to(&page, address).await.unwrap();
        assert_eq!(kept, expected, "{address}");
    }
    let relative = return_to(&page, "there").await.unwrap();
    assert!(
        relative.starts_with('/') && relative.ends_with("/there"),
        "{relative}"
    );
}
