//! One refresh, step by step (RFC 6749 section 6): what to do next, after each thing that came of the
//! step before. A rotating refresh token is good for one answer, which may be lost on the way or may have
//! gone to another tab: so the others are asked before it is sent, before a refusal is believed, and
//! before it is sent a second time, which happens once at most.

use core::mem;

use super::machine::Session;
use super::token_set::TokenSet;
use crate::oauth::secret::Secret;
use crate::oauth::token_response::{self, TokenResponse, Unusable};
use crate::{Error, ErrorKind, Phase};

/// What is known about the other tabs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Others {
    /// Nobody can hold newer tokens.
    Behind,
    /// Perhaps somebody does.
    Unknown,
    /// Somebody holds, or has held, tokens of this version.
    Ahead(u32),
}

/// After how many failures in a row newer tokens that nobody sends are believed to be lost: the tab that held them is
/// closed, and the server is to judge the older ones.
pub const MOST_FAILURES: u32 = 2;

/// What to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Ask the other tabs, and wait a while for newer tokens; longer if somebody is known to hold some.
    Ask(Others),
    /// Send this refresh token.
    Send(Secret),
    /// It is over, and this is what callers get.
    Done(Result<TokenResponse, Error>),
}

/// A refresh under way.
#[derive(Debug)]
pub struct Refresh {
    tokens: TokenSet,
    sent: Secret,
    generation: u32,
    /// True if it asks for fewer scopes than were granted: tokens of another tab may then not do.
    narrowed: bool,
    stage: Stage,
    /// True if newer tokens are being waited for.
    waits_for_newer: bool,
    /// The newest version that another tab is known to have had.
    newest: u32,
    /// How many had failed before it.
    failures: u32,
    /// True if the answer is an old one.
    is_replay: bool,
}

#[derive(Debug)]
enum Stage {
    /// Not sent yet.
    New,
    /// Sent, perhaps for the second time: then what came of the first.
    Sent(Option<Unusable>),
    /// Refused, which is believed if nobody holds newer tokens.
    Refused(Unusable),
    /// Sent, and nobody knows whether it was served; or refused in a way that a second try must confirm.
    InDoubt(Unusable),
}

impl Refresh {
    /// Begins one.
    pub fn begin(session: &mut Session, narrowed: bool) -> Result<Self, Error> {
        let phase = Phase::Refresh;
        let tokens = session.tokens().cloned();
        let tokens = tokens.ok_or(ErrorKind::NoToken { phase })?;
        let sent = tokens.refresh_token.clone();
        let sent = sent.ok_or(ErrorKind::NeedsLogin { phase })?;
        session.begin_refresh();
        Ok(Self {
            tokens,
            sent,
            generation: session.generation(),
            narrowed,
            stage: Stage::New,
            waits_for_newer: false,
            newest: 0,
            failures: session.failures(),
            is_replay: false,
        })
    }

    /// It is this tab's turn; once more, if it was over before the token had left.
    pub fn start(&mut self, session: &mut Session, others: Others, now: i64) -> Step {
        let before = match mem::replace(&mut self.stage, Stage::New) {
            Stage::Sent(before) => before,
            _ => None,
        };
        if let Some(step) = self.overtaken(session, now) {
            return step;
        }
        if before.is_none()
            && let Some(step) = self.tried_elsewhere(session)
        {
            return step;
        }
        match others {
            Others::Behind => self.send(before),
            others => {
                self.stage = before.map_or(Stage::New, Stage::InDoubt);
                if let Others::Ahead(newest) = others {
                    (self.waits_for_newer, self.newest) = (true, newest);
                }
                Step::Ask(others)
            }
        }
    }

    /// The other tabs had time to answer.
    pub fn asked(&mut self, session: &mut Session, now: i64, jitter: u8) -> Step {
        if let Some(step) = self.overtaken(session, now) {
            return step;
        }
        if matches!(self.stage, Stage::New)
            && let Some(step) = self.tried_elsewhere(session)
        {
            return step;
        }
        if mem::take(&mut self.waits_for_newer) && session.failures() < MOST_FAILURES {
            // What this tab holds is used up: to send it would end the grant. The other tab may be frozen, and
            // send its tokens later.
            let error = Error::from(ErrorKind::Timeout {
                phase: Phase::Refresh,
            });
            session.fail(&error.clone().into(), now, jitter);
            return Step::Done(Err(error));
        }
        match mem::replace(&mut self.stage, Stage::New) {
            Stage::Refused(unusable) => {
                if unusable.error.is_unexplained_refusal() {
                    session.fail(&unusable, now, jitter);
                } else {
                    session.end();
                }
                Step::Done(Err(unusable.error))
            }
            Stage::InDoubt(unusable) => self.send(Some(unusable)),
            Stage::New => self.send(None),
            // Nobody was to be asked now: the answer that is still to come is given up.
            Stage::Sent(_) => {
                session.fail(&superseded().into(), now, jitter);
                Step::Done(Err(superseded()))
            }
        }
    }

