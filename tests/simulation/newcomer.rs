//! A page that is brought tokens which another page has renewed already.

use crate::calls::Method;
use crate::hostile::plain;
use crate::random::Random;
use crate::world::World;

#[test]
fn a_page_that_is_brought_used_tokens_gets_the_newest_ones() {
    let world = World::with(Random::new(1), plain(2), false);
    world.begin();
    let pages = world.pages();
    let [first, second] = pages.as_slice() else {
        panic!("two pages")
    };
    let json = world.new_tokens(false);
    let settle = || {
        let end = world.now() + 10_000;
        while world.now() < end && world.go_on() {}
    };
    world.begin_step();
    world.bring(first, &json);
    world.end_step();
    settle();
    let before = first.token().expect("a token");
    world.begin_step();
    world.call(first, Method::Refresh);
    world.end_step();
    settle();
    let newest = first.token().expect("a token");
    assert!(newest.is_newer_than(before));
    world.begin_step();
    world.bring(second, &json);
    world.end_step();
    assert_eq!(second.token(), Some(before));
    settle();
    assert_eq!(second.token(), Some(newest));
    assert_eq!(world.broken(), None);
    world.tear_down();
}
