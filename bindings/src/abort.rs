//! Leaving a call by an `AbortSignal`. It is the caller alone who leaves: what must not be lost is carried
//! to its end by the floor below, for others who wait for it, and in storage.

use core::future::{Future, poll_fn};
use core::pin::Pin;
use core::task::Poll;

use esi_security::web::get;
use esi_security::{Error, Phase};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::spawn_local;
use web_sys::AbortSignal;

use crate::arguments::Options;
use crate::error;

/// What a method does, and then tells.
pub(crate) type Work = Pin<Box<dyn Future<Output = Result<JsValue, Error>>>>;

/// The signal of one call.
pub(crate) struct Abort {
    signal: AbortSignal,
    phase: Phase,
}

impl Abort {
    /// Reads the options, of which `signal` is one. An error if the caller has left already.
    pub(crate) fn read(
        options: &JsValue,
        phase: Phase,
        known: &[&'static str],
    ) -> Result<(Options, Option<Self>), JsValue> {
        let options = Options::new(options, phase, known).map_err(error::to_js)?;
        let abort = Self::find(&options, phase).map_err(error::to_js)?;
        if let Some(abort) = &abort {
            abort.check()?;
        }
        Ok((options, abort))
    }

    fn find(options: &Options, phase: Phase) -> Result<Option<Self>, Error> {
        let Some(value) = options.value("signal")? else {
            return Ok(None);
        };
        let abort = value.dyn_into().map(|signal| Self { signal, phase });
        abort
            .ok()
            // What only inherits from one throws when it is asked.
            .filter(|abort| abort.aborted().is_some())
            .map(Some)
            .ok_or_else(|| Error::argument(phase, "signal", "must be an AbortSignal"))
    }

    fn aborted(&self) -> Option<bool> {
        let aborted = get(&self.signal, "aborted");
        aborted.ok()?.as_bool()
    }

    /// An error if the caller has left.
    pub(crate) fn check(&self) -> Result<(), JsValue> {
        if self.aborted() == Some(true) {
            let reason = get(&self.signal, "reason");
            return Err(error::aborted(self.phase, &reason.unwrap_or_default()));
        }
        Ok(())
    }

    /// Waits for the work until the caller leaves; then it is dropped where it stands. The signal is looked
    /// at before the work each time, so that nothing begins after it.
    pub(crate) async fn wait_for(self, mut work: Work) -> Result<JsValue, JsValue> {
        let waker = poll_fn(|context| Poll::Ready(context.waker().clone())).await;
        let wake = Closure::<dyn Fn()>::new(move || waker.wake_by_ref());
        let listener = wake.as_ref().unchecked_ref();
        // Only a page that has put its own in place can make these fail.
        let _ = self
            .signal
            .add_event_listener_with_callback("abort", listener);
        let ended = poll_fn(|context| match self.check() {
            Ok(()) => work.as_mut().poll(context).map(Ok),
            Err(aborted) => Poll::Ready(Err(aborted)),
        })
        .await;
        let _ = self
            .signal
            .remove_event_listener_with_callback("abort", listener);
        match ended {
            Ok(result) => result.map_err(error::to_js),
            Err(aborted) => {
                // The tokens are gone from here: the server is told all the same.
                if self.phase == Phase::Revoke {
                    spawn_local(async move { drop(work.await) });
                }
                Err(aborted)
            }
        }
    }
}
