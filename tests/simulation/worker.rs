//! The token worker, as `js/token-worker.js` and `js/token-client.js` have it: it sends the forms of all pages, and gives the
//! same answer to the same form while it is in flight and for six minutes after it used up what was sent.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use esi_security::client::host::FetchError;
use esi_security::oauth::http::Request;

use crate::agenda::{Lane, Target};
use crate::grant::Token;
use crate::network::{Outcome, Sender, Sent};
use crate::page::PageId;
use crate::server;
use crate::settings::Worker;
use crate::slot::Slot;
use crate::url;
use crate::world::World;

/// How long an answer is kept that has used up what was sent, in milliseconds.
const ANSWER_LIFETIME_MS: u64 = 360_000;

/// How long a page waits for a worker that does not start, in milliseconds.
const HANDSHAKE_TIMEOUT_MS: u32 = 4_000;

/// How much longer than the worker a page waits, in milliseconds.
const ANSWER_MARGIN_MS: u32 = 4_000;

/// Where a page waits for the answer to a form.
type Reply = Slot<(Outcome, Rc<Form>)>;

/// A form that was sent, and its answer as long as it is kept.
struct Form {
    key: String,
    sends: Option<Token>,
    sent: Sent,
    /// The answer, and when it came by the wall clock.
    answer: RefCell<Option<(Outcome, i64)>>,
    waiting: RefCell<Vec<(PageId, Reply)>>,
}

pub(crate) struct TokenWorker {
    is_silent: Cell<bool>,
    forms: RefCell<Vec<Rc<Form>>>,
    connected: RefCell<Vec<PageId>>,
}

impl TokenWorker {
    pub(crate) fn new(kind: Worker) -> Self {
        Self {
            is_silent: Cell::new(kind == Worker::Silent),
            forms: RefCell::default(),
            connected: RefCell::default(),
        }
    }

    pub(crate) fn set_silent(&self, is_silent: bool) {
        self.is_silent.set(is_silent);
    }

    pub(crate) fn is_silent(&self) -> bool {
        self.is_silent.get()
    }

    pub(crate) fn clear(&self) {
        drop(self.forms.take());
    }

    fn connect(&self, page: PageId) {
        let mut connected = self.connected.borrow_mut();
        if !connected.contains(&page) {
            connected.push(page);
        }
    }

    fn remove(&self, form: &Rc<Form>) -> Option<Rc<Form>> {
        let mut forms = self.forms.borrow_mut();
        let index = forms.iter().position(|known| Rc::ptr_eq(known, form))?;
        Some(forms.swap_remove(index))
    }
}

impl World {
    pub(crate) fn connect_worker(&self, page: PageId) {
        if self.settings.worker == Worker::Absent || self.worker.is_silent() {
            self.set_worker_status(page, "unavailable");
        } else {
            self.worker.connect(page);
            self.set_worker_status(page, "connected");
        }
    }

    fn set_worker_status(&self, page: PageId, status: &'static str) {
        if let Some(page) = self.page(page) {
            page.worker_status.set(status);
        }
    }

    /// Has the worker send a form of a page.
    pub(crate) async fn send_by_worker(
        self: Rc<Self>,
        page: PageId,
        request: Request,
        timeout_ms: u32,
    ) -> Outcome {
        if self.settings.worker == Worker::Absent {
            return Err(FetchError::NotSent);
        }
        if self.worker.is_silent() {
            self.sleep(page, HANDSHAKE_TIMEOUT_MS).await;
            self.set_worker_status(page, "unavailable");
            return Err(FetchError::NotSent);
        }
        self.connect_worker(page);
        let answer: Reply = Slot::new();
        let (reply, delay) = (answer.clone(), self.random.between(1, 8));
        self.after(delay, Target::World, Lane::Free, move |world| {
            if world.page(page).is_some() {
                world.hand_to_worker(page, &request, timeout_ms, reply);
            }
        });
        let answer = self
            .within(page, timeout_ms + ANSWER_MARGIN_MS, answer)
            .await;
        let (outcome, form) = answer.ok_or(FetchError::TimedOut)?;
        if outcome.is_ok() {
            form.sent.mark_read();
        }
        outcome
    }

