//! The outside world as one page sees it.

use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use esi_security::client::Host;
use esi_security::client::host::{
    Area, Channel, FetchError, HeldLock, Item, LocalFuture, LockAnswer, LockMode, Page, Receiver,
    Route, Url, within,
};
use esi_security::jwt::{SignatureCheck, Verdict};
use esi_security::oauth::http::{Request, Response};
use esi_security::{Error, ErrorKind, Members, Phase};

use crate::agenda::{Lane, Target};
use crate::item::SimItem;
use crate::network::{Outcome, Sender};
use crate::page::PageId;
use crate::slot::Slot;
use crate::url;
use crate::world::World;

pub(crate) struct SimHost {
    world: Rc<World>,
    id: PageId,
}

impl SimHost {
    pub(crate) fn new(world: &Rc<World>, id: PageId) -> Self {
        Self {
            world: Rc::clone(world),
            id,
        }
    }
}

impl Host for SimHost {
    fn now_ms(&self) -> i64 {
        self.world.clock.wall()
    }

    fn monotonic_ms(&self) -> u64 {
        self.world.now()
    }

    fn random(&self, bytes: &mut [u8]) -> bool {
        bytes.fill_with(|| self.world.random.next().to_le_bytes()[0]);
        true
    }

    fn spawn(&self, task: LocalFuture<'static, ()>) {
        if let Some(page) = self.world.page(self.id) {
            page.spawn(task);
        }
    }

    fn sleep(&self, ms: u32) -> LocalFuture<'static, ()> {
        Box::pin(self.world.sleep(self.id, ms))
    }

    fn item(&self, area: Area, key: &str) -> Box<dyn Item> {
        Box::new(SimItem::new(&self.world, self.id, area, key))
    }

    fn open_item(&self, _: Area, _: &str) -> bool {
        true
    }

    fn reload_item(&self, _: Area, _: &str) -> Option<LocalFuture<'static, ()>> {
        None
    }

    fn keys(&self, area: Area) -> Vec<String> {
        self.world.keys(self.id, area)
    }

    fn stored(&self, _: Area) -> Option<LocalFuture<'static, bool>> {
        None
    }

    fn fetch<'a>(
        &'a self,
        request: &'a Request,
        route: &'a Route,
        timeout_ms: u32,
    ) -> LocalFuture<'a, Result<Response, FetchError>> {
        Box::pin(async move {
            self.world.check_sending(self.id, request, route);
            let (world, request) = (Rc::clone(&self.world), request.clone());
            let outcome = match route {
                Route::Page | Route::Custom(_) => {
                    world.send_by_page(self.id, &request, timeout_ms).await
                }
                Route::Worker(_) => {
                    world
                        .send_by_worker(self.id, request.clone(), timeout_ms)
                        .await
                }
            };
            self.world.note_outcome(self.id, &request, &outcome);
            outcome
        })
    }

    fn connect_worker(&self, _: &str) {
        self.world.connect_worker(self.id);
    }

    fn worker_status(&self, _: &str) -> String {
        let page = self.world.page(self.id);
        page.map_or("off", |page| page.worker_status.get())
            .to_owned()
    }

    fn lock(&self, name: &str, mode: LockMode) -> LocalFuture<'static, LockAnswer> {
        if !self.world.settings.has_locks {
            return Box::pin(async { LockAnswer::Unavailable });
        }
        Box::pin(self.world.request_lock(self.id, name, mode))
    }

    fn held_locks(&self) -> LocalFuture<'static, Vec<HeldLock>> {
        if !self.world.settings.has_locks {
            return Box::pin(async { Vec::new() });
        }
        Box::pin(self.world.query_locks(self.id))
    }

    fn open_channel(&self, name: &str, receive: Option<Receiver>) -> Option<Box<dyn Channel>> {
        let page = self.world.page(self.id).filter(|page| page.has_channel)?;
        Some(Box::new(self.world.open_channel(page.id, name, receive)))
    }

    fn check_signature<'a>(
        &'a self,
        _: &'a SignatureCheck<'a>,
    ) -> LocalFuture<'a, Result<Verdict, Error>> {
        let phase = Phase::Verify;
        Box::pin(async move { Err(ErrorKind::CryptoUnavailable { phase }.into()) })
    }

    fn parse_url(&self, address: &str, base: Option<&str>) -> Option<Url> {
        url::parse(address, base)
    }

    fn page(&self) -> Option<&dyn Page> {
        Some(self)
    }

    fn dispatch(&self, kind: &str, detail: Members) {
        self.world.note_event(self.id, kind, &detail.finish());
    }

    fn warn(&self, text: &str) {
        self.world
            .note(|| format!("    page {} warns: {text}", self.id));
    }
}

impl Page for SimHost {
    fn address(&self) -> Option<String> {
        let page = self.world.page(self.id)?;
        let address = page.address.borrow().clone();
        Some(address)
    }

    fn navigate(&self, _: &str) -> bool {
        false
    }

    fn replace_address(&self, address: &str) {
        if let Some(page) = self.world.page(self.id) {
            page.address.replace(address.to_owned());
        }
    }
}

impl World {
    /// Completes after so many milliseconds; later if the page is frozen meanwhile.
    pub(crate) fn sleep(self: &Rc<Self>, page: PageId, milliseconds: u32) -> Timer {
        let slot = Slot::new();
        let alarm = slot.clone();
        let ring = move |_: &Rc<World>| alarm.fill(());
        let number = self.after(milliseconds.into(), Target::Page(page), Lane::Free, ring);
        Timer {
            world: Rc::clone(self),
            number,
            slot,
        }
    }

    /// The output of `work`; `None` if it takes longer.
    pub(crate) async fn within<T>(
        self: &Rc<Self>,
        page: PageId,
        milliseconds: u32,
        work: impl Future<Output = T>,
    ) -> Option<T> {
        within(&SimHost::new(self, page), milliseconds, Box::pin(work)).await
    }

    async fn send_by_page(
        self: Rc<Self>,
        page: PageId,
        request: &Request,
        timeout_ms: u32,
    ) -> Outcome {
        let sent = self.send_request(Sender::Page(page), request);
        let answer = self.within(page, timeout_ms, sent.answer()).await;
        if answer.is_some() {
            sent.mark_read();
        }
        answer.unwrap_or(Err(FetchError::TimedOut))
    }
}

/// A timer of a page. Dropped, it rings no more.
pub(crate) struct Timer {
    world: Rc<World>,
    number: u64,
    slot: Slot<()>,
}

impl Future for Timer {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        Pin::new(&mut self.slot).poll(context)
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        drop(self.world.agenda.take(self.number));
    }
}
