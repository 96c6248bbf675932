//! The points of a lead: those that last, and those that go on a day.
//!
//! Invariant: the points that go on the same day are one sum. Each sum decays and is rounded
//! alone and is dropped whole when its day begins; the total is the sum of the sums.

use std::collections::BTreeMap;

use crate::{
    decay::DecayTable,
    explanation::Line,
    fold::Recorder,
    points::Points,
    time::{Day, Timestamp},
};

/// The points of a lead as of an instant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Balance {
    /// The points that last.
    pub lasting: Points,
    /// The points that go at the beginning of a day, by that day.
    pub expiring: BTreeMap<Day, Points>,
}

impl Balance {
    /// Returns the total.
    pub fn total(&self) -> Points {
        self.lasting + self.expiring.values().copied().sum()
    }

    /// Adds points, for good or until a day begins.
    pub fn add(&mut self, points: Points, until: Option<Day>) {
        match until {
            Some(day) => *self.expiring.entry(day).or_default() += points,
            None => self.lasting += points,
        }
    }

    /// Brings the balance from one instant to a later one: drops what goes until then, then lets
    /// the rest decay by the gap. Records what that took.
    pub fn age(
        &mut self,
        decay: &DecayTable,
        from: Timestamp,
        to: Timestamp,
        recorder: &mut impl Recorder,
    ) {
        while let Some(sum) = self.expiring.first_entry()
            && *sum.key() <= to.day()
        {
            let (day, points) = sum.remove_entry();
            recorder.record(|| Line::Expiry { day, points: Points::ZERO - points });
        }
        let idle_days = to.whole_days_since(from);
        if !decay.takes(idle_days) {
            return;
        }
        let before = self.total();
        self.lasting = decay.apply(self.lasting, idle_days);
        for points in self.expiring.values_mut() {
            *points = decay.apply(*points, idle_days);
        }
        let taken = self.total() - before;
        if taken != Points::ZERO {
            recorder.record(|| Line::Decay { from, to, idle_days, points: taken });
        }
    }

    /// Tells whether bringing the balance from one instant to a later one can change it.
    pub(crate) fn changes(&self, decay: &DecayTable, from: Timestamp, to: Timestamp) -> bool {
        let expires = self.expiring.first_key_value().is_some_and(|(day, _)| *day <= to.day());
        expires || decay.takes(to.whole_days_since(from))
    }

    /// Returns the total as it is after a gap, without changing anything.
    pub fn total_at(&self, decay: &DecayTable, from: Timestamp, to: Timestamp) -> Points {
        let idle_days = to.whole_days_since(from);
        let left = self.expiring.range(to.day().next()..);
        let expiring = left.map(|(_, points)| decay.apply(*points, idle_days));
        decay.apply(self.lasting, idle_days) + expiring.sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decay::Decay;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_sum_goes_when_its_day_begins_and_the_rest_decays_sum_by_sum() {
        let table = Decay { idle_days: 7, daily_rate_ppm: 50_000 }.table();
        let mut balance = Balance::default();
        balance.add(Points::from_thousandths(10), None);
        balance.add(Points::from_thousandths(10), Some("2026-11-12".parse().unwrap()));
        balance.add(Points::whole(100), Some("2026-11-10".parse().unwrap()));
        let from = at("2026-11-01T12:00:00Z");
        let eve = at("2026-11-09T11:59:59.999Z");
        assert_eq!(balance.total_at(&table, from, eve), Points::from_thousandths(100_020));
        // Eight days: 95, and twice 0.0095, each rounded alone to 0.010.
        let eighth = at("2026-11-09T12:00:00Z");
        assert_eq!(balance.total_at(&table, from, eighth), Points::from_thousandths(95_020));
        let tenth = at("2026-11-10T00:00:00Z");
        assert_eq!(balance.total_at(&table, from, tenth), Points::from_thousandths(20));
        let mut lines = Vec::new();
        balance.age(&table, from, tenth, &mut lines);
        assert_eq!(balance.total(), Points::from_thousandths(20));
        assert_eq!(balance.expiring.len(), 1);
        let sum: Points = lines.iter().map(Line::points).sum();
        assert_eq!(sum, Points::whole(-100));
    }
}
