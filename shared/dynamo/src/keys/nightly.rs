//! Keys of nightly runs and of what comes of them.

use domain::{tenant::TenantId, time::Day};

use super::{INSTALLATION, Key, Pass};

const FINAL: &str = "final";

const CORRECTED: &str = "corrected";

/// What the sort key of every dirty day begins with.
pub const DIRTY_DAY: &str = "dirty_day#";

/// What an item of a rollup is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RollupPart {
    /// What one segment saw.
    Segment(u32),
    /// What they all saw.
    Final,
    /// What a later run put right.
    Correction,
    /// A piece of what one segment saw.
    SegmentPiece,
    /// A piece of what they all saw.
    FinalPiece,
}

/// The key of what one scan segment saw on a day.
pub fn rollup_partial(tenant: &TenantId, day: Day, segment: u32) -> Key {
    Key { pk: tenant.to_string(), sk: format!("rollup#{day}#{segment:05}") }
}

/// The key of a day's rollup, of all segments.
pub fn rollup_final(tenant: &TenantId, day: Day) -> Key {
    Key { pk: tenant.to_string(), sk: format!("rollup#{day}#{FINAL}") }
}

/// The key of a day's counts as a later run counted them. It lies among the day's partials.
pub fn rollup_correction(tenant: &TenantId, day: Day) -> Key {
    Key { pk: tenant.to_string(), sk: format!("rollup#{day}#{CORRECTED}") }
}

/// The first and last sort key of the rollups of the days from `from` to `to`, both included.
pub fn rollup_range(from: Day, to: Day) -> (String, String) {
    (format!("rollup#{from}#"), format!("rollup#{to}#~"))
}

/// Reads the sort key of a part of a rollup.
pub fn parse_rollup(sk: &str) -> Option<(Day, RollupPart)> {
    let (day, part) = sk.strip_prefix("rollup#")?.split_once('#')?;
    let part = match part {
        FINAL => RollupPart::Final,
        CORRECTED => RollupPart::Correction,
        _ => match part.split_once('#') {
            Some((FINAL, _)) => RollupPart::FinalPiece,
            Some(_) => RollupPart::SegmentPiece,
            None => RollupPart::Segment(part.parse().ok()?),
        },
    };
    Some((day.parse().ok()?, part))
}

/// The key of a piece of what does not fit into the item of a key; it lies next to it. Pieces of
/// other content have another hash.
pub fn piece(of: &Key, hash: &str, number: usize) -> Key {
    let Key { pk, sk } = of;
    Key { pk: pk.clone(), sk: format!("{sk}#{hash}#{number:03}") }
}

/// The key of what one segment counted in a pass of a run for a dirty day.
pub fn recount(tenant: &TenantId, pass: Pass, day: Day, segment: u32) -> Key {
    Key { pk: tenant.to_string(), sk: format!("recount#{pass}#{day}#{segment:05}") }
}

/// The first and last sort key of what the segments counted in a pass of a run for dirty days.
pub fn recount_range(pass: Pass) -> (String, String) {
    (format!("recount#{pass}#"), format!("recount#{pass}#~"))
}

/// The first and last sort key of what they counted for one of those days.
pub fn recounts_of(pass: Pass, day: Day) -> (String, String) {
    (format!("recount#{pass}#{day}#"), format!("recount#{pass}#{day}#~"))
}

/// The key of the mark that the counts of past days have changed, from one of them on.
pub fn dirty_day(tenant: &TenantId, day: Day) -> Key {
    Key { pk: tenant.to_string(), sk: format!("{DIRTY_DAY}{day}") }
}

/// The first and last sort key of the dirty days before `day`.
pub fn dirty_days_before(day: Day) -> (String, String) {
    (DIRTY_DAY.to_owned(), format!("{DIRTY_DAY}{}", day.previous()))
}

/// Reads the day of a dirty day's sort key.
pub fn parse_dirty_day(sk: &str) -> Option<Day> {
    sk.strip_prefix(DIRTY_DAY)?.parse().ok()
}

/// The key of a nightly run.
pub fn run(day: Day) -> Key {
    Key { pk: INSTALLATION.to_owned(), sk: format!("run#{day}") }
}

/// Reads the day of a run's sort key.
pub fn parse_run_day(sk: &str) -> Option<Day> {
    sk.strip_prefix("run#")?.parse().ok()
}

/// The key of the note which of a tenant's days a run recounts. It belongs to the run, so that
/// the run finds the tenants.
pub fn recount_plan(pass: Pass, tenant: &TenantId) -> Key {
    Key { pk: INSTALLATION.to_owned(), sk: format!("recount_plan#{pass}#{tenant}") }
}

