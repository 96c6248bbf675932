//! A preview says what a publish then does, and touches nothing.

use domain::{
    actor::Actor,
    comparison::{Comparison, Consumed, Histogram, Price, is_sampled},
    edit::Edit,
    explanation::explain,
    fold::fold,
    job::{JobStatus, PreviewOutcome, Work},
    points::Points,
    rule_set::RuleSet,
    rules::Rules,
    stage::Stage,
    view::view,
};
use scoring::Scorer;
use testing::{Tables, a_tenant, an_event, rules};

use crate::{
    population::{Leads, changed_rules, compared, event, lead, noon, people, richer_demos},
    work::{Worker, preview_job, previewed, publish, rescored},
};

/// A comparison without what it cost to make.
fn free(comparison: &Comparison) -> Comparison {
    Comparison { consumed: Consumed::default(), ..comparison.clone() }
}

/// Checks a preview against what single-lead reads show after the publish, at the same instant.
async fn check_against_publish(
    tables: &Tables,
    leads: &Leads,
    draft: &RuleSet,
    preview: &PreviewOutcome,
) {
    let now = noon();
    let published = Rules::prepare(RuleSet { version: 2, ..draft.clone() }).unwrap();
    let (mut up, mut down, mut scores) = (0, 0, Vec::new());
    for (id, events) in leads {
        let before = view(&fold(&rules(), events.clone()), &rules(), now);
        let lead = tables.store.lead(&a_tenant(), *id).await.unwrap().unwrap();
        assert_eq!(lead.state, fold(&published, events.clone()), "exactly what the events say");
        let after = view(&lead.state, &published, now);
        up += u64::from(after.score > before.score);
        down += u64::from(after.score < before.score);
        scores.push((before.score, after.score));
        let explained = explain(&published, events, now);
        let sum: Points = explained.lines.iter().map(domain::explanation::Line::points).sum();
        assert_eq!(sum, Points::whole(after.score));
        let change = preview.comparison.changes.iter().find(|change| change.lead == *id);
        let Some(change) = change else {
            assert!(before.score == after.score || preview.comparison.changes.len() == 50);
            continue;
        };
        for (side, view) in [(&change.before, before), (&change.after, after)] {
            let shown = (view.score, view.stage, view.points);
            assert_eq!((side.score, side.stage, side.points), shown);
            let sum: Points = side.lines.iter().map(|line| line.points).sum();
            assert_eq!(sum, Points::whole(side.score));
        }
    }
    assert_eq!((preview.comparison.up, preview.comparison.down), (up, down));
    assert_eq!(preview.comparison.histogram, histogram(&scores));
}

fn histogram(scores: &[(i64, i64)]) -> Histogram {
    let mut histogram = Histogram::default();
    let bars: Vec<_> = histogram.bars().collect();
    for (place, bar) in bars.iter().enumerate() {
        let lies = |score: i64| score >= bar.from && bar.to.is_none_or(|to| score <= to);
        let count = |found: usize| u64::try_from(found).unwrap();
        histogram.before[place] = count(scores.iter().filter(|(before, _)| lies(*before)).count());
        histogram.after[place] = count(scores.iter().filter(|(_, after)| lies(*after)).count());
    }
    histogram
}

#[tokio::test]
async fn a_preview_equals_what_a_publish_then_does_to_the_point() {
    for seed in [3, 17, 4_242] {
        let tables = Tables::with_tenant(&a_tenant()).await;
        let leads = people(&tables.store, seed, 80).await;
        let draft = changed_rules(seed);
        let worker = Worker::new(tables.store.clone());
        let job = preview_job(&tables.store, 1, &draft, 100, noon()).await;
        worker.run(&job, noon()).await;
        let preview = previewed(&tables.store, &job).await;
        assert_eq!(free(&preview.comparison), compared(&leads, &draft, noon()));
        let untouched = tables.store.lead(&a_tenant(), *leads.keys().next().unwrap()).await;
        assert_eq!(untouched.unwrap().unwrap().version, 1);

        let job = publish(&tables.store, 2, &draft, noon()).await;
        worker.run(&job, noon()).await;
        check_against_publish(&tables, &leads, &draft, &preview).await;
        let rescored = rescored(&tables.store, &job).await;
        assert_eq!((rescored.leads, rescored.rescored), (80, 80));
        assert_eq!(rescored.crossings, preview.comparison.crossings());
    }
}