    /// The server's answer.
    pub fn answered(
        &mut self,
        session: &mut Session,
        answer: Result<TokenResponse, Unusable>,
        now: i64,
        jitter: u8,
    ) -> Step {
        let Stage::Sent(before) = mem::replace(&mut self.stage, Stage::New) else {
            return Step::Done(Err(superseded()));
        };
        let current = self.is_current(session);
        // Another page of this storage may have ended it, which was refused what this one had sent already.
        let ended = session.refresh_token().is_none()
            && session.lineage().is_some()
            && session.lineage() == self.tokens.lineage.as_ref();
        let overtaken = self.is_behind(session);
        let behind = ended || overtaken;
        let is_old = self.is_replay && overtaken;
        match answer {
            // Fresh from the server it is the newest there is, even if another tab has been faster. An old one is not.
            Ok(mut response) if current || (behind && !is_old) => {
                // The refresh token that another tab was given meanwhile has replaced the one that was sent.
                if behind && response.refresh_token.as_ref() == Some(&self.sent) {
                    response.refresh_token = None;
                }
                session.outdo(self.newest);
                session.renew(response.clone(), now);
                Step::Done(Ok(response))
            }
            Err(unusable) if current => {
                self.refused(session, before.as_ref(), unusable, now, jitter)
            }
            answer => {
                // The session was given other tokens meanwhile, but of the same grant, or without a refresh
                // token of their own: this has replaced the one that it holds.
                let concerned = behind || session.refresh_token() == Some(&self.sent);
                if let Some(rotated) = token_response::refresh_token(&answer)
                    && concerned
                    && !is_old
                    && *rotated != self.sent
                {
                    session.rotate(rotated.clone());
                }
                self.overtaken(session, now)
                    .unwrap_or(Step::Done(Err(superseded())))
            }
        }
    }

    fn refused(
        &mut self,
        session: &mut Session,
        before: Option<&Unusable>,
        unusable: Unusable,
        now: i64,
        jitter: u8,
    ) -> Step {
        if let Some(rotated) = unusable.refresh_token.clone() {
            session.outdo(self.newest);
            session.rotate(rotated);
            session.fail(&unusable, now, jitter);
            return Step::Done(Err(unusable.error));
        }
        let confirmed = before.is_some_and(|first| {
            first.error.is_invalid_token() && unusable.error.is_invalid_token()
        });
        let is_last = !self.narrowed && session.is_last_refusal(&unusable.error, now);
        if unusable.error.is_invalid_grant() || confirmed || is_last {
            self.stage = Stage::Refused(unusable);
            Step::Ask(Others::Unknown)
        } else if before.is_none()
            && (unusable.error.is_ambiguous() || unusable.error.is_invalid_token())
        {
            self.stage = Stage::InDoubt(unusable);
            Step::Ask(Others::Unknown)
        } else {
            // Fewer scopes than were granted may be refused for what they are.
            if self.narrowed && !unusable.error.retryable() {
                session.resume();
            } else {
                session.fail(&unusable, now, jitter);
            }
            Step::Done(Err(unusable.error))
        }
    }

    fn send(&mut self, before: Option<Unusable>) -> Step {
        self.stage = Stage::Sent(before);
        Step::Send(self.sent.clone())
    }

    /// Another tab is known to have had so many answers: what the server gives next is newer than all of them.
    pub fn note_answers(&mut self, answers: u32) {
        self.newest = self.newest.max(answers);
    }

    /// The answer that has come is an old one: another tab may have newer tokens than it brings.
    pub fn note_replay(&mut self) {
        self.newest = 0;
        self.is_replay = true;
    }

    /// The newest version that another tab is known to have had.
    pub fn newest(&self) -> u32 {
        self.newest
    }

    /// True if the session still holds the tokens that it began with.
    pub fn is_current(&self, session: &Session) -> bool {
        session.generation() == self.generation
    }

    /// True if the session was handed newer tokens of the same grant.
    fn is_behind(&self, session: &Session) -> bool {
        session
            .tokens()
            .is_some_and(|tokens| tokens.is_ahead_of(&self.tokens))
    }

    /// What follows if another tab has tried the same meanwhile, in vain: a server in trouble is not to be
    /// asked by all of them.
    fn tried_elsewhere(&self, session: &mut Session) -> Option<Step> {
        let tried = session.failures() != self.failures;
        let error = tried.then(|| session.give_up())??;
        Some(Step::Done(Err(error)))
    }

    /// What follows if the session was given other tokens meanwhile.
    fn overtaken(&mut self, session: &mut Session, now: i64) -> Option<Step> {
        if self.is_current(session) {
            return None;
        }
        if !self.is_behind(session) {
            return Some(Step::Done(Err(superseded())));
        }
        let newer = session.tokens().filter(|tokens| tokens.is_alive(now));
        let response = newer.and_then(|tokens| tokens.to_response(now));
        Some(match response {
            Some(response) if !self.narrowed => Step::Done(Ok(response)),
            // Not what was asked for, or too old already. What has come may not be the newest yet.
            _ => match Self::begin(session, self.narrowed) {
                Ok(again) => {
                    *self = again;
                    Step::Ask(Others::Unknown)
                }
                Err(error) => Step::Done(Err(error)),
            },
        })
    }
}

fn superseded() -> Error {
    let phase = Phase::Refresh;
    ErrorKind::Superseded { phase }.into()
}