/// The partition, and the first and last sort key, of the notes which days a run recounts.
pub fn recount_plans(pass: Pass) -> (&'static str, String, String) {
    (INSTALLATION, format!("recount_plan#{pass}#"), format!("recount_plan#{pass}#~"))
}

/// Reads the tenant of such a note's sort key.
pub fn parse_recount_plan(sk: &str) -> Option<TenantId> {
    sk.strip_prefix("recount_plan#")?.split_once('#')?.1.parse().ok()
}

/// The key of what a pass of a run did for a tenant. Passes lie in their order.
pub fn nightly_run(tenant: &TenantId, pass: Pass) -> Key {
    Key { pk: tenant.to_string(), sk: format!("{NIGHTLY_RUN}{pass}") }
}

const NIGHTLY_RUN: &str = "nightly_run#";

/// The first and last sort key of what the passes before `before` did for a tenant; of all without
/// it. The last one is `before` itself: no key ends between the two.
pub fn nightly_runs_before(before: Option<Pass>) -> (String, String) {
    let last = before.map_or_else(|| "~".to_owned(), |before| before.to_string());
    (NIGHTLY_RUN.to_owned(), format!("{NIGHTLY_RUN}{last}"))
}

/// Reads the pass of a nightly run's sort key.
pub fn parse_nightly_run(sk: &str) -> Option<Pass> {
    sk.strip_prefix(NIGHTLY_RUN)?.parse().ok()
}

/// The key of what a pass of a run did for a tenant in one segment.
pub fn nightly_part(tenant: &TenantId, pass: Pass, segment: u32) -> Key {
    Key { pk: tenant.to_string(), sk: format!("nightly_part#{pass}#{segment:05}") }
}

/// The first and last sort key of what a pass of a run did for a tenant in its segments.
pub fn nightly_parts(pass: Pass) -> (String, String) {
    (format!("nightly_part#{pass}#"), format!("nightly_part#{pass}#~"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rollups_read_back_and_lie_within_their_ranges() {
        let acme: TenantId = "acme".parse().unwrap();
        let day: Day = "2026-11-20".parse().unwrap();
        let (first, last) = rollup_range(day, day);
        let (partial, whole) = (rollup_partial(&acme, day, 3), rollup_final(&acme, day));
        for (key, part) in [
            (piece(&partial, "0a1b", 1), RollupPart::SegmentPiece),
            (piece(&whole, "0a1b", 1), RollupPart::FinalPiece),
            (partial, RollupPart::Segment(3)),
            (whole, RollupPart::Final),
            (rollup_correction(&acme, day), RollupPart::Correction),
        ] {
            assert_eq!(parse_rollup(&key.sk), Some((day, part)));
            assert!(first < key.sk && key.sk < last, "{key:?}");
        }
    }

    #[test]
    fn plans_and_recounts_of_a_pass_lie_together_and_apart_from_others() {
        let acme: TenantId = "acme".parse().unwrap();
        let day: Day = "2026-11-20".parse().unwrap();
        let second = Pass { run: day, number: 2 };
        let plan = recount_plan(day.into(), &acme);
        let (_, first, last) = recount_plans(day.into());
        assert!(first < plan.sk && plan.sk < last, "{plan:?}");
        assert_eq!(parse_recount_plan(&plan.sk), Some(acme.clone()));
        let later = recount_plan(second, &acme);
        assert!(last < later.sk, "{later:?}");
        assert_eq!(parse_recount_plan(&later.sk), Some(acme.clone()));
        let counted = recount(&acme, day.into(), day.previous(), 3).sk;
        for (first, last) in [recount_range(day.into()), recounts_of(day.into(), day.previous())] {
            assert!(first < counted && counted < last);
            assert!(last < recount(&acme, second, day.previous(), 0).sk);
        }
        assert!(counted < recounts_of(day.into(), day).0);
        assert_eq!(parse_run_day(&run(day).sk), Some(day));
        let nights = [day.into(), second, day.next().into()].map(|pass| nightly_run(&acme, pass));
        assert!(nights.is_sorted_by(|one, next| one.sk < next.sk), "{nights:?}");
        let (first, last) = nightly_parts(day.into());
        let part = nightly_part(&acme, day.into(), 3).sk;
        assert!(first < part && part < last && last < nightly_part(&acme, second, 0).sk);
        assert_eq!(parse_dirty_day(&dirty_day(&acme, day).sk), Some(day));
        let (first, last) = dirty_days_before(day);
        assert!(first < last && last < dirty_day(&acme, day).sk);
    }
}
