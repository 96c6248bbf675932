//! The system as a user has it: the real template deployed on the local stack, driven over HTTP by
//! real SDKs and captured requests, and read through the API.
//!
//! The stack is started once, under a name of its own, and stopped at the end; every test works
//! in a tenant of its own.
#![allow(
    clippy::print_stderr,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on has failed, and says so"
)]

mod archive;
mod athena;
mod captures;
mod client;
mod contract;
mod erasure;
mod families;
mod intelligence;
mod keys;
mod load;
mod nightly;
mod people;
mod permissions;
mod population;
mod python;
mod reads;
mod refusals;
mod rules;
mod sdk;
mod stack;
mod store;
mod workspace;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};

use crate::stack::Stack;

type Test = fn(&Stack) -> anyhow::Result<()>;

const TESTS: &[(&str, Test)] = &[
    ("the_store_keeps_its_promises_on_the_emulator", store::conformance),
    ("an_sdk_makes_one_lead_with_the_score_computed_by_hand", sdk::one_lead),
    ("a_gzipping_sdk_makes_the_same_lead", sdk::one_lead_gzipped),
    ("captured_requests_of_every_sdk_are_accepted_and_scored", captures::replay),
    ("every_position_of_a_key_is_found", keys::positions),
    ("an_unknown_key_is_401_and_a_missing_scope_403", keys::refused),
    ("a_browser_may_send_from_any_page", keys::cors),
    ("bad_input_is_named_and_changes_nothing", refusals::bad_input),
    ("bad_items_of_a_batch_go_to_the_failed_queue", refusals::bad_items),
    ("reads_agree_with_each_other_to_the_point", reads::agree),
    ("a_tenant_sees_nothing_of_another", reads::isolation),
    ("what_is_read_off_behaviour_names_its_inputs", intelligence::of_a_buyer),
    ("people_who_were_parted_stay_apart", families::parted_for_good),
    ("what_cannot_be_merged_or_parted_is_told", families::refusals),
    ("rules_are_drafted_guarded_previewed_published_and_undone", rules::changed_safely),
    ("bad_rules_are_named_and_change_nothing", rules::refusals),
    ("every_route_of_the_rules_does_what_it_says", rules::every_route),
    ("people_sign_up_sign_in_and_invite_each_other", people::sign_up_and_invite),
    ("a_team_imports_finds_edits_and_hands_over_leads", workspace::a_day),
    ("every_answer_is_one_that_the_contract_describes", contract::kept),
    ("a_night_is_counted_once", nightly::counted_once),
    ("the_archive_shows_exactly_the_events_sent", archive::exact),
    ("an_erased_person_is_nowhere", erasure::nothing_left),
    ("functions_may_do_what_they_need_and_nothing_else", permissions::enforced),
    ("shuffled_and_repeated_load_is_the_fold_of_the_set", load::shuffled),
    ("killed_functions_lose_nothing_and_double_nothing", load::killed),
];

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    // The tests share one small emulator, and one of them kills functions.
    arguments.test_threads.get_or_insert(1);
    if arguments.list {
        return libtest_mimic::run(&arguments, trials(None)).exit_code();
    }
    let stack = match Stack::up() {
        Ok(stack) => stack,
        Err(error) => {
            eprintln!("the local stack did not come up: {error:#}");
            return ExitCode::FAILURE;
        }
    };
    // Tests outlive no stack: it is leaked to them and stopped below.
    let stack: &'static Stack = Box::leak(Box::new(stack));
    let conclusion = libtest_mimic::run(&arguments, trials(Some(stack)));
    if let Err(error) = stack.down() {
        eprintln!("the local stack did not go down cleanly: {error:#}");
        return ExitCode::FAILURE;
    }
    conclusion.exit_code()
}

fn trials(stack: Option<&'static Stack>) -> Vec<Trial> {
    let trial = |(name, test): &(&str, Test)| {
        let test = *test;
        Trial::test(*name, move || {
            let stack = stack.ok_or("no stack")?;
            test(stack).map_err(|error| format!("{error:?}").into())
        })
    };
    TESTS.iter().map(trial).collect()
}
