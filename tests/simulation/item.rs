//! An item of a storage as a page sees it, and what it knows of the value.

use std::cell::RefCell;
use std::mem;
use std::rc::Rc;

use esi_security::client::host::{Area, Item, Unreadable};
use esi_security::session::machine::EMPTY;

use crate::page::PageId;
use crate::storage::is_session;
use crate::world::World;

/// An item as a page sees it.
pub(crate) struct SimItem {
    world: Rc<World>,
    page: PageId,
    area: Area,
    key: String,
    known: RefCell<Option<String>>,
}

impl SimItem {
    pub(crate) fn new(world: &Rc<World>, page: PageId, area: Area, key: &str) -> Self {
        Self {
            world: Rc::clone(world),
            page,
            area,
            key: key.to_owned(),
            known: RefCell::default(),
        }
    }
}

impl Item for SimItem {
    fn read(&self) -> Result<Option<String>, Unreadable> {
        self.world.read_item(self.page, self.area, &self.key)
    }

    fn write(&self, value: Option<&str>) -> bool {
        let is_written = self
            .world
            .write_item(self.page, self.area, &self.key, value);
        if is_session(&self.key) && value != Some(EMPTY) {
            // A record that cannot be replaced is removed.
            let is_kept = value.is_some() || !self.world.is_holding(self.page);
            self.world.note_write(self.page, is_written && is_kept);
        }
        is_written
    }

    fn is_changed(&self) -> bool {
        let value = self.read();
        value.is_ok_and(|value| value != *self.known.borrow())
    }

    fn acknowledge(&self) {
        if let Ok(value) = self.read() {
            drop(mem::replace(&mut *self.known.borrow_mut(), value));
        }
    }
}
