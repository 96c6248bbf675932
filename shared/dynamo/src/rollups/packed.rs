//! The form of a rollup in an item: compressed JSON that names everything.
//!
//! Invariant: what is empty or zero is not written and reads as such, so the form can grow.

use std::{
    collections::BTreeMap,
    io::{self, Read, Write},
};

use domain::{
    marketplace::Marketplace,
    rollup::{Cell, Counts, Dimensions, Flow, Names, Performance, Picture, Rate, Rollup},
    segment::Segment,
    stage::Stage,
};
use flate2::{Compression, read::ZlibDecoder, write::ZlibEncoder};
use serde::{Deserialize, Serialize};

/// A rollup; `undivided` is left out, which only former code wrote.
#[derive(Default, Serialize, Deserialize)]
struct Packed {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    cells: Vec<PackedCell>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    transitions: Vec<(Stage, Stage, u64)>,
    /// By the stage and the whole hours of the stay.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    stays: Vec<(Stage, u32, u64)>,
    /// Leads and conversions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    bands: Vec<(u64, u64)>,
    /// Leads and conversions.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    rules: BTreeMap<String, (u64, u64)>,
    /// The names that are told apart, where they are chosen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    names: Option<PackedNames>,
}

#[derive(Serialize, Deserialize)]
struct PackedNames {
    marketplaces: Vec<Marketplace>,
    sources: Vec<String>,
}

#[derive(Serialize, Deserialize)]
struct PackedCell {
    marketplace: Marketplace,
    segment: Segment,
    stage: Stage,
    source: String,
    #[serde(default, skip_serializing_if = "is_zero")]
    leads: u64,
    #[serde(default, skip_serializing_if = "is_zero")]
    score_sum: u64,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    histogram: Vec<u64>,
    #[serde(default, skip_serializing_if = "is_zero")]
    events: u64,
    #[serde(default, skip_serializing_if = "is_zero")]
    new_leads: u64,
    #[serde(default, skip_serializing_if = "is_zero")]
    conversions: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes fields by reference")]
const fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// Packs a rollup, with the names it is told apart by if they are chosen.
pub(super) fn pack(rollup: &Rollup, names: Option<&Names>) -> io::Result<Vec<u8>> {
    let Rollup { cells, flow, performance, undivided: _ } = rollup;
    let rate = |rate: &Rate| (rate.leads, rate.conversions);
    let no_bands = performance.bands.iter().all(|rate| *rate == Rate::default());
    let stays = flow.stays.iter();
    let packed = Packed {
        cells: cells.iter().map(PackedCell::from).collect(),
        transitions: flow.transitions.iter().map(|((from, to), n)| (*from, *to, *n)).collect(),
        stays: stays
            .flat_map(|(stage, stays)| stays.iter().map(|(hours, n)| (*stage, *hours, *n)))
            .collect(),
        bands: if no_bands { Vec::new() } else { performance.bands.iter().map(rate).collect() },
        rules: performance.rules.iter().map(|(rule, of)| (rule.clone(), rate(of))).collect(),
        names: names.map(|names| PackedNames {
            marketplaces: names.marketplaces.iter().cloned().collect(),
            sources: names.sources.iter().cloned().collect(),
        }),
    };
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(&serde_json::to_vec(&packed)?)?;
    encoder.finish()
}

/// Packs counts alone.
pub(super) fn pack_counts(counts: &BTreeMap<Dimensions, Counts>) -> io::Result<Vec<u8>> {
    let cell = |counts: &Counts| Cell { counts: *counts, ..Cell::default() };
    let cells = counts.iter().map(|(of, counts)| (of.clone(), cell(counts))).collect();
    pack(&Rollup { cells, ..Rollup::default() }, None)
}

/// Reads a rollup, and the names that it is told apart by if they are chosen.
pub(super) fn unpack(bytes: &[u8]) -> io::Result<(Rollup, Option<Names>)> {
    let mut json = Vec::new();
    ZlibDecoder::new(bytes).read_to_end(&mut json)?;
    let Packed { cells, transitions, stays, bands, rules, names } = serde_json::from_slice(&json)?;
    let rate = |(leads, conversions)| Rate { leads, conversions };
    let mut flow = Flow::default();
    flow.transitions.extend(transitions.into_iter().map(|(from, to, n)| ((from, to), n)));
    for (stage, hours, n) in stays {
        flow.stays.entry(stage).or_default().insert(hours, n);
    }
    let mut performance = Performance::default();
    for (band, counted) in performance.bands.iter_mut().zip(bands) {
        *band = rate(counted);
    }
    performance.rules.extend(rules.into_iter().map(|(rule, counted)| (rule, rate(counted))));
    let names = names.map(|PackedNames { marketplaces, sources }| Names {
        marketplaces: marketplaces.into_iter().collect(),
        sources: sources.into_iter().collect(),
    });
    let cells = cells.into_iter().map(PackedCell::apart).collect();
    Ok((Rollup { cells, flow, performance, ..Rollup::default() }, names))
}

/// Reads counts alone.
pub(super) fn unpack_counts(bytes: &[u8]) -> io::Result<BTreeMap<Dimensions, Counts>> {
    let (rollup, _) = unpack(bytes)?;
    Ok(rollup.cells.into_iter().map(|(of, cell)| (of, cell.counts)).collect())
}

impl From<(&Dimensions, &Cell)> for PackedCell {
    fn from((of, cell): (&Dimensions, &Cell)) -> Self {
        let Dimensions { marketplace, segment, stage, source } = of.clone();
        let Picture { leads, score_sum, histogram } = cell.picture;
        let Counts { events, new_leads, conversions } = cell.counts;
        let histogram = if leads == 0 { Vec::new() } else { histogram.into() };
        Self {
            marketplace,
            segment,
            stage,
            source,
            leads,
            score_sum,
            histogram,
            events,
            new_leads,
            conversions,
        }
    }
}

impl PackedCell {
    fn apart(self) -> (Dimensions, Cell) {
        let Self { marketplace, segment, stage, source, leads, score_sum, .. } = self;
        let mut picture = Picture { leads, score_sum, ..Picture::default() };
        for (band, leads) in picture.histogram.iter_mut().zip(self.histogram) {
            *band = leads;
        }
        let Self { events, new_leads, conversions, .. } = self;
        let counts = Counts { events, new_leads, conversions };
        (Dimensions { marketplace, segment, stage, source }, Cell { picture, counts })
    }
}
