//! Plans a night: finds the days whose objects are to be put together.
//!
//! Invariant: every day that had several objects when the night began is queued. One that is
//! queued twice costs the time to find that it is done.

use files::Objects;
use lake::{ArchiveKey, EVENTS, Partition};

use crate::{
    handler::{Archive, ArchiveError},
    work::{Work, Works},
};

/// How many listings of 1,000 keys an invocation reads; the next one goes on.
const LISTINGS: usize = 100;

/// What was seen of the day that is being listed.
struct Day {
    partition: Partition,
    /// How many of its objects may be put together, up to the two that it takes.
    open: usize,
}

impl<O: Objects, W: Works> Archive<O, W> {
    /// Queues the days that have several objects, looking from the key `after` on.
    pub(crate) async fn plan(&self, mut after: Option<String>) -> Result<(), ArchiveError> {
        let mut day = None;
        let mut queued = 0;
        for _ in 0..LISTINGS {
            let listing = self.objects.list(EVENTS, after.as_deref()).await?;
            let mut works = Vec::new();
            for key in &listing.keys {
                works.extend(see(&mut day, &ArchiveKey::from(key.clone())));
            }
            self.works.send(&works).await?;
            queued += works.len();
            if !listing.goes_on {
                tracing::info!(queued, "days to put together are queued");
                return Ok(());
            }
            after = listing.keys.last().cloned().or(after);
        }
        // A day of which one object was seen is looked at again from its first object.
        let unfinished = day.filter(|day| day.open < 2).map(|day| day.partition.prefix());
        self.works.send(&[Work::List { after: unfinished.or(after) }]).await?;
        tracing::info!(queued, "days to put together are queued, and there are more to list");
        Ok(())
    }
}

/// Counts an object; returns the work when it is the second one of its day.
fn see(day: &mut Option<Day>, key: &ArchiveKey) -> Option<Work> {
    let Ok(place) = key.place() else {
        tracing::warn!(%key, "what lies here is not the archive's");
        return None;
    };
    let is_known = day.as_ref().is_some_and(|day| day.partition == place.partition);
    if !is_known {
        *day = Some(Day { partition: place.partition, open: 0 });
    }
    let day = day.as_mut().filter(|_| !place.is_full)?;
    day.open += 1;
    let Partition { tenant, day: date } = day.partition.clone();
    (day.open == 2).then_some(Work::Compact { tenant, day: date })
}
