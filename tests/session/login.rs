//! Logins under way: one record for each `state`, for ten minutes, used once.

use esi_security::oauth::pkce::CodeVerifier;
use esi_security::session::login::{LIFETIME, Login, Logins, Site, is_final};
use esi_security::session::token_set::CLOCK_STEP;
use esi_security::{Error, ErrorKind, Phase};

const NOW: i64 = 1_700_000_000;
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
/// How many are remembered.
const CAPACITY: usize = 8;

fn login(state: &str, began_at: i64) -> Login {
    Login {
        token_identifier: None,
        state: state.into(),
        verifier: Some(CodeVerifier::from_text(VERIFIER, Phase::Login).unwrap()),
        implicit: false,
        redirect_uri: "https://app.example/callback".into(),
        issuer: "https://login.eveonline.com".into(),
        requires_iss: false,
        scopes: vec!["publicData".into()],
        return_to: Some("/market?x=1#y".into()),
        began_at,
        answer: None,
    }
}

fn under_way(states: &[&str]) -> Logins {
    let mut logins = Logins::default();
    for state in states {
        logins.begin(login(state, NOW));
    }
    logins
}

fn find<'a>(logins: &'a Logins, state: &str, now: i64) -> Result<&'a Login, Error> {
    logins.find(state, now, Phase::Redirect)
}

fn unknown() -> Error {
    let phase = Phase::Redirect;
    ErrorKind::StateUnknown { phase }.into()
}

#[test]
fn a_login_is_found_by_its_state_alone() {
    let logins = under_way(&["one", "two"]);
    assert_eq!(find(&logins, "one", NOW), Ok(&login("one", NOW)));
    assert_eq!(find(&logins, "two", NOW), Ok(&login("two", NOW)));
    for state in ["", "on", "one ", "ONE", "three"] {
        assert_eq!(find(&logins, state, NOW), Err(unknown()), "{state}");
    }
    let phase = Phase::Token;
    assert_eq!(
        logins.find("three", NOW, phase),
        Err(ErrorKind::StateUnknown { phase }.into())
    );
}

#[test]
fn it_can_be_finished_for_ten_minutes() {
    assert_eq!((LIFETIME, CLOCK_STEP), (600, 60));
    let logins = under_way(&["one"]);
    // A time server may have set the clock right meanwhile.
    for age in [0, 1, LIFETIME - 1, -1, -CLOCK_STEP] {
        assert!(find(&logins, "one", NOW + age).is_ok(), "{age}");
        assert!(logins.any_open(NOW + age));
        assert!(!under_way(&["one"]).expire(NOW + age), "{age}");
    }
    let phase = Phase::Redirect;
    // A clock that was set back makes it old, not eternal.
    for age in [
        LIFETIME,
        LIFETIME + 1,
        -CLOCK_STEP - 1,
        -LIFETIME,
        i64::MIN,
        i64::MAX - NOW,
    ] {
        let now = NOW.saturating_add(age);
        let found = find(&logins, "one", now);
        assert_eq!(
            found,
            Err(ErrorKind::LoginExpired { phase }.into()),
            "{age}"
        );
        assert!(!logins.any_open(now));
        assert_eq!(logins.only(None, now, phase), Ok(None));
    }
}

/// No verifier outlives its login, even if the clock is set back afterwards.
#[test]
fn what_has_expired_has_ended() {
    let mut logins = under_way(&["one", "two"]);
    logins.finish("two", "digest".into());
    let before = logins.to_row();
    assert!(!logins.expire(NOW + LIFETIME - 1));
    assert_eq!(logins.to_row(), before);

    assert!(logins.expire(NOW + LIFETIME));
    let row = logins.to_row().unwrap();
    assert!(!row.contains(VERIFIER), "{row}");
    let phase = Phase::Redirect;
    let found = find(&logins, "one", NOW + LIFETIME);
    assert_eq!(found, Err(ErrorKind::LoginExpired { phase }.into()));
    assert!(find(&logins, "one", NOW).unwrap().answer.is_some());
    assert!(!logins.any_open(NOW));
    assert!(logins.any_answered("digest"));
    assert!(!logins.expire(NOW + LIFETIME), "once");
}

#[test]
fn the_oldest_goes_when_there_are_too_many() {
    let names: Vec<String> = (0..20).map(|number| format!("state-{number}")).collect();
    let mut logins = Logins::default();
    for (begun, name) in names.iter().enumerate() {
        logins.begin(login(name, NOW));
        for (number, name) in names.iter().enumerate() {
            let kept = number <= begun && number + CAPACITY > begun;
            assert_eq!(find(&logins, name, NOW).is_ok(), kept, "{begun} {number}");
        }
    }
}

