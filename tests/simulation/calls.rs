//! What an app calls, and whether it ever gets an answer.

use std::cell::Cell;
use std::rc::Rc;

use esi_security::client::AuthUriOptions;
use esi_security::session::machine::{EMPTY, State};

use crate::agenda::{Lane, Target};
use crate::page::Page;
use crate::settings::SCOPES;
use crate::world::World;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Method {
    Refresh,
    /// For fewer scopes than were granted.
    RefreshNarrowed,
    GetAccessToken,
    /// Begins a login, at whose end the user comes back to a new page.
    Login,
    HandleRedirect,
    Revoke,
}

/// A call of a page's app.
pub(crate) struct Call {
    pub(crate) method: Method,
    pub(crate) begun: u64,
    pub(crate) is_settled: Cell<bool>,
}

impl World {
    /// A page's app calls a method.
    pub(crate) fn call(self: &Rc<Self>, page: &Rc<Page>, method: Method) {
        let call = Rc::new(Call {
            method,
            begun: self.now(),
            is_settled: Cell::new(false),
        });
        page.calls.borrow_mut().push(Rc::clone(&call));
        self.acting.set(Some(page.id));
        let (world, security, id) = (Rc::clone(self), page.security().clone(), page.id);
        let token = page.token();
        // Tokens are forgotten in this very call.
        let revoked = (method == Method::Revoke).then(|| security.revoke());
        page.spawn(Box::pin(async move {
            let outcome = match method {
                Method::Refresh => security.refresh(&[]).await.map(|_| ()),
                Method::RefreshNarrowed => {
                    let scopes = [SCOPES[0].to_owned()];
                    security.refresh(&scopes).await.map(|_| ())
                }
                Method::GetAccessToken => security.get_access_token().await.map(|_| ()),
                Method::HandleRedirect => security.handle_redirect(None).await.map(|_| ()),
                Method::Login => {
                    let address = security.get_auth_uri(AuthUriOptions::default()).await;
                    address.map(|address| world.redirect(id, &address))
                }
                Method::Revoke => match revoked {
                    Some(revocation) => {
                        let revocation = revocation.await;
                        world.check_revoked(id, token, &revocation);
                        revocation.map(|_| ())
                    }
                    None => Ok(()),
                },
            };
            let error = outcome.err().map(|error| error.code());
            world.note(|| {
                format!(
                    "  {method:?} of page {id} ends with {}",
                    error.unwrap_or("success")
                )
            });
            world.counts.calls.add();
            call.is_settled.set(true);
        }));
    }

    /// The user logs in at the server, and comes back to a new page.
    fn redirect(self: &Rc<Self>, page: u32, address: &str) {
        let address = self.authorize(address);
        let delay = self.random.between(50, 5_000);
        self.after(delay, Target::Page(page), Lane::Free, move |world| {
            let Some(page) = world.page(page) else { return };
            let tab = page.tab;
            if world.tabs.shown(tab).first() == Some(&page.id) {
                world.leave_tab(tab, true);
                world.open_page(tab, &address);
            }
        });
    }

    /// The app looks at its session, which must be what storage says at this moment.
    pub(crate) fn look(self: &Rc<Self>, page: &Rc<Page>) {
        self.acting.set(Some(page.id));
        let seen = page.security().state();
        let record = self.record(page);
        // An emptied record says nothing: it is another page's that could not store its tokens.
        let value = record.as_ref().and_then(|stored| stored.value.as_deref());
        let is_readable = value.is_some_and(|value| value != EMPTY);
        let is_readable = is_readable && !page.is_refused.get();
        let is_removed = record.is_some_and(|stored| stored.value.is_none());
        let works = self.can_store();
        if works && is_removed && !page.is_refused.get() {
            self.require(seen == State::SignedOut, || {
                format!("page {} is {seen:?}, but its record was removed", page.id)
            });
        }
        if works && is_readable {
            let stored = self.record(page).and_then(|stored| stored.token);
            let held = page.held().and_then(|held| held.refresh_token);
            let held = held.as_ref().and_then(crate::grant::Token::of);
            self.require(stored == held, || {
                format!("page {} holds {held:?}, but its record {stored:?}", page.id)
            });
        }
    }
}
