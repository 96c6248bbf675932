//! `GET /v1/leads/{id}/data`: everything that is held of a person, opened.
//!
//! Invariant: what a page leaves out another one shows: each list goes on from page to page until
//! it is over. A deleted lead is held as well, and shown; an erased one is not.

mod held;
mod place;

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    Json,
    extract::{Path, RawQuery, State},
};
use domain::{
    entry::{Activity, Content, EntryId, Note},
    event::Event,
    home::HomeId,
    lead::Lead,
    rules::Rules,
};
use dynamo::{AuditRange, StoredEntry};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use self::{
    held::{ConsentState, HeldEvent, HeldHome, RulePoints},
    place::{Place, Rest},
};
use crate::{
    body::LeadBody,
    cursor,
    error::ApiError,
    guard::Admitted,
    lead::LeadPath,
    query::Query,
    reads::Reads,
    show::{self, Seen},
    timeline,
    workspace::{activities::ActivityBody, entry::Opening, notes::NoteBody},
};

/// How many notes, and how many activities, a page has at most.
const ENTRIES: u16 = 50;

/// How many events a page has at most: one has up to 32 KB, and a function may answer with 6 MB.
const EVENTS: u16 = 100;

/// How many entries of the audit log are looked at.
const AUDITED: u16 = 1_000;

/// How the data are asked for.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct DataQuery {
    /// Continues after the page whose `next_cursor` it was.
    pub cursor: Option<String>,
}

/// Everything that is held of a person.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct LeadData {
    /// The lead as it is shown.
    lead: LeadBody,
    /// Whether it is deleted, and shown nowhere else.
    deleted: bool,
    /// Each identity that the person is known by, with all that is kept in its place.
    homes: Vec<HeldHome>,
    /// What the person consents to, by purpose.
    consents: BTreeMap<String, ConsentState>,
    /// What each rule gave over all events, before decay; the explanation has it line by line.
    rules: Vec<RulePoints>,
    /// The ids of the audit log's entries about the lead, of the tenant's latest 1,000. The log can
    /// be asked for all by `object`.
    audit: Vec<String>,
    /// Notes, the latest first. Goes on from page to page.
    notes: Vec<NoteBody>,
    /// Activities, the latest first. Goes on from page to page.
    activities: Vec<ActivityBody>,
    /// Events, the latest first. Goes on from page to page.
    events: Vec<HeldEvent>,
    /// Continues the lists; `null` when all are over.
    #[schema(required)]
    next_cursor: Option<String>,
}

