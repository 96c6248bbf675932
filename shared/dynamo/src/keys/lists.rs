//! The keys of the indexes that leads are listed by.
//!
//! Invariant: text order of the sort keys is the order of the list, and each ends with its lead, so
//! that no two of them are equal and a place in a list is a sort key.

use domain::{
    home::HomeId,
    stage::Stage,
    tenant::TenantId,
    time::{Day, Timestamp},
    user::UserId,
};

/// In how many partitions an index keeps the leads of one list.
pub const LIST_SHARDS: u8 = 4;

/// The digits of an instant in a sort key: milliseconds until the year 2286.
const INSTANT_DIGITS: usize = 13;

/// The highest number of so many digits.
const LAST_INSTANT: i64 = 9_999_999_999_999;

/// Comes before whatever a sort key begins with.
const FIRST: &str = "0";

/// Comes after whatever a sort key holds.
const LAST: &str = "~";

/// The shard of an index that a lead is kept in.
pub fn list_shard(lead: HomeId) -> u8 {
    let [.., last] = lead.as_bytes();
    last % LIST_SHARDS
}

/// The index partition of a lead in a stage.
pub fn score_partition(tenant: &TenantId, stage: Stage, shard: u8) -> String {
    format!("{tenant}#{stage}#{shard}")
}

/// The index sort key of a lead with a score: text order is order by score, then by id.
pub fn score_rank(score: i64, lead: HomeId) -> String {
    format!("{:012}#{lead}", score.max(0))
}

/// The index partition of the leads that a user works.
pub fn owner_partition(tenant: &TenantId, owner: &UserId) -> String {
    format!("{tenant}#{owner}")
}

/// The index partition of leads by when they came to be.
pub fn created_partition(tenant: &TenantId, shard: u8) -> String {
    format!("{tenant}#created#{shard}")
}

/// The index partition of leads by the day of their last event.
pub fn activity_partition(tenant: &TenantId, shard: u8) -> String {
    format!("{tenant}#activity#{shard}")
}

/// The index sort key of a lead by when it came to be.
pub fn created_rank(created_at: Timestamp, lead: HomeId) -> String {
    format!("{}#{lead}", instant(created_at))
}

/// The index sort key of a lead by the day of its last event.
pub fn activity_rank(day: Day, lead: HomeId) -> String {
    format!("{day}#{lead}")
}

/// The bounds of the sort keys of leads that came to be between two instants, both included.
pub fn created_range(from: Option<Timestamp>, to: Option<Timestamp>) -> (String, String) {
    (from.map_or_else(|| FIRST.to_owned(), instant), up_to(to.map(instant)))
}

/// The bounds of the sort keys of leads whose last event was between two days, both included.
pub fn activity_range(from: Option<Day>, to: Option<Day>) -> (String, String) {
    (from.map_or_else(|| FIRST.to_owned(), |day| day.to_string()), up_to(to))
}

/// Reads the lead of a sort key that begins with an instant or a day.
pub fn parse_list_place(sk: &str) -> Option<HomeId> {
    let (rank, lead) = sk.split_once('#')?;
    let is_instant = rank.len() == INSTANT_DIGITS && rank.bytes().all(|byte| byte.is_ascii_digit());
    let lead = lead.parse().ok()?;
    (is_instant || rank.parse::<Day>().is_ok()).then_some(lead)
}

fn instant(at: Timestamp) -> String {
    format!("{:0width$}", at.millis().min(LAST_INSTANT), width = INSTANT_DIGITS)
}

fn up_to(last: Option<impl std::fmt::Display>) -> String {
    last.map_or_else(|| LAST.to_owned(), |last| format!("{last}#{LAST}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lead(byte: u8) -> HomeId {
        HomeId::from_bytes([byte; 16])
    }

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis).unwrap()
    }

    #[test]
    fn text_order_of_ranks_is_the_order_of_what_they_stand_for() {
        assert!(score_rank(9, lead(1)) < score_rank(10, lead(1)));
        assert!(score_rank(10, lead(9)) < score_rank(11, lead(1)));
        assert!(created_rank(at(9), lead(9)) < created_rank(at(10), lead(1)));
        assert!(
            created_rank(at(1_768_478_400_123), lead(1))
                < created_rank(at(253_402_300_799_999), lead(1))
        );
        let day: Day = "2026-09-30".parse().unwrap();
        assert!(activity_rank(day, lead(9)) < activity_rank(day.next(), lead(1)));
    }

    #[test]
    fn both_ends_of_a_range_lie_within_it_and_their_neighbours_do_not() {
        let within = |(first, last): &(String, String), rank: &str| {
            first.as_str() <= rank && rank <= last.as_str()
        };
        let day = at(5_000_000_000).day();
        for lead in [lead(0), lead(255)] {
            let range = created_range(Some(at(10)), Some(at(20)));
            for (millis, expected) in [(9, false), (10, true), (20, true), (21, false)] {
                assert_eq!(within(&range, &created_rank(at(millis), lead)), expected, "{millis}");
            }
            let range = activity_range(Some(day), Some(day.next()));
            for (days, expected) in [(0, false), (1, true), (2, true), (3, false)] {
                let day = day.previous().plus_days(days);
                assert_eq!(within(&range, &activity_rank(day, lead)), expected, "{day}");
            }
            for rank in [created_rank(at(0), lead), created_rank(at(LAST_INSTANT + 1), lead)] {
                assert!(within(&created_range(None, None), &rank), "{rank}");
            }
            assert!(within(&activity_range(None, None), &activity_rank(at(0).day(), lead)));
        }
    }

    #[test]
    fn a_place_names_its_lead_and_nothing_else_is_a_place() {
        let day = at(5_000_000_000).day();
        for rank in [created_rank(at(7), lead(3)), activity_rank(day, lead(3))] {
            assert_eq!(parse_list_place(&rank), Some(lead(3)), "{rank}");
        }
        let id = lead(3);
        for other in ["", "#", &format!("7#{id}"), &format!("2026-13-01#{id}"), &score_rank(7, id)]
        {
            assert_eq!(parse_list_place(other), None, "{other}");
        }
    }
}
