//! Rollups are right to the unit: whatever comes late, becomes one person, is edited or deleted,
//! the numbers are those of counting by hand.

use std::{collections::BTreeMap, convert::Infallible};

use domain::{
    actor::Actor,
    archived::EventHomes,
    edit::{Choice, Edit},
    home::HomeId,
    identity::Kind,
    lead::Status,
    segment::Segment,
    time::{Day, Timestamp},
};
use proptest::{collection::vec, option::weighted, prelude::*, sample::select};
use scoring::{Current, EditError, Expected, Scorer};
use serde_json::json;
use testing::{EventBuilder, Tables, a_tenant, an_event, home_of, keyring};

use crate::{
    naive::{Person, apart, counted, picture},
    night::Night,
    population::day,
};

/// How many days events come on. Those of the first ten days are the past of the others.
const DAYS: u32 = 14;

fn first_day() -> Day {
    day("2026-11-01")
}

/// One thing that comes to the installation.
#[derive(Clone, Debug)]
struct Comes {
    /// The hours since the beginning of the first day; events come at half past.
    at_hour: i64,
    what: What,
}

#[derive(Clone, Debug)]
enum What {
    /// Something that somebody did so many hours earlier.
    Event { who: usize, also: Option<usize>, event_type: &'static str, ago: i64, says: Says },
    /// Somebody is called by another user id from now on.
    Alias { from: usize, to: usize },
    /// Something that people decide.
    Edit { who: usize, edit: Edit },
}

#[derive(Clone, Debug)]
struct Says {
    source: Option<&'static str>,
    marketplace: Option<&'static str>,
}

const TYPES: [&str; 7] = [
    "page_view",
    "signup",
    "demo_request",
    "order_completed",
    "unsubscribe",
    "lead_converted",
    "contract_signed",
];

/// Three users, and two cookies.
fn identity(who: usize) -> (Kind, String) {
    let kind = if who < 3 { Kind::UserId } else { Kind::AnonymousId };
    (kind, format!("person-{who}"))
}

fn home(who: usize) -> HomeId {
    let (kind, value) = identity(who);
    home_of(kind, &value).id
}

fn events() -> impl Strategy<Value = What> {
    let ago = prop_oneof![3 => Just(0), 1 => 1..30_i64, 1 => 24..200_i64];
    let names = |names: &[&'static str]| weighted(0.3, select(names.to_vec()));
    let says = (names(&["google", "fair"]), names(&["shopee", "amazon"]));
    (0..5_usize, weighted(0.2, 3..5_usize), select(TYPES.to_vec()), ago, says).prop_map(
        |(who, also, event_type, ago, (source, marketplace))| {
            let also = also.filter(|_| who < 3);
            What::Event { who, also, event_type, ago, says: Says { source, marketplace } }
        },
    )
}

fn edits() -> impl Strategy<Value = What> {
    let by = || Edit::by(Actor::System);
    let set = move |name: &str, value: &str| {
        let mut edit = by();
        edit.set.insert(name.to_owned(), json!(value));
        edit
    };
    let edits = vec![
        Edit { status: Some(Status::Converted), ..by() },
        Edit { status: Some(Status::Lost), ..by() },
        Edit { segment: Some(Choice::Set(Segment::Vip)), ..by() },
        Edit { segment: Some(Choice::Clear), ..by() },
        Edit { deleted: Some(true), ..by() },
        Edit { deleted: Some(false), ..by() },
        set("source", "partner"),
        set("marketplaces", "magalu"),
        Edit { released: ["source".to_owned()].into(), ..by() },
    ];
    (0..5_usize, select(edits)).prop_map(|(who, edit)| What::Edit { who, edit })
}

fn comings() -> impl Strategy<Value = Vec<Comes>> {
    let alias = (0..3_usize, 0..3_usize).prop_map(|(from, to)| What::Alias { from, to });
    let what = prop_oneof![8 => events(), 3 => edits(), 1 => alias];
    let at_hour = 9 * 24..i64::from(DAYS) * 24;
    let comes = (at_hour, what).prop_map(|(at_hour, what)| Comes { at_hour, what });
    vec(comes, 1..30).prop_map(|mut all| {
        all.sort_by_key(|comes| comes.at_hour);
        all
    })
}

/// An installation, and how many things came to it.
struct World {
    tables: Tables,
    scorer: Scorer,
}

impl World {
    async fn start() -> Self {
        let tables = Tables::with_tenant(&a_tenant()).await;
        let scorer = Scorer::new(tables.store.clone());
        Self { tables, scorer }
    }

    async fn take_in(&self, id: usize, comes: &Comes) {
        let begin = first_day().start();
        let now = begin.plus_millis(comes.at_hour * 3_600_000 + 1_800_000);
        match &comes.what {
            What::Event { who, also, event_type, ago, says } => {
                let happened = now.plus_millis(-ago * 3_600_000).max(begin);
                let mut event = an_event(format!("e{id}")).of_type(event_type).at(happened);
                for who in [Some(*who), *also].into_iter().flatten() {
                    let (kind, value) = identity(who);
                    event = event.by(kind, &value);
                }
                if let Some(source) = says.source {
                    event = event.declaring("source", source);
                }
                if let Some(marketplace) = says.marketplace {
                    event = event.with_property("marketplace", marketplace);
                }
                self.deliver(event, now).await;
            }
            What::Alias { from, to } => {
                let alias = an_event(format!("e{id}")).at(now).by(Kind::UserId, &identity(*to).1);
                self.deliver(alias.formerly(&identity(*from).1), now).await;
            }
            What::Edit { who, edit } => {
                let make = |_: Current<'_>| {
                    let mut made = an_event(format!("e{id}")).editing(edit.clone()).arrival();
                    made.identities.clear();
                    Ok::<_, Infallible>(Some(made))
                };
                let edited =
                    self.scorer.edit(&keyring(), home(*who), Expected::Any, None, now, make).await;
                assert!(matches!(edited, Ok(_) | Err(EditError::UnknownLead(_))), "{edited:?}");
            }
        }
    }

    async fn deliver(&self, event: EventBuilder, now: Timestamp) {
        let arrival = event.arrival();
        let home = arrival.event.home.id;
        self.scorer.score(&keyring(), home, vec![arrival], now).await.unwrap();
    }

    /// Runs the night after a day.
    async fn night_after(&self, day: Day) {
        let scheduled = day.next().start().plus_millis(600_000).to_string();
        Night::new(self.tables.store.clone()).run(&scheduled).await;
    }

    /// The leads as they are, each with all its events.
    async fn people(&self) -> Vec<Person> {
        let (store, tenant) = (&self.tables.store, a_tenant());
        let page = store.scan_leads(0, 1, None).await.unwrap();
        let mut people = Vec::new();
        for (_, listed) in page.leads {
            let homes = EventHomes::of(&listed.lead).unwrap();
            let events = store.foldable_events(&tenant, homes).await.unwrap();
            people.push((listed.lead.survivor.id, events));
        }
        people
    }
}

async fn check(comings: Vec<Comes>) {
    let world = World::start().await;
    let mut coming = comings.iter().enumerate().peekable();
    let mut pictured = BTreeMap::new();
    // Two nights more than anything comes: the first sees late events of the last day, and a mark
    // made in the ten minutes before it is worked for good by the second.
    for number in 9..DAYS + 2 {
        let today = first_day().plus_days(number);
        // The night begins at ten past, and everything else at half past the hour.
        let midnight = (i64::from(number) + 1) * 24;
        while let Some((id, comes)) = coming.next_if(|(_, comes)| comes.at_hour < midnight) {
            world.take_in(id, comes).await;
        }
        world.night_after(today).await;
        pictured.insert(today, picture(&world.people().await, today));
    }
    let people = world.people().await;
    let last = first_day().plus_days(DAYS + 1);
    let rollups = world.tables.store.rollups(&a_tenant(), first_day(), last).await.unwrap();
    assert_eq!(rollups.len(), pictured.len());
    for rollup in rollups {
        assert!(rollup.complete);
        let (picture, counts) = apart(&rollup.rollup);
        assert_eq!(picture, pictured[&rollup.day], "the picture of {}", rollup.day);
        assert_eq!(counts, counted(&people, rollup.day), "the counts of {}", rollup.day);
    }
    let marks = world.tables.store.dirty_days_before(&a_tenant(), last.next()).await.unwrap();
    assert_eq!(marks, []);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn every_rollup_is_what_counting_by_hand_gives(comings in comings()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(check(comings));
    }
}
