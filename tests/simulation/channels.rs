//! `BroadcastChannel`: messages reach every other open channel of the same name, each after a delay, and in order between two
//! pages. A page in the bfcache that is sent one is dropped from it.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use esi_security::client::host::{Channel, Receiver};
use esi_security::session::handover::Message;

use crate::agenda::{Lane, Target};
use crate::grant::Token;
use crate::page::{Life, Moment, PageId};
use crate::world::World;

/// The longest delay of a message in milliseconds: a query, a query back and the answer fit into the second that a page
/// waits.
const LONGEST_DELAY_MS: u64 = 250;

struct Open {
    number: u64,
    page: PageId,
    name: String,
    receive: Option<Receiver>,
    since: Moment,
}

/// A message on its way.
struct Letter {
    number: u64,
    to: PageId,
    text: String,
}

#[derive(Default)]
pub(crate) struct Channels {
    open: RefCell<Vec<Rc<Open>>>,
    letters: RefCell<Vec<Letter>>,
    next: Cell<u64>,
}

impl Channels {
    fn number(&self) -> u64 {
        self.next.set(self.next.get() + 1);
        self.next.get()
    }

    /// Since when a page listens on that channel.
    pub(crate) fn listens_since(&self, page: PageId, name: &str) -> Option<Moment> {
        let open = self.open.borrow();
        let mut its = open
            .iter()
            .filter(|open| open.page == page && open.name == name);
        its.find(|open| open.receive.is_some())
            .map(|open| open.since)
    }

    /// True if that page has that channel open, listening or not.
    pub(crate) fn has_open(&self, page: PageId, name: &str) -> bool {
        let open = self.open.borrow();
        open.iter()
            .any(|open| open.page == page && open.name == name)
    }

    /// The pages that listen on that channel.
    pub(crate) fn listeners(&self, name: &str) -> Vec<PageId> {
        let open = self.open.borrow();
        let its = open
            .iter()
            .filter(|open| open.name == name && open.receive.is_some());
        its.map(|open| open.page).collect()
    }

    /// True if a message is on its way to that page.
    pub(crate) fn is_awaited(&self, page: PageId) -> bool {
        self.letters.borrow().iter().any(|letter| letter.to == page)
    }

    /// True if a message on its way holds this token.
    pub(crate) fn carries(&self, token: Token) -> bool {
        let text = token.to_string();
        self.letters
            .borrow()
            .iter()
            .any(|letter| letter.text.contains(&text))
    }

    /// Closes the channels of a page that is gone.
    pub(crate) fn forget(&self, page: PageId) {
        let is_its = |open: &mut Rc<Open>| open.page == page;
        let closed: Vec<_> = self.open.borrow_mut().extract_if(.., is_its).collect();
        self.letters.borrow_mut().retain(|letter| letter.to != page);
        drop(closed);
    }
}

impl World {
    pub(crate) fn open_channel(
        self: &Rc<Self>,
        page: PageId,
        name: &str,
        receive: Option<Receiver>,
    ) -> SimChannel {
        let channels = &self.channels;
        let open = Rc::new(Open {
            number: channels.number(),
            page,
            name: name.to_owned(),
            receive,
            since: self.moment(),
        });
        channels.open.borrow_mut().push(Rc::clone(&open));
        SimChannel {
            world: Rc::clone(self),
            open,
        }
    }

    /// Sends a message from one open channel to all others.
    fn broadcast(self: &Rc<Self>, from: &Open, message: &str) {
        let receivers = self.channels.open.borrow().clone();
        for to in receivers {
            if to.name == from.name && to.number != from.number {
                self.send_letter(from.page, to, message);
            }
        }
    }

    fn send_letter(self: &Rc<Self>, from: PageId, to: Rc<Open>, text: &str) {
        let Some(receiver) = self.page(to.page) else {
            return;
        };
        let number = self.channels.number();
        let (id, text) = (to.page, text.to_owned());
        self.channels.letters.borrow_mut().push(Letter {
            number,
            to: id,
            text: text.clone(),
        });
        let delay = self
            .random
            .weighted(&[(4, 0), (4, 3), (2, LONGEST_DELAY_MS)]);
        let delay = self.random.between(0, delay);
        // A page in the bfcache does not run, but the browser acts for it.
        let is_cached = receiver.life.get() == Life::Cached;
        let target = if is_cached {
            Target::World
        } else {
            Target::Page(id)
        };
        self.after(delay, target, Lane::Channel(from, id), move |world| {
            world
                .channels
                .letters
                .borrow_mut()
                .retain(|letter| letter.number != number);
            world.deliver(from, &to, &text);
        });
    }

    fn deliver(self: &Rc<Self>, from: PageId, to: &Open, text: &str) {
        let is_open = self
            .channels
            .open
            .borrow()
            .iter()
            .any(|open| open.number == to.number);
        let Some(page) = self.page(to.page).filter(|_| is_open) else {
            return;
        };
        if page.life.get() == Life::Cached {
            self.note(|| {
                format!(
                    "  page {} is sent a message and dropped from the bfcache",
                    page.id
                )
            });
            self.require(text == "{}", || {
                format!(
                    "page {} is dropped from the bfcache by {}",
                    page.id,
                    in_words(text)
                )
            });
            self.counts.evictions.add();
            self.end_page(page.id);
        } else if let Some(receive) = &to.receive {
            self.note(|| {
                format!(
                    "  page {} receives from page {from}: {}",
                    page.id,
                    in_words(text)
                )
            });
            self.acting.set(Some(page.id));
            if text.starts_with("{\"failed\"") {
                self.note_failure(page.id);
            }
            let before = page.held();
            receive(text);
            let after = page.held();
            if text.starts_with("{\"tokens\"") && before != after {
                self.counts.handovers.add();
            }
        }
    }
}

/// A message for a person.
fn in_words(text: &str) -> String {
    let version = |lineage: &esi_security::session::lineage::Lineage| lineage.rotation;
    match Message::parse(text) {
        Some(Message::Ask(lineage)) => format!("who has newer than version {}?", version(&lineage)),
        Some(Message::Tokens(tokens)) => format!(
            "{:?}, version {:?}",
            tokens.refresh_token.as_ref().and_then(Token::of),
            tokens.lineage.as_ref().map(version),
        ),
        Some(Message::Failed(failure)) => format!("failed with {:?}", failure.status),
        Some(Message::Revoked(_)) => "revoked".to_owned(),
        None => text.to_owned(),
    }
}

pub(crate) struct SimChannel {
    world: Rc<World>,
    open: Rc<Open>,
}

impl Channel for SimChannel {
    fn send(&self, message: &str) -> bool {
        let page = self.open.page;
        self.world
            .note(|| format!("    page {page} sends: {}", in_words(message)));
        match Message::parse(message) {
            Some(Message::Ask(lineage)) => self.world.note_query(page, &lineage),
            Some(Message::Failed(_)) => self.world.note_failure(page),
            _ => {}
        }
        self.world.broadcast(&self.open, message);
        true
    }
}

impl Drop for SimChannel {
    fn drop(&mut self) {
        let number = self.open.number;
        let mut open = self.world.channels.open.borrow_mut();
        let index = open.iter().position(|open| open.number == number);
        let closed = index.map(|index| open.swap_remove(index));
        drop(open);
        drop(closed);
    }
}
