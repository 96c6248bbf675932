//! Which homes an arrival may make to be found by something else.
//!
//! Invariant: most arrivals concern none, and cost nothing then.

use std::collections::BTreeSet;

use domain::{
    event::Arrival,
    home::{HomeId, HomeRef},
    identity::Kind,
    search::is_field,
};

/// Returns the homes that may be found by something else once an arrival is stored: its own when it
/// says something that leads are found by, and those of the email addresses and phone numbers that
/// it carries.
pub fn concerned(arrival: &Arrival) -> BTreeSet<HomeId> {
    let event = &arrival.event;
    let named_by = |home: &HomeRef| {
        matches!(home.kind, Kind::Email | Kind::Phone) && arrival.identities.contains_key(&home.id)
    };
    let linked = event.links.iter().map(|link| link.from);
    let homes = linked.chain([event.home]).filter(named_by).map(|home| home.id);
    let own = says_something(arrival).then_some(event.home.id);
    homes.chain(own).collect()
}

fn says_something(arrival: &Arrival) -> bool {
    let personal = arrival.personal.keys().map(String::as_str);
    let traits = arrival.event.traits.keys().map(String::as_str);
    let edit = arrival.event.edit.as_deref();
    let edited = edit.into_iter().flat_map(|edit| edit.changes().map(|(name, _)| name));
    personal.chain(traits).chain(edited).any(is_field)
}

#[cfg(test)]
mod tests {
    use domain::event::Sealed;
    use testing::{an_event, home_of};

    use super::*;

    #[test]
    fn an_ordinary_event_concerns_no_home() {
        let arrival = an_event("e1").by(Kind::UserId, "u1").by(Kind::AnonymousId, "c1");
        assert_eq!(concerned(&arrival.declaring("title", "CTO").arrival()), [].into());
    }

    #[test]
    fn what_leads_are_found_by_concerns_the_home_that_it_is_declared_in() {
        let user = home_of(Kind::UserId, "u1").id;
        let company = an_event("e1").by(Kind::UserId, "u1").declaring("company", "Acme");
        assert_eq!(concerned(&company.arrival()), [user].into());
        let mut named = an_event("e1").by(Kind::UserId, "u1").arrival();
        named.personal.insert("first_name".to_owned(), Sealed("sealed".to_owned()));
        assert_eq!(concerned(&named), [user].into());
    }

    #[test]
    fn an_address_or_number_concerns_its_own_home() {
        let arrival = an_event("e1")
            .by(Kind::UserId, "u1")
            .by(Kind::Email, "ana@example.com")
            .by(Kind::Phone, "+5511999990001")
            .arrival();
        let email = home_of(Kind::Email, "ana@example.com").id;
        let phone = home_of(Kind::Phone, "+5511999990001").id;
        assert_eq!(concerned(&arrival), [email, phone].into());
    }
}