#[test]
fn one_that_has_ended_goes_before_any_that_has_not() {
    let mut logins = Logins::default();
    for number in 0..CAPACITY {
        logins.begin(login(&format!("state-{number}"), NOW));
    }
    logins.finish("state-3", "digest".into());
    logins.finish("state-5", "another".into());
    for (newest, gone) in [
        ("one", "state-3"),
        ("two", "state-5"),
        ("three", "state-0"),
        ("four", "state-1"),
    ] {
        assert!(find(&logins, gone, NOW).is_ok(), "{newest}");
        logins.begin(login(newest, NOW));
        assert_eq!(find(&logins, gone, NOW), Err(unknown()), "{newest}");
    }
    for kept in ["state-2", "state-4", "state-6", "state-7", "one", "four"] {
        assert!(find(&logins, kept, NOW).is_ok(), "{kept}");
    }
}

/// The SSO's page may be opened again from the history, long after.
#[test]
fn what_has_ended_is_known_until_there_are_too_many() {
    let mut logins = under_way(&["late", "used"]);
    logins.finish("used", "digest".into());
    let later = NOW + LIFETIME;
    logins.begin(login("new", later));
    let phase = Phase::Redirect;
    let expired = Err(ErrorKind::LoginExpired { phase }.into());
    assert_eq!(find(&logins, "late", later), expired);
    assert_eq!(find(&logins, "late", NOW), Ok(&ended("late")));
    let used = find(&logins, "used", later).unwrap();
    assert_eq!(used.answer.as_deref(), Some("digest"));
    assert_eq!(logins.to_row().unwrap().matches(VERIFIER).count(), 1);
    for number in 0..CAPACITY {
        logins.begin(login(&format!("state-{number}"), later));
    }
    for gone in ["late", "used"] {
        assert_eq!(find(&logins, gone, later), Err(unknown()), "{gone}");
    }
}

/// A login that time has ended.
fn ended(state: &str) -> Login {
    Login {
        verifier: None,
        answer: Some(String::new()),
        ..login(state, NOW)
    }
}

#[test]
fn the_same_state_again_replaces_the_login() {
    let mut logins = under_way(&["one", "two"]);
    logins.begin(Login {
        return_to: None,
        ..login("one", NOW + 1)
    });
    let found = find(&logins, "one", NOW + 1).unwrap();
    assert_eq!(found.return_to, None);
    assert_eq!(found.began_at, NOW + 1);
    assert!(find(&logins, "two", NOW + 1).is_ok());
}

/// Its answer stays, so that the same answer again is known from another one; what could be used
/// again goes.
#[test]
fn a_finished_login_keeps_no_verifier() {
    let mut logins = under_way(&["one", "two"]);
    logins.finish("one", "digest".into());
    let found = find(&logins, "one", NOW).unwrap();
    assert_eq!(found.answer.as_deref(), Some("digest"));
    assert_eq!(found.verifier, None);
    assert_eq!(found.return_to.as_deref(), Some("/market?x=1#y"));
    let other = find(&logins, "two", NOW).unwrap();
    assert_eq!(
        (other.answer.as_ref(), other.verifier.is_some()),
        (None, true)
    );

    logins.finish("two", String::new());
    let row = logins.to_row().unwrap();
    assert!(!row.contains(VERIFIER), "{row}");
    assert!(!row.contains("verifier"), "{row}");
    assert!(!row.contains("code"), "{row}");
    let restored = Logins::restore(Some(&row));
    assert_eq!(find(&restored, "one", NOW), find(&logins, "one", NOW));
}

#[test]
fn finishing_what_is_not_there_does_nothing() {
    let mut logins = under_way(&["one"]);
    let before = logins.to_row();
    logins.finish("other", "digest".into());
    assert_eq!(logins.to_row(), before);
}

#[test]
fn the_only_login_needs_no_state() {
    let phase = Phase::Token;
    let only = |logins: &Logins| {
        let found = logins.only(None, NOW, phase);
        found.map(|login| login.map(|login| login.state.clone()))
    };
    assert_eq!(only(&Logins::default()), Ok(None));
    assert_eq!(only(&under_way(&["one"])), Ok(Some("one".into())));
    let missing = Err(ErrorKind::StateMissing { phase }.into());
    assert_eq!(only(&under_way(&["one", "two"])), missing);
    assert_eq!(only(&under_way(&["one", "two", "three"])), missing);

    let mut logins = under_way(&["one", "two"]);
    logins.finish("one", "digest".into());
    assert_eq!(only(&logins), Ok(Some("two".into())));
    assert!(logins.any_open(NOW));
    logins.finish("two", "digest".into());
    assert_eq!(only(&logins), Ok(None));
    assert!(!logins.any_open(NOW));

    let mut logins = Logins::default();
    logins.begin(login("old", NOW - LIFETIME + 1));
    logins.begin(login("new", NOW));
    assert_eq!(only(&logins), missing);
    let found = logins.only(None, NOW + 1, phase).unwrap().unwrap();
    assert_eq!(found.state, "new");
}

