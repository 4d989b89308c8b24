//! The kind of world that a seed gives: the browser, the server and the app.

use esi_security::client::TokenWorker;
use esi_security::client::host::Area;
use esi_security::oauth::metadata::Metadata;
use esi_security::oauth::scope;
use esi_security::{Options, client};

use crate::random::Random;
use crate::server;

/// The app's callback address.
pub(crate) const CALLBACK: &str = "https://app.example/callback";

/// The address of the app without an authorization response in it.
pub(crate) const HOME: &str = "https://app.example/";

/// The scopes of a login; a narrowed refresh asks for the first alone.
pub(crate) const SCOPES: [&str; 2] = ["esi-mail.read_mail.v1", "esi-skills.read_skills.v1"];

/// What becomes of the token worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Worker {
    /// The browser has none.
    Absent,
    /// It lives on without a page, as in Chromium.
    Lasting,
    /// It ends with its last page, as in Firefox and `WebKit`.
    Mortal,
    /// It never answers.
    Silent,
}

/// How often the server replaces refresh tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rotation {
    Always,
    Sometimes,
    Never,
}

/// What the server does when a used refresh token comes again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reuse {
    EndsGrant,
    IsRefused,
}

#[expect(clippy::struct_excessive_bools, reason = "each is drawn by itself")]
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// Where the sessions are kept.
    pub(crate) area: Area,
    /// Whether pages have Web Locks.
    pub(crate) has_locks: bool,
    /// In how many of a hundred tabs `BroadcastChannel` is missing.
    pub(crate) without_channel: u64,
    /// False if localStorage is blocked from the beginning, so that there are no version markers.
    pub(crate) has_local: bool,
    /// True if each tab is a process of its own, which learns of the others' localStorage with a delay.
    pub(crate) is_lagging: bool,
    pub(crate) worker: Worker,
    pub(crate) rotation: Rotation,
    pub(crate) reuse: Reuse,
    /// How many of a hundred requests meet with a fault.
    pub(crate) faults: u64,
    /// True if the metadata is fetched, false if the app gives it.
    pub(crate) fetches_metadata: bool,
    /// The life of an access token in seconds.
    pub(crate) life: u32,
    /// How many of a hundred pages refresh by themselves.
    pub(crate) auto_refresh: u64,
    /// True if a page from the bfcache gets the sessionStorage that it left, as in Firefox.
    pub(crate) rewinds_session: bool,
    /// True if the wall clock jumps.
    pub(crate) has_jumps: bool,
    pub(crate) tabs: u64,
    pub(crate) events: u32,
}

impl Settings {
    pub(crate) fn draw(random: &Random) -> Self {
        Self {
            area: random.weighted(&[(76, Area::Session), (18, Area::Local), (6, Area::Memory)]),
            has_locks: random.chance(88),
            without_channel: random.weighted(&[(85, 0), (10, 30), (5, 100)]),
            has_local: random.chance(88),
            is_lagging: random.chance(50),
            worker: random.weighted(&[
                (45, Worker::Absent),
                (25, Worker::Lasting),
                (20, Worker::Mortal),
                (10, Worker::Silent),
            ]),
            rotation: random.weighted(&[
                (60, Rotation::Always),
                (30, Rotation::Sometimes),
                (10, Rotation::Never),
            ]),
            reuse: random.weighted(&[(60, Reuse::EndsGrant), (40, Reuse::IsRefused)]),
            faults: random.weighted(&[(40, 0), (30, 8), (20, 25), (10, 50)]),
            fetches_metadata: random.chance(20),
            life: random.weighted(&[(70, 1200), (20, 100), (10, 30)]),
            auto_refresh: random.weighted(&[(60, 100), (20, 50), (20, 0)]),
            rewinds_session: random.chance(50),
            has_jumps: random.chance(30),
            tabs: random.between(2, 5),
            events: u32::try_from(random.between(4, 45)).unwrap(),
        }
    }

    /// The options of a page.
    pub(crate) fn options(&self, random: &Random) -> Options {
        let sso_endpoints = (!self.fetches_metadata)
            .then(|| Metadata::from_json(server::METADATA).expect("the server's metadata"));
        let token_worker = match self.worker {
            Worker::Absent if random.chance(50) => TokenWorker::Off,
            _ => TokenWorker::Package,
        };
        let scopes: Vec<String> = SCOPES.map(String::from).into();
        scope::check(&scopes, esi_security::Phase::Create).expect("scopes");
        client::Options {
            scopes,
            sso_endpoints_url: server::METADATA_URL.to_owned(),
            sso_endpoints,
            headers: vec![("User-Agent".to_owned(), "simulation".to_owned())],
            storage: Some(self.area),
            auto_refresh: random.chance(self.auto_refresh),
            token_worker,
            ..Options::new("client", CALLBACK)
        }
    }
}