/// Shows everything that is held of a lead
///
/// To be handed to the person: who they are and what was declared of them, identity by identity
/// with when and by which event; what people set by hand and wrote down; what they consent to;
/// every event; how the score came to be; and which entries of the audit log are about them. Notes,
/// activities and events go on from page to page, everything else stands on each.
#[utoipa::path(
    get,
    path = "/v1/leads/{id}/data",
    operation_id = "show_lead_data",
    tag = "privacy",
    params(LeadPath, DataQuery),
    responses(
        (status = 200, description = "A page of what is held.", body = LeadData),
        (status = 422, description = "It has more events than one answer can be made from: `too_many_events`."),
    )
)]
pub async fn show(
    State(reads): State<Arc<Reads>>,
    admitted: Admitted,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Json<LeadData>, ApiError> {
    let mut query = Query::parse(query.as_deref(), &["cursor"]);
    let cursor = query.text("cursor");
    query.finish()?;
    let under: HomeId = id.parse().map_err(|_| ApiError::lead_not_found())?;
    let place = Place::of(cursor.as_deref(), under)?;
    let lead = reads.find_even_deleted(&admitted, under).await?;
    let lead = lead.ok_or_else(ApiError::lead_not_found)?;
    Ok(Json(page(&reads, &admitted, lead, place).await?))
}

/// A page of the lists, and where they go on.
struct Lists {
    notes: Vec<NoteBody>,
    activities: Vec<ActivityBody>,
    events: Vec<HeldEvent>,
    rest: Place,
}

async fn page(
    reads: &Reads,
    admitted: &Admitted,
    lead: Lead,
    place: Place,
) -> Result<LeadData, ApiError> {
    let tenant = admitted.tenant();
    let mut exact = lead.clone();
    reads.make_exact(tenant, &mut exact).await?;
    let (events, settings) = reads.history(tenant, &lead).await?;
    let seen = Seen::at(exact, &settings.rules, admitted.now);
    let shown = show::bodies(reads, admitted, std::slice::from_ref(&seen)).await?;
    let shown = shown.into_iter().next().ok_or(ApiError::Restless(lead.survivor.id))?;
    let ids: Vec<_> = lead.members.iter().map(|member| member.home.id).collect();
    let homes = reads.store.homes(tenant, ids.iter().copied()).await?;
    let Lists { notes, activities, events: held, rest } =
        lists(reads, admitted, &ids, (&settings.rules, &events), place).await?;
    Ok(LeadData {
        lead: shown,
        deleted: lead.is_deleted(),
        homes: homes.values().map(|home| HeldHome::of(home, admitted.keyring())).collect(),
        consents: ConsentState::all(&seen.lead.state),
        rules: RulePoints::all(&settings.rules, &events),
        audit: audited(reads, admitted, &ids).await?,
        notes,
        activities,
        events: held,
        next_cursor: if rest.is_over() { None } else { Some(cursor::write(&rest)?) },
    })
}

/// Reads a page of the lists, from a place on.
async fn lists(
    reads: &Reads,
    admitted: &Admitted,
    homes: &[HomeId],
    (rules, all): (&Rules, &[Event]),
    place: Place,
) -> Result<Lists, ApiError> {
    let (notes, after_notes) = entries::<Note>(reads, admitted, homes, &place.notes).await?;
    let opening = Opening::of(reads, admitted, &notes).await?;
    let notes = notes.into_iter().map(|stored| NoteBody::of(&opening, stored.entry)).collect();
    let (activities, after_activities) =
        entries::<Activity>(reads, admitted, homes, &place.activities).await?;
    let opening = Opening::of(reads, admitted, &activities).await?;
    let activity = |stored: StoredEntry<Activity>| ActivityBody::of(&opening, stored.entry);
    let activities = activities.into_iter().map(activity).collect();
    let (events, after_events) = match &place.events {
        Rest::Over => (Vec::new(), Rest::Over),
        rest => {
            let latest = timeline::latest(rules, all, rest.last(), EVENTS, |_| true);
            let rest = Rest::after(latest.data.last().map(HeldEvent::position), latest.has_more);
            (HeldEvent::all(latest.data, all), rest)
        }
    };
    let rest = Place {
        under: place.under,
        notes: after_notes,
        activities: after_activities,
        events: after_events,
    };
    Ok(Lists { notes, activities, events, rest })
}

/// Reads the next entries of a kind beside homes, and where they go on.
async fn entries<C: Content>(
    reads: &Reads,
    admitted: &Admitted,
    homes: &[HomeId],
    rest: &Rest<EntryId>,
) -> Result<(Vec<StoredEntry<C>>, Rest<EntryId>), ApiError> {
    if matches!(rest, Rest::Over) {
        return Ok((Vec::new(), Rest::Over));
    }
    let (tenant, one_more) = (admitted.tenant(), ENTRIES + 1);
    let homes = homes.iter().copied();
    let mut kept: Vec<StoredEntry<C>> =
        reads.store.entries(tenant, homes, rest.last(), one_more).await?;
    let has_more = kept.len() > usize::from(ENTRIES);
    kept.truncate(ENTRIES.into());
    let rest = Rest::after(kept.last().map(|last| last.entry.id.clone()), has_more);
    Ok((kept, rest))
}

/// Returns the ids of the latest entries of the audit log about homes.
async fn audited(
    reads: &Reads,
    admitted: &Admitted,
    homes: &[HomeId],
) -> Result<Vec<String>, ApiError> {
    let range = AuditRange::default();
    let latest = reads.store.audit_entries(admitted.tenant(), range, None, AUDITED).await?;
    let homes: Vec<_> = homes.iter().map(ToString::to_string).collect();
    let about = latest.into_iter().filter(|entry| homes.contains(&entry.object_id));
    Ok(about.map(|entry| entry.id).collect())
}