#[tokio::test]
async fn a_preview_that_takes_many_invocations_is_the_same() {
    let tables = Tables::with_tenant(&a_tenant()).await;
    let leads = people(&tables.store, 5, 300).await;
    let draft = changed_rules(5);
    let job = preview_job(&tables.store, 1, &draft, 100, noon()).await;
    let hasty = Worker::hasty(tables.store.clone());
    hasty.run(&job, noon()).await;
    let preview = previewed(&tables.store, &job).await;
    assert_eq!(free(&preview.comparison), compared(&leads, &draft, noon()));
    let done = tables.store.job(&a_tenant(), &job).await.unwrap().unwrap();
    assert_eq!((done.leads, done.finished.len(), done.ended_at), (300, 3, Some(noon())));
}

#[tokio::test]
async fn a_sample_takes_leads_by_their_id_and_scales_the_price() {
    let tables = Tables::with_tenant(&a_tenant()).await;
    let mut leads = people(&tables.store, 7, 120).await;
    let draft = changed_rules(7);
    let worker = Worker::new(tables.store.clone());
    let whole = preview_job(&tables.store, 1, &draft, 100, noon()).await;
    worker.run(&whole, noon()).await;
    let whole = previewed(&tables.store, &whole).await.comparison;
    let part = preview_job(&tables.store, 2, &draft, 25, noon()).await;
    worker.run(&part, noon()).await;
    let part = previewed(&tables.store, &part).await.comparison;
    leads.retain(|lead, _| is_sampled(*lead, 25));
    assert_eq!(free(&part), Comparison { seen: 120, ..compared(&leads, &draft, noon()) });
    assert!((10..60).contains(&part.leads), "{}", part.leads);
    let price = |comparison: &Comparison| {
        Price::of(&comparison.consumed, comparison.seen, comparison.leads, 2)
    };
    assert!(price(&part).scaled && !price(&whole).scaled);
    let (scaled, exact) = (price(&part).write_units, price(&whole).write_units);
    assert!(scaled.abs_diff(exact) * 4 < exact, "{scaled} is not about {exact}");
}

#[tokio::test]
async fn the_price_is_what_the_re_score_then_takes() {
    let tables = Tables::with_tenant(&a_tenant()).await;
    let leads = people(&tables.store, 11, 40).await;
    // Some of them were written before all lists were known.
    for lead in leads.keys().step_by(3) {
        tables.leave_to_former_code(&a_tenant(), *lead).await;
    }
    let draft = changed_rules(11);
    let job = preview_job(&tables.store, 1, &draft, 100, noon()).await;
    Worker::new(tables.store.clone()).run(&job, noon()).await;
    let consumed = previewed(&tables.store, &job).await.comparison.consumed;
    publish(&tables.store, 2, &draft, noon()).await;
    let scorer = Scorer::new(tables.store.clone());
    let mut taken = 0.0;
    for lead in leads.keys() {
        taken += scorer.rescore(&a_tenant(), *lead, noon()).await.unwrap().write_units;
    }
    let counted = f64::from(u32::try_from(consumed.write_units).unwrap());
    assert!((taken - counted).abs() < f64::EPSILON, "{taken} taken, {counted} foretold");
    assert!(consumed.scan_half_units > 0 && consumed.event_half_units >= 80);
}

#[tokio::test]
async fn a_preview_sees_the_leads_of_its_tenant_alone() {
    let tables = Tables::with_tenant(&a_tenant()).await;
    let other = "acme-2".parse().unwrap();
    tables.add_tenant(&other).await;
    lead(&tables.store, &other, &[event("u1", "1", "demo_request", 0)]).await;
    lead(&tables.store, &a_tenant(), &[event("u2", "1", "demo_request", 0)]).await;
    let worker = Worker::new(tables.store.clone());
    let job = preview_job(&tables.store, 1, &richer_demos(), 100, noon()).await;
    worker.run(&job, noon()).await;
    let preview = previewed(&tables.store, &job).await.comparison;
    assert_eq!((preview.seen, preview.leads, preview.up), (1, 1, 1));
    let job = publish(&tables.store, 2, &richer_demos(), noon()).await;
    worker.run(&job, noon()).await;
    let theirs = event("u1", "1", "demo_request", 0).home.id;
    let theirs = tables.store.lead(&other, theirs).await.unwrap().unwrap();
    assert_eq!((theirs.version, theirs.state.rule_set), (1, 1));
}

