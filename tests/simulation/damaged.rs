//! A record that cannot be parsed, in a storage that two pages share: a page that holds tokens, and one that holds none.

use std::rc::Rc;

use esi_security::client::host::{Area, PageEvent};
use esi_security::session::machine::State;
use esi_security::session::place::Place;

use crate::hostile::plain;
use crate::page::{Life, Page, STRANGER};
use crate::random::Random;
use crate::settings::{HOME, Settings};
use crate::world::World;

const DAMAGED: &str = "{\"refresh_";

/// A world with one page that holds tokens, kept in that area.
fn begin(area: Area) -> (Rc<World>, Rc<Page>) {
    let settings = Settings { area, ..plain(1) };
    let world = World::with(Random::new(1), settings, false);
    world.begin();
    let page = world.page_in(0).expect("the page");
    (world, page)
}

fn damage(world: &Rc<World>, page: &Page) {
    let (key, area) = (world.session_key.clone(), world.settings.area);
    world.put(page.id, STRANGER, area, &key, Some(DAMAGED.to_owned()));
}

/// Everything that is ready happens, and whatever is due within a second.
fn settle(world: &Rc<World>) {
    let end = world.now() + 1_000;
    while world.now() < end && world.go_on() {}
}

/// The record, and what is kept beside it.
fn records(world: &World, page: &Page) -> [Option<String>; 2] {
    let key = &world.session_key;
    let read = |key: &str| world.read_item(page.id, world.settings.area, key).unwrap();
    [read(key), read(&Place::damaged(key))]
}

#[test]
fn a_page_that_holds_tokens_stores_them_again() {
    for area in [Area::Session, Area::Local] {
        let (world, page) = begin(area);
        let (before, held) = (records(&world, &page), page.token());
        damage(&world, &page);
        world.tell(page.id, PageEvent::Resumed);
        settle(&world);
        assert_eq!(page.security().state(), State::Active);
        assert_eq!(page.token(), held);
        assert_eq!(records(&world, &page), before);
        assert_eq!(world.broken(), None);
        world.tear_down();
    }
}

#[test]
fn a_page_without_tokens_copies_the_record_and_signs_nobody_out() {
    for area in [Area::Session, Area::Local] {
        let (world, page) = begin(area);
        let (before, held) = (records(&world, &page), page.token());
        // It is not told before the other page has opened.
        page.life.set(Life::Frozen);
        damage(&world, &page);
        let other = world.open_page(page.tab, HOME);
        assert_eq!(other.security().state(), State::SignedOut);
        settle(&world);
        let damaged = Some(DAMAGED.to_owned());
        assert_eq!(records(&world, &page), [damaged.clone(), damaged.clone()]);
        page.life.set(Life::Awake);
        world.tell(page.id, PageEvent::Resumed);
        settle(&world);
        assert_eq!(page.security().state(), State::Active);
        assert_eq!(page.token(), held);
        assert_eq!(records(&world, &page), [before[0].clone(), damaged]);
        assert_eq!(other.security().state(), State::Active);
        assert_eq!(world.broken(), None);
        world.tear_down();
    }
}
