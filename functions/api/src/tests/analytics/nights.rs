//! Nights that saw what a test says.

use aws_sdk_dynamodb::types::AttributeValue;
use domain::{
    rollup::{Cell, Counts, Dimensions, Picture, Rollup, band},
    stage::Stage,
    time::Day,
};
use testing::a_tenant;

use super::super::world::World;

/// Where the leads of a cell are from.
pub type Place = (&'static str, &'static str, &'static str);

/// What nobody says otherwise.
pub const PLACE: Place = ("direct", "new", "google");

/// What a night saw.
#[derive(Clone, Debug, Default)]
pub struct Night(pub Rollup);

impl Night {
    /// Sees leads of some scores in a place, each in the stage of its score, and what happened on
    /// the day: events, new leads, conversions. That is of the first score's stage.
    pub fn seeing(mut self, place: Place, scores: &[u64], happened: [u64; 3]) -> Self {
        let [events, new_leads, conversions] = happened;
        let first = scores.first().copied().unwrap_or_default();
        let counts = Counts { events, new_leads, conversions };
        self.cell(place, first).counts += counts;
        for score in scores {
            let picture = &mut self.cell(place, *score).picture;
            let Picture { leads, score_sum, histogram } = picture;
            *leads += 1;
            *score_sum += score;
            histogram[band(i64::try_from(*score).unwrap())] += 1;
        }
        self
    }

    /// Sees leads go from a stage to another one after so many hours each.
    pub fn moving(mut self, from: Stage, to: Stage, hours: &[u32]) -> Self {
        let count = u64::try_from(hours.len()).unwrap();
        *self.0.flow.transitions.entry((from, to)).or_default() += count;
        for hours in hours {
            *self.0.flow.stays.entry(from).or_default().entry(*hours).or_default() += 1;
        }
        self
    }

    fn cell(&mut self, (marketplace, segment, source): Place, score: u64) -> &mut Cell {
        let stage = match score {
            0..30 => Stage::Cold,
            30..60 => Stage::Warm,
            60..100 => Stage::Hot,
            _ => Stage::Qualified,
        };
        let dimensions = Dimensions {
            marketplace: marketplace.parse().unwrap(),
            segment: serde_json::from_value(segment.into()).unwrap(),
            stage,
            source: source.to_owned(),
        };
        self.0.cells.entry(dimensions).or_default()
    }
}

pub fn day(text: &str) -> Day {
    text.parse().unwrap()
}

/// Returns the days from one to another of January 2026.
pub fn january(days: std::ops::RangeInclusive<u32>) -> impl Iterator<Item = Day> {
    days.map(|number| day(&format!("2026-01-{number:02}")))
}

impl World {
    /// Runs the night after a day.
    pub async fn night(&self, day: Day, seen: Night) {
        let store = &self.tables.store;
        self.unfinished_night(day, seen).await;
        store.finish_segment(day, 1).await.unwrap();
        store.settle_rollup(&a_tenant(), day).await.unwrap();
        store.close_run(day).await.unwrap().unwrap();
    }

    /// Runs the night after a day up to the first of two segments.
    pub async fn unfinished_night(&self, day: Day, seen: Night) {
        let store = &self.tables.store;
        store.begin_run(day, 2, day.next().start()).await.unwrap();
        assert!(store.keep_rollup_partial(&a_tenant(), day, 0, &seen.0).await.unwrap());
        store.finish_segment(day, 0).await.unwrap();
    }

    /// Runs the night after a day as the former version did, which told nothing apart: three leads
    /// in two stages, with 90 points together.
    pub async fn former_night(&self, day: Day) {
        let store = &self.tables.store;
        store.begin_run(day, 1, day.next().start()).await.unwrap();
        let text = |text: String| AttributeValue::S(text);
        let mut put = self.tables.client.put_item().table_name("test-leads");
        put = put.item("pk", text(a_tenant().to_string()));
        put = put.item("sk", text(format!("rollup#{day}#00000")));
        for (name, count) in [
            ("leads", 3),
            ("new_leads", 2),
            ("score_sum", 90),
            ("cold", 2),
            ("warm", 0),
            ("hot", 1),
            ("qualified", 0),
        ] {
            put = put.item(name, AttributeValue::N(count.to_string()));
        }
        put.send().await.unwrap();
        store.finish_segment(day, 0).await.unwrap();
        store.close_run(day).await.unwrap().unwrap();
    }
}
