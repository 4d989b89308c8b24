//! A lock manager that answers no more, while two pages have the same code.

use std::rc::Rc;

use crate::calls::Method;
use crate::hostile::plain;
use crate::page::Page;
use crate::random::Random;
use crate::world::World;

/// How long the locks are silent, in milliseconds: longer than a page waits.
const SILENCE_MS: u64 = 100_000;

/// Everything happens until then.
fn run_until(world: &Rc<World>, is_over: impl Fn() -> bool) {
    while !is_over() && world.broken().is_none() && world.go_on() {}
}

/// The page of a tab that came from the server, with a code.
fn callback(world: &World, tab: usize) -> Option<Rc<Page>> {
    let pages = world.pages().into_iter();
    let mut its = pages.filter(|page| page.tab == tab && page.address.borrow().contains("code="));
    its.next()
}

#[test]
fn no_page_sends_a_code_whose_lock_it_has_seen_taken() {
    let mut taken = 0;
    for seed in 0..20 {
        let world = World::with(Random::new(seed), plain(1), false);
        world.begin();
        let page = world.page_in(0).expect("the page");
        world.begin_step();
        world.call(&page, Method::Login);
        world.end_step();
        run_until(&world, || callback(&world, 0).is_some());
        let first = callback(&world, 0).expect("the page with the code");
        run_until(&world, || !world.locks.names().is_empty());
        world.begin_step();
        world.duplicate_tab(0);
        world.end_step();
        let second = callback(&world, 1).expect("the other page with the code");
        run_until(&world, || {
            second.is_code_taken.get() || first.calls.borrow()[0].is_settled.get()
        });
        taken += u32::from(second.is_code_taken.get());
        world.silence_locks(true);
        let end = world.now() + SILENCE_MS;
        run_until(&world, || world.now() >= end);
        assert_eq!(world.broken(), None, "seed {seed}");
        assert_eq!(world.counts.code_reuses.get(), 0, "seed {seed}");
        assert!(second.calls.borrow()[0].is_settled.get(), "seed {seed}");
        world.tear_down();
    }
    assert!(taken >= 10, "only {taken} pages have seen the lock taken");
}
