//! The stored forms of rollups, which every later version must read.

use domain::{
    rollup::{ByStage, Cell, Histogram, Picture, Rate, Totals},
    stage::Stage,
};
use serde_json::Value;

use super::*;
use crate::items::Item;

const FORMER_PARTIAL: &str = include_str!("../../../../tests/golden/rollup-1.json");
const PARTIAL: &str = include_str!("../../../../tests/golden/rollup-2.json");
const FINAL: &str = include_str!("../../../../tests/golden/rollup-final-1.json");
const FORMER_CORRECTION: &str = include_str!("../../../../tests/golden/rollup-correction-1.json");
const CORRECTION: &str = include_str!("../../../../tests/golden/rollup-correction-2.json");

/// The form of bytes in a golden file: `{"data": [120, 156, …]}`.
fn item(golden: &str) -> Item {
    let mut golden: serde_json::Map<String, Value> = serde_json::from_str(golden).unwrap();
    let data = golden.remove("data");
    let mut item: Item = serde_dynamo::to_item(golden).unwrap();
    if let Some(data) = data {
        let bytes: Vec<u8> = serde_json::from_value(data).unwrap();
        let data = aws_sdk_dynamodb::types::AttributeValue::B(bytes.into());
        item.insert("data".to_owned(), data);
    }
    item
}

fn golden(item: Item) -> String {
    let mut item = item;
    let data = item.remove("data").and_then(|data| data.as_b().cloned().ok());
    let mut golden: serde_json::Map<String, Value> = serde_dynamo::from_item(item).unwrap();
    if let Some(data) = data {
        golden.insert("data".to_owned(), data.into_inner().into());
    }
    serde_json::to_string(&golden).unwrap()
}

fn dimensions(source: &str) -> Dimensions {
    Dimensions {
        marketplace: "shopee".parse().unwrap(),
        segment: domain::segment::Segment::Buyer,
        stage: Stage::Warm,
        source: source.to_owned(),
    }
}

/// A rollup with everything that one can hold.
fn rollup() -> Rollup {
    let mut histogram = Histogram::default();
    (histogram[3], histogram[10]) = (2, 1);
    let picture = Picture { leads: 3, score_sum: 166, histogram };
    let counts = Counts { events: 9, new_leads: 2, conversions: 1 };
    let mut rollup = Rollup::default();
    rollup.cells.insert(dimensions("google"), Cell { picture, counts });
    let gone = Cell { counts: Counts { conversions: 1, ..Counts::default() }, ..Cell::default() };
    rollup.cells.insert(dimensions("ümlaut \"x\""), gone);
    rollup.flow.transitions =
        [((Stage::Cold, Stage::Warm), 3), ((Stage::Warm, Stage::Cold), 1)].into();
    rollup.flow.stays =
        [(Stage::Cold, [(0, 2), (70, 1)].into()), (Stage::Warm, [(9, 1)].into())].into();
    rollup.performance.bands[3] = Rate { leads: 4, conversions: 2 };
    rollup.performance.rules = [("signup".to_owned(), Rate { leads: 3, conversions: 1 })].into();
    rollup
}

fn names() -> Names {
    Names {
        marketplaces: ["shopee".parse().unwrap()].into(),
        sources: ["google".to_owned()].into(),
    }
}

fn counts() -> BTreeMap<Dimensions, Counts> {
    [(dimensions("google"), Counts { events: 7, new_leads: 0, conversions: 2 })].into()
}

fn acme() -> TenantId {
    "acme".parse().unwrap()
}

fn a_day() -> Day {
    "2026-11-20".parse().unwrap()
}

fn run(started_at: i64) -> Run {
    let started_at = Timestamp::from_millis(started_at).unwrap();
    Run {
        day: a_day(),
        segments: 1,
        started_at,
        pass: 1,
        pass_started_at: started_at,
        finished: [0].into(),
        closed: true,
    }
}

/// What a day's items are read as, by a run that began then.
fn read(partials: &[&str], whole: Option<&str>, correction: Option<&str>, began: i64) -> Rollup {
    let stored = StoredDay {
        partials: partials.iter().map(|golden| item(golden)).collect(),
        whole: whole.map(item),
        correction: correction.map(item),
        pieces: Vec::new(),
    };
    stored.rollup(&run(began)).unwrap()
}

