//! The tokens of one session, and when they count as expired.

use esi_security::Phase;
use esi_security::oauth::secret::Secret;
use esi_security::oauth::token_response::{self, TokenResponse};
use esi_security::session::lineage::Lineage;
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
        assert_eq!(access.margin(MARGIN), margin, "{life}");
    }
    assert_eq!(access(None).margin(MARGIN), MARGIN);
    let long = AccessToken {
        received_at: NOW,
        ..access(Some(NOW + 1200))
    };
    for (wished, margin) in [(0, 0), (300, 300), (600, 600), (601, 600), (i64::MAX, 600)] {
        assert_eq!(long.margin(wished), margin, "{wished}");
    }
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
            ..TokenSet::default()
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
        let alone = TokenSet::begin(Secret::new("refresh"));
        assert!(alone.is_expired(NOW, offset));
        assert!(TokenSet::default().is_expired(NOW, offset));
    }
}

fn parse(json: &str) -> TokenResponse {
    token_response::parse(json, Phase::Token).unwrap()
}

fn after(json: &str, now: i64) -> TokenSet {
    TokenSet::from_response(parse(json), 0, now)
}

#[test]
fn an_answer_ends_at_the_moment_it_came_plus_its_life() {
    let json = r#"{"access_token":"a","expires_in":1199,"token_type":"bearer"}"#;
    let access = after(json, NOW).access.unwrap();
    assert_eq!(access.token.expose(), "a");
    assert_eq!(access.token_type, "bearer");
    assert_eq!(access.expires_at, Some(NOW + 1199));
    let at_the_end = after(json, i64::MAX).access.unwrap();
    assert_eq!(at_the_end.expires_at, Some(i64::MAX));
    let unknown = after(r#"{"access_token":"a"}"#, NOW).access.unwrap();
    assert_eq!(unknown.expires_at, None);
}

/// In the answer to a refresh, and in tokens that the page brings; never in a login's.
#[test]
fn the_refresh_token_from_before_stays_where_none_is_brought() {
    let before = TokenSet::begin(Secret::new("old"));
    let lineage = before.lineage.clone().unwrap();
    for json in [
        r#"{"access_token":"a"}"#,
        r#"{"access_token":"a","refresh_token":null}"#,
        r#"{"access_token":"a","refresh_token":""}"#,
    ] {
        let renewed = before.renewed(parse(json), 0, NOW);
        assert_eq!(renewed.refresh_token, before.refresh_token, "{json}");
        assert_eq!(renewed.lineage, Some(lineage.next()), "{json}");
        let updated = before.updated(parse(json), 0, NOW);
        assert_eq!(updated.refresh_token, before.refresh_token, "{json}");
        assert_eq!(updated.lineage.as_ref(), Some(&lineage), "{json}");
        let login = after(json, NOW);
        assert_eq!((login.refresh_token, login.lineage), (None, None), "{json}");
    }
    let json = r#"{"access_token":"a","refresh_token":"new"}"#;
    let new = Secret::new("new");
    let renewed = before.renewed(parse(json), 0, NOW);
    assert_eq!(renewed.refresh_token.as_ref(), Some(&new));
    assert_eq!(renewed.lineage, Some(lineage.next()));
    // Brought from elsewhere it may be another grant's.
    let updated = before.updated(parse(json), 0, NOW);
    assert_eq!(updated.refresh_token.as_ref(), Some(&new));
    assert_eq!(updated.lineage, Some(Lineage::begin(&new)));
}

#[test]
fn a_rotated_refresh_token_leaves_the_access_token_alone() {
    let before = after(
        r#"{"access_token":"a","expires_in":9,"refresh_token":"r"}"#,
        NOW,
    );
    let rotated = before.rotated(Secret::new("r-2"));
    assert_eq!(rotated.access, before.access);
    assert_eq!(rotated.refresh_token, Some(Secret::new("r-2")));
    assert!(rotated.is_ahead_of(&before) && !before.is_ahead_of(&rotated));
}

/// What another tab hands over may have ended long ago.
#[test]
fn an_access_token_is_alive_until_its_end_or_for_ever_if_nobody_knows() {
    let known = after(r#"{"access_token":"a","expires_in":9}"#, NOW);
    let unknown = after(r#"{"access_token":"a"}"#, NOW);
    let none = TokenSet::begin(Secret::new("r"));
    for (now, alive) in [(NOW, true), (NOW + 8, true), (NOW + 9, false)] {
        assert_eq!(known.is_alive(now), alive, "{now}");
        assert!(unknown.is_alive(now) && !none.is_alive(now));
    }
}

/// As the server would have sent them at that moment.
#[test]
fn held_tokens_answer_a_caller_with_the_life_that_is_left() {
    let json = r#"{"access_token":"a","expires_in":9,"token_type":"bearer","refresh_token":"r"}"#;
    let tokens = after(json, NOW);
    for (now, left) in [(NOW, 9), (NOW + 8, 1), (NOW + 9, 0), (NOW + 1000, 0)] {
        let expected = TokenResponse {
            expires_in: Some(left),
            ..parse(json)
        };
        assert_eq!(tokens.to_response(now), Some(expected), "{now}");
    }
    let unknown = r#"{"access_token":"a"}"#;
    assert_eq!(after(unknown, NOW).to_response(NOW), Some(parse(unknown)));
    let alone = TokenSet::begin(Secret::new("r"));
    assert_eq!(alone.to_response(NOW), None);
}

#[test]
fn nothing_of_it_is_printed() {
    let json = r#"{"access_token":"access-token","refresh_token":"refresh-token"}"#;
    let printed = format!("{:?}", after(json, NOW));
    assert!(!printed.contains("-token"), "{printed}");
}
