//! Which grant tokens come from, and which of two are the newer ones.

use esi_security::oauth::secret::Secret;
use esi_security::session::lineage::{LARGEST_STEP, Lineage};

use crate::helpers::{copy, renew, signed_in, update};

fn begin(token: &str) -> Lineage {
    Lineage::begin(&Secret::new(token))
}

fn after(token: &str, rotation: u32) -> Lineage {
    Lineage {
        rotation,
        ..begin(token)
    }
}

/// Every page of the origin can list the locks, and read the keys of localStorage. On the channel there are tokens.
#[test]
fn no_name_tells_of_another() {
    let lineage = begin("refresh");
    let names = [lineage.channel(), lineage.refresh_lock(), lineage.marker()];
    let digests = names.each_ref().map(|name| {
        let (beginning, digest) = name.rsplit_once('/').unwrap();
        assert!(beginning.starts_with("esi-security/1/"), "{name}");
        assert_eq!(digest.len(), 43, "{name}");
        digest
    });
    for (index, digest) in digests.iter().enumerate() {
        assert_ne!(*digest, lineage.grant);
        assert!(!digests[index + 1..].contains(digest));
        // Nor does the digest of a public name lead to another.
        let guess = Lineage {
            grant: (*digest).into(),
            rotation: 0,
        };
        for name in [guess.channel(), guess.refresh_lock(), guess.marker()] {
            assert!(!names.contains(&name));
        }
    }
    for (ours, theirs) in names.iter().zip([
        after("refresh", 7).channel(),
        after("refresh", 7).refresh_lock(),
        after("refresh", 7).marker(),
    ]) {
        assert_eq!(*ours, theirs, "a version changes no name");
    }
    assert_ne!(lineage.channel(), begin("another").channel());
}

#[test]
fn a_grant_is_named_by_a_digest() {
    let lineage = begin("refresh");
    // SHA-256, base64url.
    assert_eq!(lineage.grant, "1swKCIwHaDxlzSZoYMq42Us6GTexdCDZ2jDKKZwJ-3c");
    assert_eq!(lineage.rotation, 0);
    assert_eq!(lineage, begin("refresh"));
    assert_ne!(lineage.grant, begin("refresh ").grant);
}

#[test]
fn every_answer_is_a_step_ahead() {
    let mut lineage = begin("refresh");
    for rotation in 1..5 {
        let next = lineage.next();
        assert_eq!(next, after("refresh", rotation));
        assert!(next.is_ahead_of(&lineage) && !lineage.is_ahead_of(&next));
        lineage = next;
    }
    assert_eq!(after("r", u32::MAX).next(), after("r", u32::MAX));
}

#[test]
fn only_tokens_of_one_grant_are_older_or_newer() {
    for (ours, theirs, ahead) in [
        (after("r", 1), after("r", 0), true),
        (after("r", 7), after("r", 6), true),
        (after("r", 6), after("r", 6), false),
        (after("r", 5), after("r", 6), false),
        (after("r", LARGEST_STEP), after("r", 0), true),
        (after("r", LARGEST_STEP + 1), after("r", 0), false),
        (after("r", u32::MAX), after("r", 6), false),
        (after("r", 9), after("other", 1), false),
        (after("r", 1), after("other", 9), false),
    ] {
        assert_eq!(ours.is_ahead_of(&theirs), ahead, "{ours:?} {theirs:?}");
    }
}

/// Storage is copied into a duplicated tab.
#[test]
fn a_copied_session_is_of_the_same_grant() {
    let mut session = signed_in();
    renew(&mut session, "access-2", Some("refresh-2"));
    let mut duplicate = copy(&session);
    assert_eq!(duplicate.lineage(), session.lineage());
    renew(&mut duplicate, "access-3", Some("refresh-3"));
    let ahead = duplicate.tokens().zip(session.tokens());
    assert!(ahead.is_some_and(|(theirs, ours)| theirs.is_ahead_of(ours)));
}

/// A page that keeps the refresh token itself brings it to each of its tabs.
#[test]
fn copied_sessions_that_are_brought_the_same_refresh_token_know_each_other() {
    let mut before = signed_in();
    renew(&mut before, "access-2", Some("refresh-2"));
    for json in [
        r#"{"refresh_token":"brought"}"#,
        r#"{"access_token":"a","refresh_token":"brought"}"#,
    ] {
        let (mut ours, mut theirs) = (copy(&before), copy(&before));
        update(&mut ours, json);
        update(&mut theirs, r#"{"refresh_token":"brought"}"#);
        assert_eq!(ours.lineage(), theirs.lineage());
        assert_eq!(ours.lineage(), Some(&begin("brought")));
        assert_ne!(ours.lineage(), before.lineage());
        renew(&mut theirs, "a", Some("rotated"));
        ours.receive(theirs.take_message().unwrap());
        assert_eq!(ours.tokens(), theirs.tokens());
    }
}

/// Not another one, whose first renewal would pass for older than what it renews.
#[test]
fn an_update_with_the_refresh_token_that_is_held_changes_no_grant() {
    let mut session = signed_in();
    renew(&mut session, "access-2", Some("refresh-2"));
    let lineage = session.lineage().cloned();
    update(&mut session, r#"{"access_token":"a"}"#);
    assert_eq!(session.lineage().cloned(), lineage);
    update(
        &mut session,
        r#"{"access_token":"a","refresh_token":"refresh-2"}"#,
    );
    assert_eq!(session.lineage().cloned(), lineage);
}
