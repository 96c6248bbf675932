//! What an object of the archive is called: the only place where its key is built or read.
//!
//! | key | object |
//! | --- | --- |
//! | `events/tenant=<tenant>/dt=<day>/<sequence>-<hash>.parquet` | events of one batch of the stream |
//! | `events/tenant=<tenant>/dt=<day>/compacted-<hash>.parquet` | events that were put together |
//! | `events/tenant=<tenant>/dt=<day>/full-<hash>.parquet` | the same, large enough to be let be |
//! | `failed/<sequence>-<hash>.json` | a record of the stream that could not be read |
//!
//! Invariant: equal keys under `events/` mean equal rows. `<sequence>` is the stream's number of
//! the first row, and `<hash>` is of the ids of all rows, or of the names of all objects that were
//! put together. So a retry overwrites itself, and an object may be removed by name at any time
//! after it was read: whatever lies there meanwhile holds the same events.

use std::{fmt, str::FromStr};

use data_encoding::HEXLOWER;
use domain::{tenant::TenantId, time::Day};
use sha2::{Digest, Sha256};

use crate::row::Row;

/// What the key of every object with events begins with.
pub const EVENTS: &str = "events/";

const EXTENSION: &str = ".parquet";
const COMPACTED: &str = "compacted-";
const FULL: &str = "full-";

/// How much of a SHA-256 a name has, in hexadecimal digits.
const HASH_DIGITS: usize = 16;

/// The key of an object.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ArchiveKey(String);

/// Says that a text is no key of an object with events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the key is not one of an object with events")]
pub struct InvalidKey;

/// The position of a record in the stream, as decimal digits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SequenceNumber(String);

impl FromStr for SequenceNumber {
    type Err = InvalidKey;

    fn from_str(text: &str) -> Result<Self, InvalidKey> {
        let fits = (1..=40).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        if fits { Ok(Self(text.to_owned())) } else { Err(InvalidKey) }
    }
}

impl fmt::Display for SequenceNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One day of one tenant.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Partition {
    /// Whose events they are.
    pub tenant: TenantId,
    /// The UTC day on which they happened.
    pub day: Day,
}

/// What an object with events is by its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Where it lies.
    pub partition: Partition,
    /// Whether it was put together of others.
    pub is_compacted: bool,
    /// Whether it is to be put together with no others any more.
    pub is_full: bool,
}

impl Partition {
    /// Returns what the keys of the partition's objects begin with, and those of no other.
    pub fn prefix(&self) -> String {
        format!("{EVENTS}tenant={}/dt={}/", self.tenant, self.day)
    }

    /// The key of the events of one batch, by the position of the first of them.
    pub fn batch<'r>(
        &self,
        first: &SequenceNumber,
        rows: impl IntoIterator<Item = &'r Row>,
    ) -> ArchiveKey {
        let ids = rows.into_iter().flat_map(|row| [row.home.as_str(), row.event_id.as_str()]);
        ArchiveKey(format!("{}{first}-{}{EXTENSION}", self.prefix(), hash(ids)))
    }

    /// The key of what is put together of other objects; `is_full` when it is to stay as it is.
    pub fn compacted<'s>(
        &self,
        sources: impl IntoIterator<Item = &'s ArchiveKey>,
        is_full: bool,
    ) -> ArchiveKey {
        let mut sources: Vec<_> = sources.into_iter().map(ArchiveKey::as_str).collect();
        sources.sort_unstable();
        let kind = if is_full { FULL } else { COMPACTED };
        ArchiveKey(format!("{}{kind}{}{EXTENSION}", self.prefix(), hash(sources)))
    }
}

impl ArchiveKey {
    /// The key of a record that could not be read, by its position if that can be.
    pub fn failed(sequence: Option<&SequenceNumber>, record: &[u8]) -> Self {
        let sequence = sequence.map_or("unknown", |sequence| sequence.0.as_str());
        let digest = HEXLOWER.encode(&Sha256::digest(record));
        Self(format!("failed/{sequence}-{}.json", digest.get(..HASH_DIGITS).unwrap_or(&digest)))
    }

