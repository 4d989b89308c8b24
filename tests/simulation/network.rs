//! Requests on their way to the server, and answers on their way back, of pages and of the token worker.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use esi_security::client::host::FetchError;
use esi_security::oauth::http::{Request, Response};

use crate::agenda::{Lane, Target};
use crate::grant::Token;
use crate::page::PageId;
use crate::slot::Slot;
use crate::world::World;

/// Who waits for an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sender {
    Page(PageId),
    Worker,
}

pub(crate) type Outcome = Result<Response, FetchError>;

/// A request whose answer has not been read yet.
pub(crate) struct Exchange {
    number: u64,
    pub(crate) sender: Sender,
    request: Request,
    /// The refresh token in the answer.
    pub(crate) brings: Cell<Option<Token>>,
    answer: Slot<Outcome>,
}

#[derive(Default)]
pub(crate) struct Network {
    exchanges: RefCell<Vec<Rc<Exchange>>>,
    next: Cell<u64>,
}

impl Network {
    /// True if an answer on its way brings this token.
    pub(crate) fn brings(&self, token: Token) -> bool {
        let exchanges = self.exchanges.borrow();
        exchanges
            .iter()
            .any(|exchange| exchange.brings.get() == Some(token))
    }

    pub(crate) fn is_used_by(&self, page: PageId) -> bool {
        let exchanges = self.exchanges.borrow();
        exchanges
            .iter()
            .any(|exchange| exchange.sender == Sender::Page(page))
    }

    fn remove(&self, number: u64) {
        self.exchanges
            .borrow_mut()
            .retain(|exchange| exchange.number != number);
    }
}

impl World {
    /// Sends a request.
    pub(crate) fn send_request(self: &Rc<Self>, sender: Sender, request: &Request) -> Sent {
        let network = &self.network;
        network.next.set(network.next.get() + 1);
        let exchange = Rc::new(Exchange {
            number: network.next.get(),
            sender,
            request: request.clone(),
            brings: Cell::new(None),
            answer: Slot::new(),
        });
        network.exchanges.borrow_mut().push(Rc::clone(&exchange));
        let arriving = Rc::clone(&exchange);
        let delay = self.random.between(1, 60);
        self.after(delay, Target::World, Lane::Free, move |world| {
            world.arrive(&arriving);
        });
        Sent {
            world: Rc::clone(self),
            exchange,
        }
    }

    /// A request arrives at the server. Nobody may wait for its answer any more.
    fn arrive(self: &Rc<Self>, exchange: &Rc<Exchange>) {
        let is_awaited = self
            .network
            .exchanges
            .borrow()
            .iter()
            .any(|other| Rc::ptr_eq(other, exchange));
        if !is_awaited && self.random.chance(50) {
            return;
        }
        let answer = self.serve(&exchange.request);
        if !is_awaited {
            if answer.brings.is_some() {
                self.act(|| "nobody waits for the answer of the server".to_owned());
            }
            return;
        }
        exchange.brings.set(answer.brings);
        // What was lost is noticed soon, or never.
        if answer.response.is_none() && self.random.chance(50) {
            return;
        }
        let outcome = answer.response.ok_or(FetchError::Failed {
            name: Some("TypeError".to_owned()),
            message: Some("Failed to fetch".to_owned()),
        });
        let target = match exchange.sender {
            Sender::Page(page) => Target::Page(page),
            Sender::Worker => Target::World,
        };
        let exchange = Rc::clone(exchange);
        self.after(answer.delay, target, Lane::Free, move |world| {
            exchange.answer.fill(outcome);
            if exchange.sender == Sender::Worker {
                world.worker_receives();
            }
        });
    }
}

/// A request that was sent. Dropped, nobody waits for its answer any more.
pub(crate) struct Sent {
    world: Rc<World>,
    exchange: Rc<Exchange>,
}

impl Sent {
    /// The answer, to be awaited.
    pub(crate) fn answer(&self) -> Slot<Outcome> {
        self.exchange.answer.clone()
    }

    /// The answer was read: what it brings is in the hands of a page.
    pub(crate) fn mark_read(&self) {
        self.exchange.brings.set(None);
    }
}

impl Drop for Sent {
    fn drop(&mut self) {
        self.world.network.remove(self.exchange.number);
        if let Some(token) = self.exchange.brings.get() {
            self.world
                .act(|| format!("nobody reads the answer with {token:?}"));
        }
    }
}
