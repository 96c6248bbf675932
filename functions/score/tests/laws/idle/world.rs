//! Leads that are archived, and nights that do it.

use domain::{
    event::Arrival,
    home::HomeId,
    identity::Kind,
    lead::Lead,
    time::{DAY_MS, Timestamp},
};
use scoring::Scorer;
use shelf::{Idle, Moved, Shelf, ShelfError};
use testing::{EventBuilder, Faults, MemoryBucket, Tables, a_tenant, an_event, home_of};

use crate::{delivery::deliver, now};

/// After how many days leads are idle.
const IDLE_DAYS: u32 = 30;

/// The tables with the bucket.
#[derive(Clone)]
pub(super) struct Archive {
    pub tables: Tables,
    pub bucket: MemoryBucket,
}

impl Archive {
    pub async fn start() -> Self {
        let tables = Tables::with_tenant(&a_tenant()).await;
        Self { tables, bucket: MemoryBucket::default() }
    }

    pub fn shelf(&self) -> Shelf {
        Shelf::new(self.tables.store.clone(), self.bucket.clone())
    }

    /// Both on connections that fail by the same count.
    pub fn shelf_with(&self, faults: &Faults) -> Shelf {
        Shelf::new(self.tables.with_faults(faults), self.bucket.with_faults(faults))
    }

    pub fn scorer(&self) -> Scorer {
        Scorer::new(self.shelf())
    }

    pub fn scorer_with(&self, faults: &Faults) -> Scorer {
        Scorer::new(self.shelf_with(faults))
    }

    /// Delivers events of all homes, each home's in one message.
    pub async fn deliver(&self, arrivals: &[Arrival]) {
        let mut homes: Vec<HomeId> = arrivals.iter().map(|arrival| arrival.event.home.id).collect();
        homes.sort_unstable();
        homes.dedup();
        for home in homes {
            let own = arrivals.iter().filter(|arrival| arrival.event.home.id == home);
            deliver(&self.scorer(), vec![own.cloned().collect()], now()).await;
        }
    }

    pub async fn leads(&self) -> Vec<Lead> {
        let page = self.tables.store.scan_leads(0, 1, None).await.unwrap();
        page.leads.into_iter().map(|(_, listed)| listed.lead).collect()
    }

    /// Looks at one lead as a night does.
    pub async fn look(
        &self,
        shelf: &Shelf,
        lead: &Lead,
        at: Timestamp,
    ) -> Result<Moved, ShelfError> {
        let idle = Idle { now: at, after_days: Some(IDLE_DAYS) };
        shelf.archive_idle(&a_tenant(), lead, idle).await
    }

    /// Looks at all leads once, and goes on where one fails.
    pub async fn night_with(&self, shelf: &Shelf, at: Timestamp) {
        for lead in self.leads().await {
            let _ = self.look(shelf, &lead, at).await;
        }
    }

    /// Looks at all leads once.
    pub async fn night(&self, at: Timestamp) -> Vec<Moved> {
        let (shelf, mut moved) = (self.shelf(), Vec::new());
        for lead in self.leads().await {
            moved.push(self.look(&shelf, &lead, at).await.unwrap());
        }
        moved
    }

    /// Looks at all leads twice at once. Nobody who reads on one night reads on until the next.
    pub async fn night_twice(&self, at: Timestamp) {
        let both = [(); 2].map(|()| {
            let archive = self.clone();
            tokio::spawn(async move { archive.night_with(&archive.shelf(), at).await })
        });
        for night in both {
            night.await.unwrap();
        }
    }

    /// Archives all leads, however fresh they are.
    pub async fn archive_all(&self) {
        for years in 1..=2 {
            self.night(days_later(years * 365)).await;
        }
    }

    pub async fn bring_all_back(&self) {
        let scorer = self.scorer();
        for lead in self.leads().await {
            scorer.bring_back(&a_tenant(), lead.survivor.id, now()).await.unwrap();
        }
    }
}

/// The instant so many days after now.
pub(super) fn days_later(days: i64) -> Timestamp {
    now().plus_millis(days * DAY_MS)
}

pub(super) fn user(value: &str) -> HomeId {
    home_of(Kind::UserId, value).id
}

/// Events of a user with a cookie, the last one now; every third in the cookie's home.
pub(super) fn of_one_person(count: usize) -> Vec<Arrival> {
    let event = |n: usize| {
        let seconds = i64::try_from(n).unwrap();
        let event = an_event(format!("e{n:05}")).seconds_later(seconds * 60);
        let event = if n == 0 {
            event.by(Kind::UserId, "u1").by(Kind::AnonymousId, "a1").of_type("signup")
        } else if n.is_multiple_of(3) {
            event.by(Kind::AnonymousId, "a1").with_property("n", n)
        } else {
            event.by(Kind::UserId, "u1").declaring("n", n)
        };
        let last = n + 1 == count;
        if last { event.days_later(68).of_type("demo_request") } else { event }
    };
    (0..count).map(event).map(EventBuilder::arrival).collect()
}
