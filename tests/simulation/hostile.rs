//! Another page of the origin that takes the refresh lock on purpose. Its frames take it from each other and from the page
//! that refreshes, again and again.

use std::rc::Rc;

use esi_security::client::host::Area;

use crate::agenda::{Lane, Target};
use crate::calls::Method;
use crate::page::Page;
use crate::random::Random;
use crate::settings::{Reuse, Rotation, Settings, Worker};
use crate::world::World;

/// How long such a page may delay a refresh, in milliseconds.
const LONGEST_DELAY_MS: u64 = 310_000;

/// When a test gives up, in milliseconds.
const END_MS: u64 = 3_000_000;

/// A world without faults, with so many tabs of one session in sessionStorage.
pub(crate) fn plain(tabs: u64) -> Settings {
    Settings {
        area: Area::Session,
        has_locks: true,
        without_channel: 0,
        has_local: true,
        is_lagging: false,
        worker: Worker::Absent,
        rotation: Rotation::Always,
        reuse: Reuse::EndsGrant,
        faults: 0,
        fetches_metadata: false,
        life: 1200,
        auto_refresh: 0,
        rewinds_session: false,
        has_jumps: false,
        tabs,
        events: 0,
    }
}

/// Refreshes the page's session. Returns after how many milliseconds the call has settled.
fn refresh(world: &Rc<World>, page: &Rc<Page>) -> u64 {
    world.begin_step();
    world.call(page, Method::Refresh);
    world.end_step();
    let call = page.calls.borrow().last().cloned().expect("the call");
    while !call.is_settled.get() && world.now() < END_MS && world.broken().is_none() {
        world.go_on();
    }
    world.now() - call.begun
}

/// A frame takes the lock and keeps it for `hold` milliseconds. `period` milliseconds later the next one does.
fn harass(world: &Rc<World>, name: String, period: u64, hold: u64) {
    world.interfere_with_lock(&name, true, hold);
    world.after(period, Target::World, Lane::Free, move |world| {
        harass(world, name, period, hold);
    });
}

#[test]
fn no_page_delays_a_refresh_for_longer_than_the_deadline() {
    // Never free; free for half a second before it is stolen from the page that has waited.
    for (period, hold) in [
        (900, 2_000),
        (10_000, 15_000),
        (70_000, 80_000),
        (20_500, 20_000),
        (60_500, 60_000),
        (74_500, 74_000),
    ] {
        for seed in 0..20 {
            let world = World::with(Random::new(seed), plain(1), false);
            world.begin();
            let page = world.page_in(0).expect("the page");
            let before = page.token().expect("its token");
            let lineage = page.holding.borrow().lineage.clone().expect("its grant");
            harass(&world, lineage.refresh_lock(), period, hold);
            let delay = refresh(&world, &page);
            let what = format!("{period} {hold}, seed {seed}");
            assert_eq!(world.broken(), None, "{what}");
            assert!(delay <= LONGEST_DELAY_MS, "{what}: {delay} ms");
            let after = page.token().expect("a token");
            assert!(after.is_newer_than(before), "{what}");
            world.tear_down();
        }
    }
}
