//! The only place where a partition or sort key is built or parsed.
//!
//! Every key starts with its tenant; the one exception is the installation itself.
//!
//! | table | `pk` | `sk` | item | read by |
//! | --- | --- | --- | --- | --- |
//! | events | `<tenant>#<home>` | `<event id>` | event | re-fold, timeline, explanation |
//! | leads | `<tenant>#<home>` | `home` | home: links, profile, survivor | score, api |
//! | leads | `<tenant>#<home>` | `lead` | lead: state of the survivor's family | score, api, aggregate |
//! | leads | `<tenant>#<home>` | `note_<uuid>`, `activity_<uuid>` | entry: what people wrote down | api |
//! | leads | `<tenant>#<user>` | `notification_<uuid>` | notification of a user | api |
//! | leads | `<tenant>#companies` | `company_<uuid>` | company | score, api, bulk |
//! | leads | `<tenant>#companies` | `name#<normal form>` | whose a company name is | score, api, bulk |
//! | leads | `<tenant>` | `tenant` | tenant | provision |
//! | leads | `<tenant>` | `user#<user>` | user: role, state, sealed address | api |
//! | leads | `<tenant>` | `api_key#<hash>` | API key | ingest, api |
//! | leads | `<tenant>` | `rule_set#active` | version of the active rule set | score, api, aggregate |
//! | leads | `<tenant>` | `rule_set#<version>` | rule set | score, api, aggregate |
//! | leads | `<tenant>` | `rule_set#draft` | draft of the next rule set | api |
//! | leads | `<tenant>` | `rule_failures#<version>#<segment>` | failed conditions in a segment | api, aggregate |
//! | leads | `<tenant>` | `golden_lead#<id>` | golden lead | api |
//! | leads | `<tenant>` | `factor_weights#<marketplace>` | factor weights of a marketplace | api |
//! | leads | `<tenant>` | `rollup#<day>#<segment>` | rollup partial of a scan segment | api, aggregate |
//! | leads | `<tenant>` | `rollup#<day>#final` | rollup of a day | api, aggregate |
//! | leads | `<tenant>` | `rollup#<day>#corrected` | later counts of a day | api, aggregate |
//! | leads | `<tenant>` | `rollup#<day>#<part>#<hash>#<number>` | piece of a large part | api, aggregate |
//! | leads | `<tenant>` | `dirty_day#<day>` | past days from that one on whose counts changed | score, aggregate |
//! | leads | `<tenant>` | `recount#<run>#<day>#<segment>` | counts of a dirty day in a segment | aggregate |
//! | leads | `<tenant>` | `nightly_run#<run>` | what a nightly run did for the tenant | api, aggregate |
//! | leads | `<tenant>` | `nightly_part#<run>#<segment>` | what it did in a segment | aggregate |
//! | leads | `<tenant>` | `job#<job>` | job: how far it has come | api, rescore, bulk |
//! | leads | `<tenant>` | `job_draft#<job>` | the draft that a preview looks at | rescore |
//! | leads | `<tenant>` | `job_leads#<job>` | the leads that somebody named for a job | bulk |
//! | leads | `<tenant>` | `job_part#<job>#<pass>#<segment>` | how far a job's segment has come | rescore, bulk |
//! | leads | `<tenant>` | `job_result#<job>` | what came of a job | api, rescore, bulk |
//! | leads | `<tenant>` | `audit#<uuid>` | entry of the audit log | api |
//! | leads | `<tenant>` | `erasing#<home>` | erasure that is not cleaned up yet | api, aggregate |
//! | leads | `<tenant>` | `erasure#<home>` | receipt of an erasure | api |
//! | leads | `<tenant>` | `rate#<subject>#<minute>` | requests of somebody in a minute | ingest, api |
//! | leads | `<tenant>` | `idempotency#<token>` | what came of a request to be made once | api |
//! | leads | `installation` | `user#<user>` | which tenant a user belongs to, or that they may join none | api, provision |
//! | leads | `installation` | `secret` | wrapped installation secret | provision |
//! | leads | `installation` | `run#<day>` | nightly run and its finished segments | api, aggregate |
//! | leads | `installation` | `recount_plan#<run>#<tenant>` | which days a run recounts | aggregate |
//! | search | `<tenant>#<home>` | `search` | record of what a home is found by | score, api, bulk |
//! | search | `<tenant>#search#<token>` | `<home>` | a home that a term leads to | api |
//! | search | `<tenant>#company#<token>` | `<home>` | a home that names a company | api |
//!
//! | index | `<index>_pk` | `<index>_sk` | holds | read by |
//! | --- | --- | --- | --- | --- |
//! | `by_score` | `<tenant>#<stage>#<shard>` | `<score>#<home>` | leads | lists, leaderboards |
//! | `by_owner` | `<tenant>#<user>` | `<created>#<home>` | keys of leads that somebody works | lists |
//! | `by_created` | `<tenant>#created#<shard>` | `<created>#<home>` | keys of leads | lists |
//! | `by_activity` | `<tenant>#activity#<shard>` | `<day>#<home>` | keys of leads with events | lists |
//!
//! `<run>` is the day of a nightly run, `<created>` an instant in milliseconds. A deleted lead is in
//! no index. `<version>`, `<segment>`, `<score>` and `<created>` are padded with zeros so that text
//! order is number order. A tenant id holds no `#`, so no key of one tenant is a key of another.