#[tokio::test]
async fn a_deleted_lead_is_in_no_preview_and_comes_to_the_new_rules_unseen() {
    let tables = Tables::with_tenant(&a_tenant()).await;
    let deleting = Edit { deleted: Some(true), ..Edit::by(Actor::System) };
    let deleted = an_event("2").editing(deleting).days_later(1).event();
    let events = [event("u1", "1", "demo_request", 0), deleted];
    let hidden = lead(&tables.store, &a_tenant(), &events).await;
    let shown = lead(&tables.store, &a_tenant(), &[event("u2", "1", "demo_request", 26_000)]).await;
    let worker = Worker::new(tables.store.clone());
    let job = preview_job(&tables.store, 1, &richer_demos(), 100, noon()).await;
    worker.run(&job, noon()).await;
    let preview = previewed(&tables.store, &job).await.comparison;
    let changed: Vec<_> = preview.changes.iter().map(|change| change.lead).collect();
    assert_eq!((preview.leads, changed), (1, vec![shown]));
    let job = publish(&tables.store, 2, &richer_demos(), noon()).await;
    worker.run(&job, noon()).await;
    let listed = tables.store.listed_lead(&a_tenant(), hidden).await.unwrap().unwrap();
    assert_eq!(listed.lead.state.rule_set, 2);
    let outcome = rescored(&tables.store, &job).await;
    assert_eq!((outcome.rescored, outcome.crossings.up), (2, 1));
    for stage in Stage::ALL {
        let listed = tables.store.leads_by_score(&a_tenant(), stage, None, 9).await.unwrap();
        assert!(listed.iter().all(|listed| listed.lead.survivor.id != hidden));
    }
}

#[tokio::test]
async fn a_preview_tells_what_becomes_of_the_golden_leads() {
    let tables = Tables::with_tenant(&a_tenant()).await;
    for (id, score) in [("b", 50), ("a", 50), ("c", 120)] {
        let golden = serde_json::json!({
            "id": id, "name": id, "expected": {"score": score},
            "events": [{"event_type": "demo_request", "timestamp": "2026-01-01T00:00:00Z"}],
        });
        let golden = serde_json::from_value(golden).unwrap();
        assert!(tables.store.put_golden_lead(&a_tenant(), &golden, None).await.unwrap());
    }
    let job = preview_job(&tables.store, 1, &richer_demos(), 100, noon()).await;
    Worker::new(tables.store.clone()).run(&job, noon()).await;
    let report = previewed(&tables.store, &job).await.golden_leads;
    assert_eq!((report.passed, report.failed), (1, 2));
    let first = report.first_failure.unwrap();
    assert_eq!((first.id.as_str(), first.expected.score, first.actual.score), ("a", 50, 120));
}

#[tokio::test]
async fn a_publish_meanwhile_does_not_end_a_preview() {
    let tables = Tables::with_tenant(&a_tenant()).await;
    let leads = people(&tables.store, 13, 10).await;
    let draft = changed_rules(13);
    let job = preview_job(&tables.store, 1, &draft, 100, noon()).await;
    publish(&tables.store, 2, &richer_demos(), noon()).await;
    Worker::new(tables.store.clone()).run(&job, noon()).await;
    let preview = previewed(&tables.store, &job).await.comparison;
    assert_eq!(free(&preview), compared(&leads, &draft, noon()));
    let job = tables.store.job(&a_tenant(), &job).await.unwrap().unwrap();
    assert_eq!(job.work, Work::Preview { active: 1, sample_percent: 100 });
    assert_eq!(job.status, JobStatus::Done);
}