const COUNTED_AT: i64 = 1_795_306_200_000;

#[test]
fn a_partial_is_read_as_ever() {
    let mut expected = rollup();
    assert_eq!(read(&[PARTIAL], None, None, 0), expected);
    expected.add(rollup());
    assert_eq!(read(&[PARTIAL, PARTIAL], None, None, 0), expected);
}

#[test]
fn a_days_rollup_is_read_as_ever_and_stands_for_its_partials() {
    assert_eq!(read(&[PARTIAL], Some(FINAL), None, 0), rollup());
    let stored = StoredDay { whole: Some(item(FINAL)), ..StoredDay::default() };
    assert_eq!(stored.names().unwrap(), names());
}

#[test]
fn what_is_written_today_is_read_back() {
    let key = keys::rollup_final(&acme(), a_day());
    let whole = pieces::holding(&key, pack(&rollup(), Some(&names())).unwrap());
    let written = golden(whole);
    assert_eq!(read(&[], Some(&written), None, 0), rollup(), "{written}");
    let key = keys::rollup_partial(&acme(), a_day(), 3);
    let written = golden(pieces::holding(&key, pack(&rollup(), None).unwrap()));
    assert_eq!(read(&[&written], None, None, 0), rollup(), "{written}");
    let key = keys::rollup_correction(&acme(), a_day());
    let mut item = pieces::holding(&key, packed::pack_counts(&counts()).unwrap());
    item.insert(stored::COUNTED_AT.to_owned(), items::number(COUNTED_AT));
    let written = golden(item);
    let corrected = read(&[], Some(FINAL), Some(&written), 0);
    assert_eq!(corrected, read(&[], Some(FINAL), Some(CORRECTION), 0), "{written}");
}

#[test]
fn a_correction_is_read_as_ever_and_replaces_counts_alone() {
    let corrected = read(&[], Some(FINAL), Some(CORRECTION), COUNTED_AT - 1);
    let mut expected = rollup();
    expected.correct(counts());
    assert_eq!(corrected, expected);
    assert_eq!(corrected.totals().picture, rollup().totals().picture);
    let counted_before = read(&[], Some(FINAL), Some(CORRECTION), COUNTED_AT);
    assert_eq!(counted_before, rollup());
}

fn former() -> Totals {
    Totals {
        picture: Picture { leads: 10, score_sum: 1_234, ..Picture::default() },
        by_stage: ByStage { cold: 1, warm: 2, hot: 3, qualified: 4 },
        counts: Counts { new_leads: 4, ..Counts::default() },
    }
}

#[test]
fn days_of_former_code_are_read_as_ever_and_as_a_whole() {
    let undivided = |undivided| Rollup { undivided, ..Rollup::default() };
    assert_eq!(read(&[FORMER_PARTIAL], None, None, 0), undivided(former()));
    let corrected = read(&[FORMER_PARTIAL], None, Some(FORMER_CORRECTION), COUNTED_AT - 1);
    let counts = Counts { new_leads: 5, ..Counts::default() };
    assert_eq!(corrected, undivided(Totals { counts, ..former() }));
    assert_eq!(
        read(&[FORMER_PARTIAL], None, Some(FORMER_CORRECTION), COUNTED_AT + 1),
        undivided(former())
    );
}

#[test]
fn a_day_of_former_code_is_corrected_by_the_code_of_today() {
    let corrected = read(&[FORMER_PARTIAL], None, Some(CORRECTION), COUNTED_AT - 1);
    let totals = corrected.totals();
    assert_eq!((totals.picture, totals.by_stage), (former().picture, former().by_stage));
    assert_eq!(totals.counts, counts()[&dimensions("google")]);
}

#[test]
fn an_item_whose_pieces_are_gone_is_not_read_in_part() {
    let mut head = item(PARTIAL);
    head.insert("hash".to_owned(), items::text("0011223344556677"));
    head.insert("pieces".to_owned(), items::number(1));
    let stored = StoredDay { partials: vec![head], ..StoredDay::default() };
    assert!(matches!(stored.rollup(&run(0)), Err(StoreError::Unreadable { .. })));
}