#[test]
fn logins_survive_the_redirect() {
    let mut logins = under_way(&["one"]);
    logins.begin(Login {
        verifier: None,
        implicit: true,
        requires_iss: true,
        return_to: None,
        scopes: Vec::new(),
        ..login("two", NOW)
    });
    let row = logins.to_row().unwrap();
    let restored = Logins::restore(Some(&row));
    for state in ["one", "two"] {
        assert_eq!(find(&restored, state, NOW), find(&logins, state, NOW));
    }
    assert_eq!(restored.to_row(), Some(row));
}

#[test]
fn no_logins_are_no_row() {
    assert_eq!(Logins::default().to_row(), None);
}

#[test]
fn what_is_no_row_counts_as_none() {
    let whole = under_way(&["one"]).to_row().unwrap();
    let mut rows: Vec<&str> = (0..whole.len()).map(|length| &whole[..length]).collect();
    rows.extend([
        "null",
        "7",
        "\"one\"",
        "{}",
        "[7]",
        "[{}]",
        "[null]",
        r#"[{"state":"one"}]"#,
        r#"[{"state":7,"redirect_uri":"r","issuer":"i","scopes":[],"began_at":1700000000}]"#,
        r#"[{"state":"one","redirect_uri":7,"issuer":"i","scopes":[],"began_at":1700000000}]"#,
        r#"[{"state":"one","redirect_uri":"r","issuer":"i","scopes":"s","began_at":1700000000}]"#,
        r#"[{"state":"one","redirect_uri":"r","issuer":"i","scopes":[],"began_at":"now"}]"#,
    ]);
    for row in rows {
        let logins = Logins::restore(Some(row));
        assert_eq!(logins.to_row(), None, "{row}");
        assert_eq!(find(&logins, "one", NOW), Err(unknown()), "{row}");
    }
    assert_eq!(Logins::restore(None).to_row(), None);
}

#[test]
fn no_verifier_is_printed() {
    let printed = format!("{:?}", under_way(&["one"]));
    assert!(!printed.contains(VERIFIER), "{printed}");
}

/// Two characters may log in at once in one page.
#[test]
fn the_only_login_is_the_only_one_for_its_identifier() {
    let phase = Phase::Token;
    let mut logins = under_way(&["nobody's"]);
    logins.begin(Login {
        token_identifier: Some("alice".into()),
        ..login("alice's", NOW)
    });
    for (who, state) in [
        (None, Some("nobody's")),
        (Some("alice"), Some("alice's")),
        (Some("bob"), None),
    ] {
        let found = logins.only(who, NOW, phase).unwrap();
        assert_eq!(found.map(|login| login.state.as_str()), state);
    }
}

#[test]
fn an_answer_is_known_again_whatever_the_login() {
    let mut logins = under_way(&["one", "two"]);
    assert!(!logins.any_answered("digest"));
    logins.finish("two", "digest".into());
    assert!(logins.any_answered("digest"));
    assert!(!logins.any_answered("another"));
}

/// Where the code may not have been judged the answer can be tried again.
#[test]
fn only_a_judgement_is_final() {
    let oauth = |phase, status| ErrorKind::Http {
        phase,
        status,
        is_oauth: true,
        error: Some("invalid_grant"),
        description: None,
        retry_after: None,
    };
    let unreadable = |phase| ErrorKind::InvalidResponse {
        phase,
        reason: "it is garbled",
    };
    let reused = |phase| ErrorKind::StateReused {
        phase,
        logged_in: true,
    };
    let phase = Phase::Redirect;
    let missing = ErrorKind::StateMissing { phase };
    let foreign = ErrorKind::StateUnknown { phase };
    let network = ErrorKind::Network {
        phase: Phase::Token,
        cause: "gone".into(),
    };
    let page = ErrorKind::Http {
        phase: Phase::Token,
        status: 401,
        is_oauth: false,
        error: None,
        description: None,
        retry_after: None,
    };
    let unregistered = ErrorKind::Http {
        phase: Phase::Token,
        status: 400,
        is_oauth: true,
        error: None,
        description: None,
        retry_after: None,
    };
    for (error, ends) in [
        (unregistered, true),
        (oauth(Phase::Token, 400), true),
        (oauth(Phase::Token, 503), false),
        (oauth(Phase::Metadata, 400), false),
        (unreadable(Phase::Redirect), true),
        (unreadable(Phase::Token), false),
        (reused(Phase::Token), true),
        (reused(Phase::Redirect), true),
        (missing, false),
        (foreign, false),
        (
            ErrorKind::LoginExpired {
                phase: Phase::Token,
            },
            true,
        ),
        (network, false),
        (page, false),
    ] {
        assert_eq!(is_final(&error), ends, "{error:?}");
    }
}

