//! Whose turn it is where there are no locks.

use esi_security::oauth::secret::Secret;
use esi_security::session::claim::{Claim, Contender, LEASE, LIFE};
use esi_security::session::lineage::Lineage;

const NOW: i64 = 1_700_000_000_000;

fn lineage(rotation: u32) -> Lineage {
    Lineage {
        rotation,
        ..Lineage::begin(&Secret::new("refresh"))
    }
}

fn claim(number: u32) -> Claim {
    let lineage = lineage(1);
    Claim { lineage, number }
}

/// One that claims with this number.
fn contender(number: u32) -> Contender {
    let mut contender = Contender::default();
    assert_eq!(contender.claim(lineage(1), number, NOW), claim(number));
    contender
}

fn claiming() -> Contender {
    contender(7)
}

/// One whose turn it is.
fn holder() -> Contender {
    let mut holder = contender(7);
    assert!(holder.take_turn(NOW));
    holder
}

/// One that has sent its refresh token.
fn sender() -> Contender {
    let mut sender = holder();
    assert!(sender.send(&lineage(1), NOW));
    sender
}

#[test]
fn alone_it_is_its_turn() {
    let mut alone = contender(7);
    assert!(alone.take_turn(NOW));
    assert!(alone.send(&lineage(1), NOW));
}

#[test]
fn of_two_the_one_with_the_lower_number_comes_first() {
    let (mut first, mut second) = (contender(7), contender(8));
    // Whoever was not there yet when the first one claimed is told by its answer.
    assert_eq!(first.hear(&claim(8), NOW), Some(claim(7)));
    assert_eq!(second.hear(&claim(7), NOW), None);
    assert!(!second.take_turn(NOW));
    assert!(first.take_turn(NOW));
    // Once it has given up it says nothing more, until it claims again.
    assert_eq!(second.hear(&claim(9), NOW), None);
    assert!(!second.send(&lineage(1), NOW));
    second.claim(lineage(1), 3, NOW);
    assert_eq!(second.hear(&claim(9), NOW), Some(claim(3)));
}

/// Both claim again, with other numbers.
#[test]
fn of_two_with_the_same_number_neither_goes_first() {
    let mut contender = contender(7);
    assert_eq!(contender.hear(&claim(7), NOW), None);
    assert!(!contender.take_turn(NOW));
}

#[test]
fn whoever_has_its_turn_comes_before_all_that_only_want_it() {
    for number in [0, 1, 2, u32::MAX] {
        let mut late = Contender::default();
        let theirs = late.claim(lineage(1), number, NOW);
        for (mut busy, at) in [(holder(), 1), (sender(), 0)] {
            let answer = busy.hear(&theirs, NOW);
            assert_eq!(answer, Some(claim(at)), "{number}");
            let mut late = contender(theirs.number);
            assert_eq!(late.hear(&claim(at), NOW), None);
            assert!(!late.take_turn(NOW));
        }
    }
}

/// One of them was frozen, and gave no answer in time.
#[test]
fn of_two_that_both_have_their_turn_one_goes_on_at_most() {
    let mut holder = holder();
    assert_eq!(holder.hear(&claim(1), NOW), None);
    assert!(!holder.send(&lineage(1), NOW));

    let mut sender = sender();
    assert_eq!(sender.hear(&claim(1), NOW), Some(claim(0)));
    let mut other = self::holder();
    assert_eq!(other.hear(&claim(0), NOW), None);
    assert!(!other.send(&lineage(1), NOW));

    // What is sent is sent. They do not answer each other for ever, but third ones still.
    assert_eq!(sender.hear(&claim(0), NOW), None);
    assert_eq!(sender.hear(&claim(9), NOW), Some(claim(0)));
}

/// They are asked for these.
#[test]
fn newer_tokens_come_first() {
    for number in [0, 1, 3, 99] {
        let newer = Claim {
            lineage: lineage(2),
            number,
        };
        for mut contender in [contender(7), holder(), sender()] {
            assert_eq!(contender.hear(&newer, NOW), None);
            assert!(!contender.take_turn(NOW));
        }
        // Whoever is behind is handed the newer ones instead of an answer.
        let mut ahead = Contender::default();
        ahead.claim(lineage(2), 50, NOW);
        assert_eq!(ahead.hear(&claim(number), NOW), None);
        assert!(ahead.take_turn(NOW));
    }
}

#[test]
fn whoever_claims_nothing_says_nothing() {
    let mut idle = Contender::default();
    assert_eq!(idle.hear(&claim(7), NOW), None);
    assert!(!idle.take_turn(NOW));
    assert!(!idle.send(&lineage(1), NOW));
    let mut done = sender();
    done.end();
    assert_eq!(done.hear(&claim(7), NOW), None);
    assert!(!done.send(&lineage(1), NOW));
}

/// It was frozen meanwhile, say, or the clock was set: whoever has claimed got no answer.
#[test]
fn a_turn_in_which_nothing_is_sent_ends() {
    for (now, sends) in [
        (NOW, true),
        (NOW + LEASE - 1, true),
        (NOW + LEASE, false),
        (NOW - 1, false),
    ] {
        assert_eq!(holder().send(&lineage(1), now), sends, "{now}");
        // To send a second time too.
        assert_eq!(sender().send(&lineage(1), now), sends, "{now}");
    }
}

/// It hears them still, as long as it is frozen, but does nothing else.
#[test]
fn nobody_waits_for_one_that_gets_no_further() {
    for (life, begin) in [(LIFE, claiming as fn() -> Contender), (LEASE, holder)] {
        assert!(begin().hear(&claim(9), NOW + life - 1).is_some());
        let mut late = begin();
        assert_eq!(late.hear(&claim(9), NOW + life), None);
        assert!(!late.take_turn(NOW + life));
        assert!(!late.send(&lineage(1), NOW + life));
    }
    // Nobody has claimed meanwhile.
    assert!(contender(7).take_turn(NOW + 60_000));
    // What is sent may take its time.
    assert_eq!(sender().hear(&claim(9), NOW + 60_000), Some(claim(0)));
}

#[test]
fn a_turn_is_for_the_tokens_that_were_claimed_for() {
    assert!(!contender(7).send(&lineage(1), NOW));
    assert!(!holder().send(&lineage(2), NOW));
    let mut other = lineage(1);
    other.grant.push('x');
    assert!(!holder().send(&other, NOW));
    let lineage = other;
    assert_eq!(holder().hear(&Claim { lineage, number: 0 }, NOW), None);
    assert!(holder().send(&self::lineage(1), NOW));
}
