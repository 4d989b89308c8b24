// Rules of the coordination between pages, and how to take each of them out of the sources. The simulation must find each
// rule that is missing: `npm run test:rules`.

/**
 * In a file, `from` is replaced by `to`. It must be there once. A space in it stands for any white space.
 *
 * @typedef {{ file: string, from: string, to: string }} Change
 */

/** @type {{ rule: string, changes: Change[] }[]} */
export const RULES = [
  {
    rule: "A page holds the refresh lock while it refreshes.",
    changes: [
      {
        file: "src/client/refresh_lock.rs",
        from: "lineage.filter(|_| self.area.is_shared()) else",
        to: "lineage.filter(|_| false) else",
      },
    ],
  },
  {
    rule: "Before a page sends, it checks that its lock was not stolen.",
    changes: [
      {
        file: "src/client/refresh_lock.rs",
        from: "Some(lock) => lock::is_held(&self.environment, lock).await,",
        to: "Some(_) => true,",
      },
    ],
  },
  {
    rule: "A page queries the lock manager before it believes that its lock was not stolen.",
    changes: [
      {
        file: "src/client/lock.rs",
        from: "let asked_at = environment.host.now_ms(); held(environment).await;",
        to: "let asked_at = environment.host.now_ms();",
      },
    ],
  },
  {
    rule: "A page that has waited too long for one holder steals the lock.",
    changes: [
      {
        file: "src/client/lock.rs",
        from: "if timeout_ms == wait.timeout_ms && holder(environment, name).await == before {",
        to: "if timeout_ms > wait.timeout_ms && holder(environment, name).await == before {",
      },
    ],
  },
  {
    rule: "A page releases the lock after its refresh.",
    changes: [{ file: "src/client/lock.rs", from: "drop(lock);", to: "core::mem::forget(lock);" }],
  },
  {
    rule: "What a page writes is visible to other processes before it releases the lock.",
    changes: [{ file: "src/client/lock.rs", from: "held(environment).await; drop(lock);", to: "drop(lock);" }],
  },
  {
    rule: "A page that has the lock reads the version marker.",
    changes: [
      {
        file: "src/client/refresh_lock.rs",
        from: "let others = match self.others(&lineage) {",
        to: "let others = match Others::Behind {",
      },
    ],
  },
  {
    rule: "Before a page sends, it reads the version marker once more.",
    changes: [
      {
        file: "src/client/refresh_lock.rs",
        from: "is_held && newest <= refresh.newest().max(lineage.rotation)",
        to: "is_held && newest <= u32::MAX.max(refresh.newest())",
      },
    ],
  },
  {
    rule: "A page reads the stored record again once it has the lock, and before it sends.",
    changes: [
      {
        file: "src/client/refresh.rs",
        from: "open.reload_from_host().await;",
        to: "",
      },
      {
        file: "src/client/refresh.rs",
        from: "open.reload(); let is_lost",
        to: "let is_lost",
      },
    ],
  },
  {
    rule: "Tokens are stored before they are announced.",
    changes: [
      {
        file: "src/client/refresh.rs",
        from: "open.settle();",
        to: "open.announce(); open.settle();",
      },
    ],
  },
  {
    rule: "A page that was given tokens writes the version marker.",
    changes: [
      {
        file: "src/client/open_session.rs",
        from: "self.markers.write(&lineage, replaced);",
        to: "let _ = (lineage, replaced);",
      },
    ],
  },
  {
    rule: "A page that was given tokens publishes them.",
    changes: [
      {
        file: "src/session/machine.rs",
        from: "self.hold(Some(renewed), Reason::Refresh); self.hand_over();",
        to: "self.hold(Some(renewed), Reason::Refresh);",
      },
    ],
  },
  {
    rule: "A page that has newer tokens answers a query.",
    changes: [
      {
        file: "src/session/machine.rs",
        from: "Message::Ask(theirs) => self.compare(&theirs),",
        to: "Message::Ask(_) => {}",
      },
    ],
  },
  {
    rule: "A page ignores older tokens of another page.",
    changes: [
      {
        file: "src/session/machine.rs",
        from: "some && ours.is_some_and(|ours| tokens.is_ahead_of(ours))",
        to: "some && ours.is_some()",
      },
    ],
  },
  {
    rule: "A page asks the others before it believes `invalid_grant`.",
    changes: [
      {
        file: "src/session/refresh.rs",
        from: "if unusable.error.is_invalid_grant() || confirmed || is_last {",
        to: "if unusable.error.is_invalid_grant() { session.end(); Step::Done(Err(unusable.error)) } else if confirmed || is_last {",
      },
    ],
  },
  {
    rule: "A page keeps the refresh token of an answer that is otherwise unusable.",
    changes: [
      {
        file: "src/session/refresh.rs",
        from: "if let Some(rotated) = unusable.refresh_token.clone() {",
        to: "if let Some(rotated) = None {",
      },
    ],
  },
  {
    rule: "A refresh sends the same refresh token twice at most.",
    changes: [
      {
        file: "src/session/refresh.rs",
        from: "} else if before.is_none() && (unusable",
        to: "} else if (unusable",
      },
    ],
  },
  {
    rule: "A page waits ten seconds for newer tokens that exist.",
    changes: [
      {
        file: "src/client/refresh_lock.rs",
        from: "const NEWER_TIMEOUT_MS: u32 = 10_000;",
        to: "const NEWER_TIMEOUT_MS: u32 = 1_000;",
      },
    ],
  },
  {
    rule: "After a failed refresh a page waits before it refreshes by itself.",
    changes: [
      {
        file: "src/session/backoff.rs",
        from: "whole - whole * i64::from(jitter) / (2 * i64::from(u8::MAX))",
        to: "0 * (whole + i64::from(jitter))",
      },
    ],
  },
  {
    rule: "A page obeys `Retry-After`.",
    changes: [
      {
        file: "src/session/backoff.rs",
        from: "retry_after.map_or(0, |seconds| i64::from(seconds).min(LONGEST_DEMAND))",
        to: "retry_after.map_or(0, |_| 0)",
      },
    ],
  },
  {
    rule: "A page that is shown again sets its timer.",
    changes: [
      {
        file: "src/client/open_session.rs",
        from: "PageEvent::Resumed => {} } self.revision.notify();",
        to: "PageEvent::Resumed => {} }",
      },
    ],
  },
  {
    rule: "A page checks everything again before it sends itself what the token worker has not sent.",
    changes: [
      {
        file: "src/client/refresh.rs",
        from: "sent.await?",
        to: "match sent.await { Some(sent) => sent, None => sender.send_from_page(&request, phase, RESPONSE_TIMEOUT_MS).await }",
      },
    ],
  },
  {
    rule: "An answer that a frozen page reads late counts as old.",
    changes: [
      {
        file: "src/client/sender.rs",
        from: "response.age = response.age.saturating_add(seconds);",
        to: "response.age = response.age.saturating_add(seconds.min(0));",
      },
    ],
  },
  {
    rule: "Only one page sends a code.",
    changes: [
      {
        file: "src/client/sender.rs",
        from: "Acquired::Contended(_) | Acquired::Spent => return Ok(None),",
        to: "Acquired::Contended(lock) => Some(lock), Acquired::Spent => return Ok(None),",
      },
    ],
  },
  {
    rule: "A sign-out removes the record.",
    changes: [
      {
        file: "src/session/machine.rs",
        from: "self.hold(None, Reason::Revoked); self.revoked = tokens",
        to: "self.because(Reason::Revoked); self.revoked = tokens",
      },
    ],
  },
  {
    rule: "A sign-out revokes the token that a refresh in flight brings.",
    changes: [
      {
        file: "src/client/revoke.rs",
        from: "token = refresh.outcome.await.rotated.unwrap_or(token);",
        to: "drop(refresh);",
      },
    ],
  },
  {
    rule: "A record whose refresh token is used up does not stay in a full storage.",
    changes: [
      {
        file: "src/client/record.rs",
        from: "if !is_good && !self.item.write(Some(EMPTY)) {",
        to: "if !is_good && self.writing.get() && EMPTY.len() > 1 {",
      },
    ],
  },
  {
    rule: "A page that publishes tokens drops others from the bfcache.",
    changes: [
      {
        file: "src/client/peers.rs",
        from: 'absence.send("{}");',
        to: "drop(absence);",
      },
    ],
  },
  {
    rule: "A page steals the lock only from a page for which it has waited.",
    changes: [
      {
        file: "src/client/lock.rs",
        from: "if timeout_ms == wait.timeout_ms && holder(environment, name).await == before {",
        to: "if timeout_ms == wait.timeout_ms {",
      },
    ],
  },
  {
    rule: "A page sends nothing for a session that has changed.",
    changes: [
      {
        file: "src/client/refresh.rs",
        from: "if is_lost || !refresh.is_current(&open.session.borrow()) {",
        to: "if is_lost {",
      },
    ],
  },
  {
    rule: "A page reads the stored record again before it uses an answer.",
    changes: [
      {
        file: "src/client/refresh.rs",
        from: "open.reload(); let (now, jitter) = (environment.now(), environment.jitter()); refresh.answered",
        to: "let (now, jitter) = (environment.now(), environment.jitter()); refresh.answered",
      },
    ],
  },
  {
    rule: "A page that opens the channel of a grant queries the others.",
    changes: [
      {
        file: "src/client/open_session.rs",
        from: "if self.peers.join(lineage, || self.receiver()) {",
        to: "if self.peers.join(lineage, || self.receiver()) && false {",
      },
    ],
  },
  {
    rule: "The calls of a page share one refresh.",
    changes: [
      {
        file: "src/client/refresh.rs",
        from: "let in_flight = open.refresh.borrow().clone(); let Some(other) = in_flight else {",
        to: "let in_flight: Option<RefreshInFlight> = None; let Some(other) = in_flight else {",
      },
    ],
  },
  {
    rule: "A refresh for other scopes waits for the one in flight.",
    changes: [
      {
        file: "src/client/refresh.rs",
        from: "let in_flight = open.refresh.borrow().clone(); let Some(other) = in_flight else {",
        to: "let in_flight = open.refresh.borrow().clone().filter(|other| other.scopes == scopes); let Some(other) = in_flight else {",
      },
    ],
  },
];