mod accounts;
mod guard;
mod lists;
mod nightly;
mod privacy;
mod rules;
mod search;
mod workspace;

use domain::{event::EventId, home::HomeId, job::JobId, tenant::TenantId};

pub use self::{
    accounts::*, guard::*, lists::*, nightly::*, privacy::*, rules::*, search::*, workspace::*,
};
pub use crate::runs::Pass;

/// The primary key of an item.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    /// The partition key, `pk`.
    pub pk: String,
    /// The sort key, `sk`.
    pub sk: String,
}

/// The sort key of every home.
pub const HOME: &str = "home";

/// The sort key of every lead.
pub const LEAD: &str = "lead";

/// The partition of a home, in any table.
pub fn home_partition(tenant: &TenantId, home: HomeId) -> String {
    format!("{tenant}#{home}")
}

/// What the partition of every home of a tenant begins with, and that of no other tenant.
pub fn homes_of(tenant: &TenantId) -> String {
    format!("{tenant}#")
}

/// The key of an event.
pub fn event(tenant: &TenantId, home: HomeId, id: &EventId) -> Key {
    Key { pk: home_partition(tenant, home), sk: id.to_string() }
}

/// The key of a home.
pub fn home(tenant: &TenantId, home: HomeId) -> Key {
    Key { pk: home_partition(tenant, home), sk: HOME.to_owned() }
}

/// The key of a lead, by its survivor.
pub fn lead(tenant: &TenantId, survivor: HomeId) -> Key {
    Key { pk: home_partition(tenant, survivor), sk: LEAD.to_owned() }
}

/// Reads the tenant and home that a partition of homes belongs to.
pub fn parse_home_partition(pk: &str) -> Option<(TenantId, HomeId)> {
    let (tenant, home) = pk.split_once('#')?;
    Some((tenant.parse().ok()?, home.parse().ok()?))
}

/// The key of a tenant.
pub fn tenant(tenant: &TenantId) -> Key {
    Key { pk: tenant.to_string(), sk: "tenant".to_owned() }
}

/// The key of a job. Jobs lie in the order in which they were made.
pub fn job(tenant: &TenantId, id: &JobId) -> Key {
    Key { pk: tenant.to_string(), sk: format!("{JOB}{id}") }
}

const JOB: &str = "job#";

/// The first and last sort key of the jobs up to `last`, which is included; of all without it.
pub fn jobs_until(last: Option<&JobId>) -> (String, String) {
    (JOB.to_owned(), last.map_or_else(|| format!("{JOB}~"), |last| format!("{JOB}{last}")))
}

/// Reads the id of a job's sort key.
pub fn parse_job(sk: &str) -> Option<JobId> {
    sk.strip_prefix(JOB)?.parse().ok()
}

/// The key of the draft that a preview looks at.
pub fn job_draft(tenant: &TenantId, id: &JobId) -> Key {
    Key { pk: tenant.to_string(), sk: format!("job_draft#{id}") }
}