    /// Reads what an object with events is.
    pub fn place(&self) -> Result<Place, InvalidKey> {
        let rest = self.0.strip_prefix(EVENTS).ok_or(InvalidKey)?;
        let rest = rest.strip_prefix("tenant=").ok_or(InvalidKey)?;
        let (tenant, rest) = rest.split_once("/dt=").ok_or(InvalidKey)?;
        let (day, name) = rest.split_once('/').ok_or(InvalidKey)?;
        if name.contains('/') || !name.ends_with(EXTENSION) {
            return Err(InvalidKey);
        }
        let partition = Partition {
            tenant: tenant.parse().map_err(|_| InvalidKey)?,
            day: day.parse().map_err(|_| InvalidKey)?,
        };
        let is_full = name.starts_with(FULL);
        Ok(Place { partition, is_compacted: is_full || name.starts_with(COMPACTED), is_full })
    }

    /// Returns the key as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<String> for ArchiveKey {
    fn from(listed: String) -> Self {
        Self(listed)
    }
}

impl fmt::Display for ArchiveKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Hashes texts, each preceded by its length.
fn hash<'t>(texts: impl IntoIterator<Item = &'t str>) -> String {
    let mut digest = Sha256::new();
    for text in texts {
        digest.update((text.len() as u64).to_be_bytes());
        digest.update(text);
    }
    let mut digits = HEXLOWER.encode(&digest.finalize());
    digits.truncate(HASH_DIGITS);
    digits
}

#[cfg(test)]
mod tests {
    use super::*;

    fn partition() -> Partition {
        Partition { tenant: "acme".parse().unwrap(), day: "2026-11-20".parse().unwrap() }
    }

    fn row(event_id: &str) -> Row {
        Row { home: "lead_a".to_owned(), event_id: event_id.to_owned(), ..Row::default() }
    }

    #[test]
    fn a_key_says_whose_events_of_which_day_it_holds() {
        let first = "111100000000000000000000001".parse().unwrap();
        let key = partition().batch(&first, &[row("1"), row("2")]);
        let name = "111100000000000000000000001-fddd23061410250f.parquet";
        assert_eq!(key.as_str(), format!("events/tenant=acme/dt=2026-11-20/{name}"));
        let place = |key: &ArchiveKey| key.place().unwrap();
        let batch = Place { partition: partition(), is_compacted: false, is_full: false };
        assert_eq!(place(&key), batch);
        let compacted = partition().compacted([&key], false);
        assert_eq!(place(&compacted), Place { is_compacted: true, ..batch.clone() });
        let full = partition().compacted([&key], true);
        assert_eq!(place(&full), Place { is_compacted: true, is_full: true, ..batch });
        assert!(full.as_str().starts_with("events/tenant=acme/dt=2026-11-20/full-"));
    }

    #[test]
    fn other_rows_and_other_sources_have_other_keys() {
        let first: SequenceNumber = "1".parse().unwrap();
        let batch = |ids: &[&str]| {
            let rows: Vec<_> = ids.iter().map(|id| row(id)).collect();
            partition().batch(&first, &rows)
        };
        assert_eq!(batch(&["1", "2"]), batch(&["1", "2"]));
        assert_ne!(batch(&["1", "2"]), batch(&["1"]));
        assert_ne!(batch(&["1", "2"]), batch(&["1", "23"]));
        let (one, two) = (batch(&["1"]), batch(&["2"]));
        let compacted =
            |sources: &[&ArchiveKey]| partition().compacted(sources.iter().copied(), false);
        assert_eq!(compacted(&[&one, &two]), compacted(&[&two, &one]));
        assert_ne!(compacted(&[&one, &two]), compacted(&[&one]));
    }

    #[test]
    fn what_is_no_object_with_events_is_told() {
        for key in [
            "failed/1.json",
            "events/tenant=acme/dt=2026-11-20/",
            "events/tenant=acme/dt=2026-11-20/a/b.parquet",
            "events/tenant=Acme/dt=2026-11-20/1.parquet",
            "events/tenant=acme/dt=yesterday/1.parquet",
            "query-results/1.csv",
        ] {
            assert!(ArchiveKey::from(key.to_owned()).place().is_err(), "{key}");
        }
    }

    #[test]
    fn what_failed_lies_under_its_position_or_its_content() {
        let first: SequenceNumber = "7".parse().unwrap();
        let known = ArchiveKey::failed(Some(&first), b"{}");
        assert_eq!(known.as_str(), "failed/7-44136fa355b3678a.json");
        assert_eq!(
            ArchiveKey::failed(None, b"{}").as_str(),
            "failed/unknown-44136fa355b3678a.json"
        );
        assert!("7/../x".parse::<SequenceNumber>().is_err());
    }
}
