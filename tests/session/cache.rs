//! How long a fetched document is believed.

use esi_security::session::cache::{COOL_DOWN, Document, MAX_AGE, is_cooling, is_fresh};

#[test]
fn a_document_is_fresh_until_its_age_is_reached() {
    let then = 1_700_000_000;
    for (age, fresh) in [
        (0, true),
        (1, true),
        (MAX_AGE - 1, true),
        (MAX_AGE, false),
        (MAX_AGE * 1000, false),
    ] {
        assert_eq!(
            is_fresh(then, then + age, MAX_AGE),
            fresh,
            "{age} seconds old"
        );
    }
    assert!(!is_fresh(then, then, 0));
    assert!(is_fresh(then, then + 9, 10) && !is_fresh(then, then + 10, 10));
}

#[test]
fn what_did_not_succeed_is_tried_again_after_a_minute() {
    let then = 1_700_000_000;
    assert!(is_cooling(then, then) && is_cooling(then, then + COOL_DOWN - 1));
    assert!(!is_cooling(then, then + COOL_DOWN) && !is_cooling(then, then - 1));
    assert_eq!(COOL_DOWN, 60);
}

/// Else a page whose clock was once a year ahead would not ask again for a year.
#[test]
fn a_clock_that_was_set_back_makes_it_old() {
    let then = 1_700_000_000;
    for back in [1, 60, MAX_AGE, 31_536_000] {
        assert!(!is_fresh(then, then - back, MAX_AGE), "{back} seconds");
    }
}

#[test]
fn no_moment_is_too_far_away() {
    for fetched_at in [i64::MIN, -1, 0, 1, i64::MAX] {
        for now in [i64::MIN, -1, 0, 1, i64::MAX] {
            let near = (0..MAX_AGE).contains(
                &(i128::from(now) - i128::from(fetched_at))
                    .try_into()
                    .unwrap_or(-1),
            );
            assert_eq!(
                is_fresh(fetched_at, now, MAX_AGE),
                near,
                "{fetched_at} {now}"
            );
        }
    }
}

#[test]
fn it_is_kept_as_it_was() {
    let document = Document {
        fetched_at: 1_700_000_000,
        text: "{\"keys\":[\"\\u0000\"]}\n漢".into(),
    };
    assert_eq!(Document::restore(&document.to_row()), Some(document));
}
