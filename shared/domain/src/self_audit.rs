//! Self-audit: which leads of a tenant a night replays from their events, to find out whether what
//! is stored of them is what the events say.
//!
//! Invariant: whether a lead is drawn follows from the day, the lead and how many there are, so a
//! night that is worked again draws the same ones, and another night draws others.

use sha2::{Digest, Sha256};

use crate::{home::HomeId, time::Day};

/// One lead of so many is drawn at least.
const ONE_OF: u128 = 100;

/// So many leads are drawn, as chance has it, of a tenant that has more. Chance leaves 100 of them
/// at least but in one of 50,000 nights.
const AIM: u128 = 150;

/// So many leads beyond one of [`ONE_OF`] are drawn at most, in one part of the leads. It matters
/// when the tenant has grown a lot since its leads were counted.
const MOST_BEYOND: u32 = 100;

/// Draws leads in one part of a tenant's leads, in the order in which they come.
#[derive(Clone, Debug)]
pub struct Draw {
    day: Day,
    leads: u128,
    beyond: u32,
}

impl Draw {
    /// Begins to draw for a day, of so many leads in all as were last counted; 0 where they never
    /// were.
    pub fn of(day: Day, leads: u64) -> Self {
        Self { day, leads: leads.into(), beyond: 0 }
    }

    /// Tells whether the next lead is drawn.
    pub fn takes(&mut self, lead: HomeId) -> bool {
        let chance = self.chance(lead);
        if is_below(chance, 1, ONE_OF) {
            return true;
        }
        let is_drawn = self.beyond < MOST_BEYOND && is_below(chance, AIM, self.leads);
        self.beyond += u32::from(is_drawn);
        is_drawn
    }

    /// Returns a number below 2⁶⁴ that is as good as random.
    fn chance(&self, lead: HomeId) -> u128 {
        let digest = Sha256::new()
            .chain_update(self.day.number().to_be_bytes())
            .chain_update(lead.as_bytes())
            .finalize();
        digest.iter().take(8).fold(0, |number, byte| number << 8 | u128::from(*byte))
    }
}

/// Tells whether a number below 2⁶⁴ is in the first `part / of` of them.
const fn is_below(chance: u128, part: u128, of: u128) -> bool {
    chance * of < part << 64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(lead: u32) -> HomeId {
        let mut bytes = [0; 16];
        bytes[..4].copy_from_slice(&lead.to_be_bytes());
        HomeId::from_bytes(bytes)
    }

    fn drawn(day: &str, known: u64, leads: u32) -> Vec<u32> {
        let mut draw = Draw::of(day.parse().unwrap(), known);
        (0..leads).filter(|lead| draw.takes(id(*lead))).collect()
    }

    #[test]
    fn one_of_a_hundred_is_drawn_of_many_and_a_hundred_and_fifty_of_fewer() {
        let of_many = drawn("2026-11-20", 100_000, 100_000).len();
        assert!((900..1_100).contains(&of_many), "{of_many}");
        // Parts of the leads are drawn from each on its own, as by the segments of a scan.
        let of_fewer = drawn("2026-11-20", 1_000, 500).len();
        assert!((55..95).contains(&of_fewer), "{of_fewer}");
        assert_eq!(drawn("2026-11-20", 100, 100).len(), 100);
        assert_eq!(drawn("2026-11-20", 0, 99).len(), 99);
    }

    #[test]
    fn no_night_of_a_year_draws_fewer_than_a_hundred_of_a_tenant_that_has_as_many() {
        let mut day: Day = "2026-01-01".parse().unwrap();
        for _ in 0..365 {
            for (leads, parts) in [(140, 64), (300, 3), (1_000, 8)] {
                let mut draws = vec![Draw::of(day, leads.into()); parts];
                let of = |lead: &u32| *lead as usize % parts;
                let drawn = (0..leads).filter(|lead| draws[of(lead)].takes(id(*lead))).count();
                assert!(drawn >= 100, "{day}: {drawn} of {leads}");
            }
            day = day.next();
        }
    }

    #[test]
    fn a_tenant_of_whom_one_of_a_hundred_would_do_by_half_is_drawn_from_as_well() {
        let mut day: Day = "2026-01-01".parse().unwrap();
        for _ in 0..10 {
            let drawn = drawn(&day.to_string(), 10_000, 10_000).len();
            assert!(drawn >= 100, "{day}: {drawn}");
            day = day.next();
        }
    }

    #[test]
    fn a_tenant_that_was_never_counted_is_not_replayed_whole() {
        let drawn = drawn("2026-11-20", 0, 20_000).len();
        assert!((250..400).contains(&drawn), "{drawn}");
    }

    #[test]
    fn the_same_night_draws_the_same_leads_and_another_one_others() {
        let first = drawn("2026-11-20", 10_000, 10_000);
        assert_eq!(first, drawn("2026-11-20", 10_000, 10_000));
        assert_ne!(first, drawn("2026-11-21", 10_000, 10_000));
    }
}
