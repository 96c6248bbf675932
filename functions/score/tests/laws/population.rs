//! Random events of a few people who share devices, emails and phones.

use std::ops::Range;

use domain::{actor::Actor, edit::Edit, event::Arrival, identity::Kind, lead::Status};
use proptest::{collection::vec, option, prelude::*, sample::select};
use serde_json::json;
use testing::an_event;

/// User, email, external id, phone, cookie, former id, type, day and second, and an edit.
type Drawn = (
    Option<u8>,
    Option<u8>,
    Option<u8>,
    Option<u8>,
    Option<u8>,
    Option<u8>,
    &'static str,
    i64,
    i64,
    Option<u8>,
);

const TYPES: [&str; 6] =
    ["page_view", "signup", "unsubscribe", "demo_request", "something_else", "consent_changed"];

/// Makes an edit by hand, of a few that contradict each other.
fn edit(number: u8) -> Edit {
    let by_hand = Edit::by(Actor::System);
    match number {
        0 => Edit { status: Some(Status::Contacted), ..by_hand },
        1 => Edit { set: [("n".to_owned(), 0.into())].into(), ..by_hand },
        2 => Edit { released: ["n".to_owned()].into(), ..by_hand },
        3 => Edit { deleted: Some(true), ..by_hand },
        4 => Edit { consents: [("scoring".parse().unwrap(), true)].into(), ..by_hand },
        5 => Edit { consents: [("scoring".parse().unwrap(), false)].into(), ..by_hand },
        _ => Edit { deleted: Some(false), set_sealed: ["n".to_owned()].into(), ..by_hand },
    }
}

/// Events with distinct ids, of at most a few dozen people within two months.
pub fn arrivals(count: Range<usize>) -> impl Strategy<Value = Vec<Arrival>> {
    let event = (
        option::weighted(0.6, 0..4_u8),
        option::weighted(0.3, 0..2_u8),
        option::weighted(0.1, 0..2_u8),
        option::weighted(0.2, 0..2_u8),
        option::weighted(0.6, 0..4_u8),
        option::weighted(0.1, 0..4_u8),
        select(TYPES.to_vec()),
        0..60_i64,
        0..3_i64,
        option::weighted(0.15, 0..7_u8),
    );
    vec(event, count).prop_map(|events| {
        let build = |(n, event): (usize, Drawn)| {
            let (user, email, external, phone, cookie, former, kind, days, seconds, by_hand) =
                event;
            let mut event = an_event(format!("e{n}"))
                .of_type(kind)
                .days_later(days)
                .seconds_later(seconds)
                .declaring("n", n)
                .with_property("consents", json!({ "scoring": n % 3 != 0, "marketing": true }));
            for (kind, value) in [
                (Kind::UserId, user.map(|n| format!("u{n}"))),
                (Kind::Email, email.map(|n| format!("e{n}@example.com"))),
                (Kind::External, external.map(|n| format!("crm:{}", n + 1))),
                (Kind::Phone, phone.map(|n| format!("+5511999990{n}00"))),
                (Kind::AnonymousId, cookie.map(|n| format!("a{n}"))),
            ] {
                if let Some(value) = value {
                    event = event.by(kind, &value);
                }
            }
            if let Some(by_hand) = by_hand {
                return event.editing(edit(by_hand));
            }
            match former {
                Some(former) if user.is_some() => event.formerly(&format!("a{former}")),
                _ => event,
            }
        };
        let numbered: Vec<(usize, _)> = events.into_iter().enumerate().collect();
        numbered.into_iter().map(build).map(testing::EventBuilder::arrival).collect()
    })
}
