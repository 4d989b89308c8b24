//! The tokens of one session, and when they count as expired.

use esi_security::Phase;
use esi_security::oauth::secret::Secret;
use esi_security::oauth::token_response;
use esi_security::session::token_set::{AccessToken, MARGIN, TokenSet};

const NOW: i64 = 1_700_000_000;

fn access(expires_at: Option<i64>) -> AccessToken {
    AccessToken {
        token: Secret::new("access"),
        token_type: "Bearer".into(),
        // So long ago that no clock of these tests is before it.
        received_at: i64::MIN,
        expires_at,
        clock_skew: 0,
    }
}

#[test]
fn a_clock_that_was_set_back_makes_a_token_old() {
    let access = AccessToken {
        received_at: NOW,
        ..access(Some(NOW + 1200))
    };
    for (now, expired) in [
        (NOW, false),
        (NOW - 60, false),
        (NOW - 61, true),
        (NOW - 86_400, true),
        (i64::MIN, true),
    ] {
        assert_eq!(access.is_expired(now, 0), expired, "{now}");
    }
}

/// Else a token that lives for less would be refreshed at every use.
#[test]
fn the_margin_is_a_minute_or_half_a_shorter_life() {
    for (life, margin) in [(1200, MARGIN), (121, MARGIN), (120, 60), (30, 15), (1, 0)] {
        let access = AccessToken {
            received_at: NOW,
            ..access(Some(NOW + life))
        };
        assert_eq!(access.margin(), margin, "{life}");
    }
    assert_eq!(access(None).margin(), MARGIN);
}

#[test]
fn a_positive_offset_expires_sooner_and_a_negative_one_later() {
    for (life, offset, expired) in [
        (1, 0, false),
        (0, 0, true),
        (-1, 0, true),
        (60, 59, false),
        (60, 60, true),
        (60, 61, true),
        (0, -1, false),
        (-10, -10, true),
        (-10, -11, false),
        (1200, i64::MAX, true),
        (-1200, i64::MIN, false),
    ] {
        let access = access(Some(NOW + life));
        assert_eq!(access.is_expired(NOW, offset), expired, "{life} {offset}");
        let tokens = TokenSet {
            access: Some(access),
            refresh_token: None,
        };
        assert_eq!(tokens.is_expired(NOW, offset), expired, "{life} {offset}");
    }
}

#[test]
fn no_moment_and_no_offset_is_too_far_away() {
    const FAR: [i64; 7] = [i64::MIN, i64::MIN + 1, -1, 0, 1, i64::MAX - 1, i64::MAX];
    for expires_at in FAR {
        for now in FAR {
            for offset in FAR {
                let limit = i128::from(expires_at) - i128::from(offset);
                let limit = limit.clamp(i64::MIN.into(), i64::MAX.into());
                assert_eq!(
                    access(Some(expires_at)).is_expired(now, offset),
                    i128::from(now) >= limit,
                    "{expires_at} {now} {offset}"
                );
            }
        }
    }
}

#[test]
fn an_unknown_expiry_counts_as_expired() {
    for offset in [i64::MIN, -60, 0, 60, i64::MAX] {
        assert!(access(None).is_expired(NOW, offset));
        let alone = TokenSet {
            access: None,
            refresh_token: Some(Secret::new("refresh")),
        };
        assert!(alone.is_expired(NOW, offset));
        assert!(TokenSet::default().is_expired(NOW, offset));
    }
}

fn after(json: &str, before: Option<&str>, now: i64) -> TokenSet {
    let response = token_response::parse(json, Phase::Token).unwrap();
    TokenSet::from_response(response, before.map(Secret::new), 0, now)
}

#[test]
fn an_answer_ends_at_the_moment_it_came_plus_its_life() {
    let json = r#"{"access_token":"a","expires_in":1199,"token_type":"bearer"}"#;
    let access = after(json, None, NOW).access.unwrap();
    assert_eq!(access.token.expose(), "a");
    assert_eq!(access.token_type, "bearer");
    assert_eq!(access.expires_at, Some(NOW + 1199));
    let at_the_end = after(json, None, i64::MAX).access.unwrap();
    assert_eq!(at_the_end.expires_at, Some(i64::MAX));
    let unknown = after(r#"{"access_token":"a"}"#, None, NOW).access.unwrap();
    assert_eq!(unknown.expires_at, None);
}

#[test]
fn the_refresh_token_from_before_stays_where_none_is_brought() {
    let old = Some(Secret::new("old"));
    for json in [
        r#"{"access_token":"a"}"#,
        r#"{"access_token":"a","refresh_token":null}"#,
        r#"{"access_token":"a","refresh_token":""}"#,
    ] {
        assert_eq!(after(json, Some("old"), NOW).refresh_token, old, "{json}");
        assert_eq!(after(json, None, NOW).refresh_token, None);
    }
    let json = r#"{"access_token":"a","refresh_token":"new"}"#;
    let new = Some(Secret::new("new"));
    assert_eq!(after(json, Some("old"), NOW).refresh_token, new);
}

#[test]
fn nothing_of_it_is_printed() {
    let json = r#"{"access_token":"access-token","refresh_token":"refresh-token"}"#;
    let printed = format!("{:?}", after(json, None, NOW));
    assert!(!printed.contains("-token"), "{printed}");
}