    fn hand_to_worker(
        self: &Rc<Self>,
        page: PageId,
        request: &Request,
        timeout_ms: u32,
        reply: Reply,
    ) {
        let key = format!("{} {}", request.url, request.body().unwrap_or_default());
        let known = self
            .worker
            .forms
            .borrow()
            .iter()
            .find(|form| form.key == key)
            .cloned();
        if let Some(form) = known {
            self.note(|| format!("  the worker knows the form of page {page}"));
            self.counts.worker_replays.add();
            form.waiting.borrow_mut().push((page, reply));
            return self.answer_from_worker(&form);
        }
        let form = Rc::new(Form {
            key,
            sends: server::refresh_token(request),
            sent: self.send_request(Sender::Worker, request),
            answer: RefCell::default(),
            waiting: RefCell::new(vec![(page, reply)]),
        });
        self.worker.forms.borrow_mut().push(Rc::clone(&form));
        self.after(timeout_ms.into(), Target::World, Lane::Free, move |world| {
            if form.answer.borrow().is_none() {
                form.answer.replace(Some((Err(FetchError::TimedOut), 0)));
                world.answer_from_worker(&form);
                drop(world.worker.remove(&form));
            }
        });
    }

    /// An answer of the server has come to the worker.
    pub(crate) fn worker_receives(self: &Rc<Self>) {
        let forms = self.worker.forms.borrow().clone();
        for form in forms {
            let Some(outcome) = form.sent.answer().take() else {
                continue;
            };
            let is_used_up = is_used_up(&form, &outcome);
            form.answer.replace(Some((outcome, self.clock.wall())));
            self.answer_from_worker(&form);
            if is_used_up {
                self.after(
                    ANSWER_LIFETIME_MS,
                    Target::World,
                    Lane::Free,
                    move |world| {
                        drop(world.worker.remove(&form));
                    },
                );
            } else {
                form.sent.mark_read();
                drop(self.worker.remove(&form));
            }
        }
    }

    /// Sends the answer, if there is one, to the pages that wait for it.
    fn answer_from_worker(self: &Rc<Self>, form: &Rc<Form>) {
        let Some((outcome, received_at)) = form.answer.borrow().clone() else {
            return;
        };
        let aged = outcome.map(|mut response| {
            let age = (self.clock.wall() - received_at).abs() / 1000;
            response.age = u32::try_from(age).unwrap_or(u32::MAX);
            response
        });
        for (page, reply) in form.waiting.take() {
            let (form, aged) = (Rc::clone(form), aged.clone());
            let delay = self.random.between(1, 8);
            self.after(delay, Target::Page(page), Lane::Free, move |_| {
                reply.fill((aged, form));
            });
        }
    }

    /// A page is gone, and with the last one some workers.
    pub(crate) fn disconnect_worker(self: &Rc<Self>, page: PageId) {
        let mut connected = self.worker.connected.borrow_mut();
        connected.retain(|other| *other != page);
        let is_alone = connected.is_empty();
        drop(connected);
        if is_alone && self.settings.worker == Worker::Mortal {
            let forms = self.worker.forms.take();
            if !forms.is_empty() {
                self.note(|| "  the worker ends with its last page".to_owned());
                self.counts.ended_workers.add();
            }
        }
    }
}

/// True if the answer has used up what was sent: a code, or a refresh token that was replaced.
fn is_used_up(form: &Form, outcome: &Outcome) -> bool {
    let Ok(response) = outcome else { return false };
    let replacement = url::parameter_of_json(&response.body, "refresh_token");
    let access = url::parameter_of_json(&response.body, "access_token");
    let is_new = replacement.as_deref().and_then(Token::parse) != form.sends;
    response.status == 200
        && match form.sends {
            Some(_) => replacement.is_some() && is_new,
            None => access.is_some(),
        }
}
