//! How long a fetched document is believed.

use esi_security::session::cache::{Document, TIME_TO_LIVE, is_fresh};

#[test]
fn a_document_is_fresh_for_its_time_to_live() {
    let then = 1_700_000_000;
    for (age, fresh) in [
        (0, true),
        (1, true),
        (TIME_TO_LIVE - 1, true),
        (TIME_TO_LIVE, false),
        (TIME_TO_LIVE * 1000, false),
    ] {
        assert_eq!(is_fresh(then, then + age), fresh, "{age} seconds old");
    }
}

/// Else a page whose clock was once a year ahead would not ask again for a year.
#[test]
fn a_clock_that_was_set_back_makes_it_old() {
    let then = 1_700_000_000;
    for back in [1, 60, TIME_TO_LIVE, 31_536_000] {
        assert!(!is_fresh(then, then - back), "{back} seconds");
    }
}

#[test]
fn no_moment_is_too_far_away() {
    for fetched_at in [i64::MIN, -1, 0, 1, i64::MAX] {
        for now in [i64::MIN, -1, 0, 1, i64::MAX] {
            let near = (0..TIME_TO_LIVE).contains(
                &(i128::from(now) - i128::from(fetched_at))
                    .try_into()
                    .unwrap_or(-1),
            );
            assert_eq!(is_fresh(fetched_at, now), near, "{fetched_at} {now}");
        }
    }
}

#[test]
fn it_is_kept_as_it_was() {
    let document = Document {
        fetched_at: 1_700_000_000,
        text: "{\"keys\":[\"\\u0000\"]}\n漢".into(),
    };
    let json = serde_json::to_string(&document).unwrap();
    assert_eq!(serde_json::from_str::<Document>(&json).unwrap(), document);
}