/// The key of the leads that somebody named for a job.
pub fn job_leads(tenant: &TenantId, id: &JobId) -> Key {
    Key { pk: tenant.to_string(), sk: format!("job_leads#{id}") }
}

/// The key of how far a job's segment has come in a pass.
pub fn job_part(tenant: &TenantId, id: &JobId, pass: u32, segment: u32) -> Key {
    Key { pk: tenant.to_string(), sk: format!("job_part#{id}#{pass}#{segment:05}") }
}

/// The first and last sort key of the parts of a job, in all passes.
pub fn job_parts(id: &JobId) -> (String, String) {
    (format!("job_part#{id}#"), format!("job_part#{id}#~"))
}

/// The key of what came of a job.
pub fn job_result(tenant: &TenantId, id: &JobId) -> Key {
    Key { pk: tenant.to_string(), sk: format!("job_result#{id}") }
}

/// The key of the installation's wrapped secret.
pub fn installation_secret() -> Key {
    Key { pk: INSTALLATION.to_owned(), sk: "secret".to_owned() }
}

// No tenant can have this name.
const INSTALLATION: &str = "installation";

#[cfg(test)]
mod tests {
    use domain::{stage::Stage, time::Day};

    use super::*;

    fn a_job() -> JobId {
        "job_019a0b3c-4d5e-7f60-8a1b-2c3d4e5f6071".parse().unwrap()
    }

    #[test]
    fn jobs_read_back_and_what_belongs_to_one_is_no_job() {
        let acme: TenantId = "acme".parse().unwrap();
        let key = job(&acme, &a_job());
        assert_eq!(parse_job(&key.sk), Some(a_job()));
        let (first, last) = jobs_until(None);
        assert!(first < key.sk && key.sk < last);
        let part = job_part(&acme, &a_job(), 2, 63);
        for other in [&part, &job_draft(&acme, &a_job()), &job_result(&acme, &a_job())] {
            assert!(other.sk > last, "{other:?}");
        }
        let (first, last) = job_parts(&a_job());
        assert!(first < part.sk && part.sk < last);
    }

    #[test]
    fn every_key_of_a_tenant_starts_with_it() {
        let acme: TenantId = "acme".parse().unwrap();
        let home_id = HomeId::from_bytes([1; 16]);
        let day: Day = "2026-11-20".parse().unwrap();
        let id = EventId::from_sender("e1").unwrap();
        for key in [
            event(&acme, home_id, &id),
            home(&acme, home_id),
            lead(&acme, home_id),
            tenant(&acme),
            active_rule_set(&acme),
            rule_set(&acme, 1),
            draft(&acme),
            rule_failures(&acme, 1, 3),
            golden_lead(&acme, "cto"),
            factor_weights(&acme, &domain::marketplace::Marketplace::direct()),
            rollup_partial(&acme, day, 3),
            rollup_final(&acme, day),
            rollup_correction(&acme, day),
            recount(&acme, day.into(), day, 3),
            dirty_day(&acme, day),
            nightly_run(&acme, day.into()),
            nightly_part(&acme, day.into(), 3),
            job(&acme, &a_job()),
            job_draft(&acme, &a_job()),
            job_leads(&acme, &a_job()),
            job_part(&acme, &a_job(), 1, 3),
            job_result(&acme, &a_job()),
        ] {
            assert_eq!(key.pk.split('#').next(), Some("acme"), "{key:?}");
        }
        let nobody = "user_019a0b3c-4d5e-7f60-8a1b-2c3d4e5f6071".parse().unwrap();
        for partition in [
            score_partition(&acme, Stage::Hot, 0),
            owner_partition(&acme, &nobody),
            created_partition(&acme, 0),
            activity_partition(&acme, 0),
        ] {
            assert_eq!(partition.split('#').next(), Some("acme"), "{partition}");
        }
    }

    #[test]
    fn a_partition_of_homes_reads_back() {
        let acme: TenantId = "acme".parse().unwrap();
        let id = HomeId::from_bytes([1; 16]);
        assert_eq!(parse_home_partition(&home_partition(&acme, id)), Some((acme, id)));
        assert_eq!(parse_home_partition("acme"), None);
    }
}