/// What an address is to these logins: the `state` of its answer, or what refuses it.
fn answered(
    logins: &Logins,
    address: &str,
    site: Site,
) -> Result<Option<String>, (&'static str, String)> {
    let (query, fragment) = address.split_once('#').unwrap_or((address, ""));
    let query = query.trim_start_matches('?');
    let response = logins.response_in(query, fragment, site, NOW);
    response
        .map(|response| response.map(|(state, _)| state))
        .map_err(|error| (error.code(), error.to_string()))
}

/// Each open, used, ended by a refusal, and expired.
fn of_every_kind() -> Logins {
    let mut logins = Logins::default();
    logins.begin(login("expired", NOW - LIFETIME));
    for state in ["open", "used", "refused"] {
        logins.begin(login(state, NOW - LIFETIME + 1));
    }
    logins.finish("used", "digest".into());
    logins.finish("refused", String::new());
    logins
}

/// Hosting may answer the redirect URI with a redirect to another path, and keep the query.
#[test]
fn a_state_of_ours_is_answered_at_any_path() {
    let logins = of_every_kind();
    for state in ["open", "used", "refused", "expired"] {
        for address in [
            format!("?code=c&state={state}"),
            format!("?error=access_denied&state={state}#/route"),
            format!("#access_token=t&state={state}"),
            format!("?tab=2#error=access_denied&state={state}"),
            // Hosting or a router has taken something away, or has put it elsewhere.
            format!("?state={state}"),
            format!("?code=&state={state}"),
            format!("#code=c&state={state}"),
            format!("#/?code=c&state={state}"),
            format!("#/access_token=t&state={state}"),
        ] {
            for site in [Site::RedirectUri, Site::SameOrigin] {
                let found = answered(&logins, &address, site);
                assert_eq!(found, Ok(Some(state.into())), "{site:?} {address}");
            }
            let (code, message) = answered(&logins, &address, Site::OtherOrigin).unwrap_err();
            assert_eq!(code, "invalid_argument", "{address}");
            assert!(message.contains("`url`"), "{message}");
        }
        for twice in [
            format!("?code=c&code=d&state={state}"),
            format!("?code=c&state=a&state={state}"),
            format!("#access_token=t&access_token=u&state={state}"),
        ] {
            for site in [Site::RedirectUri, Site::SameOrigin, Site::OtherOrigin] {
                let refused = answered(&logins, &twice, site).unwrap_err();
                assert_eq!(refused.0, "invalid_argument", "{site:?} {twice}");
            }
        }
    }
}

#[test]
fn what_is_not_ours_is_refused_at_the_redirect_uri_alone() {
    let (ended, open) = (Logins::default(), of_every_kind());
    for (address, without_any, with_one_under_way) in [
        (
            "?code=c&state=s",
            Ok(Some("s".to_owned())),
            Ok(Some("s".to_owned())),
        ),
        ("?code=c", Ok(None), Err("state_missing")),
        ("#access_token=t", Ok(None), Err("state_missing")),
        ("?code=c&code=d&state=s", Ok(None), Err("invalid_argument")),
        ("#error=none&state=s", Ok(None), Ok(Some("s".to_owned()))),
        ("#/list?state=s&error=none&x", Ok(None), Ok(None)),
        ("?state=s", Ok(None), Ok(None)),
        ("?tab=2", Ok(None), Ok(None)),
        ("#code=c&state=s", Ok(None), Ok(None)),
        ("#/route?code=c&state=s", Ok(None), Ok(None)),
    ] {
        for (logins, expected) in [(&ended, without_any), (&open, with_one_under_way)] {
            let found = answered(logins, address, Site::RedirectUri);
            assert_eq!(found.map_err(|(code, _)| code), expected, "{address}");
            for site in [Site::SameOrigin, Site::OtherOrigin] {
                let found = answered(logins, address, site);
                assert_eq!(found, Ok(None), "{site:?} {address}");
            }
        }
    }
}
