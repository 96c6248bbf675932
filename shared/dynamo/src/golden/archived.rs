//! Leads whose events are archived.

use domain::archived::{Archived, Step};

use super::*;

#[test]
fn an_archived_lead_is_written_and_read_as_ever() {
    let golden = include_str!("../../../../tests/golden/lead-archived-1.json");
    let standing = leads::Standing { score: 0, stage: Stage::Cold };
    let archived = Archived {
        step: Step::Archived,
        object: format!("leads/tenant=acme/{}/8.jsonl.gz", user().id),
        events: 2,
        at: position().timestamp,
    };
    let lead = Lead { archived: Some(archived), ..deleted_lead(4) };
    assert_same(golden, leads::to_item(&acme(), &lead, standing).unwrap());
    let read = leads::from_item(as_item(golden)).unwrap();
    assert_eq!((read.lead, read.standing), (lead, standing));
}
