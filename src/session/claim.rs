//! Whose turn it is to refresh where the browser has no locks. A tab tells the others of its grant that it
//! wants to, and waits a while: whoever comes before it, or is at it already, says so. Whoever hears of one that
//! comes before gives up, waits for its tokens, and claims again if none have come.

use super::lineage::Lineage;
use crate::record::{self, FromRecord, Members, Record, ToRecord};

/// For how many milliseconds a turn is good in which nothing was sent: less than the others wait for an answer,
/// since a tab that hung for longer has given them none.
pub const LEASE: i64 = 500;

/// The same for a claim that another one is heard against: a tab that is frozen still hears and answers, but
/// gets no further.
pub const LIFE: i64 = 3000;

/// The number of a tab that has sent its refresh token.
const SENT: u32 = 0;

/// The number of a tab whose turn it is.
const TURN: u32 = 1;

/// What a tab tells the others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Of the tokens that it holds. Newer ones come first.
    pub lineage: Lineage,
    /// Of tabs with the same, the one with the lowest number comes first.
    pub number: u32,
}

impl FromRecord for Claim {
    fn from_record(record: Record<'_>) -> Option<Self> {
        Some(Self {
            lineage: record.required("lineage", record::object)?,
            number: record.required("number", record::count)?,
        })
    }
}

impl ToRecord for Claim {
    fn to_record(&self, members: &mut Members) {
        members.json("lineage", &self.lineage.to_json());
        members.number("number", self.number.into());
    }
}

/// A tab and what it claims.
#[derive(Debug, Default)]
pub struct Contender {
    claim: Option<Claim>,
    /// When it claimed, or its turn came, in milliseconds.
    since: i64,
}

impl Contender {
    /// It wants to refresh; the number is a random one. What the others are told.
    pub fn claim(&mut self, lineage: Lineage, number: u32, now: i64) -> Claim {
        self.since = now;
        let number = number.max(TURN + 1);
        self.claim.insert(Claim { lineage, number }).clone()
    }

    /// What another tab claims; what it is answered.
    pub fn hear(&mut self, theirs: &Claim, now: i64) -> Option<Claim> {
        let ours = self.claim.as_ref()?;
        let same = theirs.lineage == ours.lineage;
        let late = match ours.number {
            SENT => false,
            TURN => self.is_older(LEASE, now),
            _ => self.is_older(LIFE, now),
        };
        if same && ours.number < theirs.number && !late {
            return Some(ours.clone());
        }
        // Of two with the same number neither goes first: next time they have others. What is sent is sent.
        if same && ours.number > SENT || theirs.lineage.is_ahead_of(&ours.lineage) {
            self.claim = None;
        }
        None
    }

    /// The others had time to answer. True if it is this one's turn, or nobody was waited for any longer.
    pub fn take_turn(&mut self, now: i64) -> bool {
        self.since = now;
        self.claim
            .as_mut()
            .map(|claim| claim.number = TURN)
            .is_some()
    }

    /// True if it is its turn still, to refresh these tokens, which are then as good as sent.
    pub fn send(&mut self, lineage: &Lineage, now: i64) -> bool {
        let late = self.is_older(LEASE, now);
        let claim = (self.claim.as_mut())
            .filter(|claim| !late && claim.number <= TURN && claim.lineage == *lineage);
        claim.map(|claim| claim.number = SENT).is_some()
    }

    /// A clock that was set back makes it old too.
    fn is_older(&self, life: i64, now: i64) -> bool {
        !(0..life).contains(&now.saturating_sub(self.since))
    }

    /// It has refreshed, or has given up.
    pub fn end(&mut self) {
        self.claim = None;
    }
}
