//! `POST /v1/leads/{id}/unmerge`: says that a lead is several people.
//!
//! Invariant: what is separated stays separate whatever links come later, until somebody merges it
//! by hand. Each side then scores as its own events say.

use std::{collections::BTreeSet, sync::Arc};

use axum::{
    Json,
    extract::{Path, RawQuery, State},
    http::StatusCode,
};
use domain::{
    event::EventId,
    home::HomeId,
    identity::{Identity, Kind},
};
use lambda::problem::Problem;
use scoring::{DecisionError, Parting, living_home};
use serde::Deserialize;
use utoipa::{
    ToSchema,
    openapi::{Array, ArrayBuilder},
};

use crate::{
    error::ApiError,
    guard::Admitted,
    input::Input,
    lead::{self, LeadPath},
    merge::{FamilyChangeBody, answer, invalid, refused},
    query::Query,
    reads::Reads,
    words,
};

/// What is separated from the rest of a lead: identities and homes, or the sides of a manual merge.
/// With none of them the latest manual merge is undone.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Unmerge {
    /// The identities that are another person.
    #[serde(default)]
    identities: Vec<IdentityInput>,
    /// The ids of homes that are another person.
    #[serde(default)]
    #[schema(schema_with = homes)]
    lead_ids: Vec<HomeId>,
    /// The manual merge that is undone, as its own answer named it; excludes the others.
    #[schema(schema_with = words::merge, required = false)]
    merge: Option<EventId>,
    /// Whether nothing is to be changed: the answer only shows what would be.
    #[serde(default)]
    preview: bool,
}

/// An identity, in any spelling that events take.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct IdentityInput {
    /// Its kind.
    #[schema(schema_with = words::kind)]
    kind: Kind,
    /// Its value.
    #[schema(max_length = 256)]
    value: String,
}

fn homes() -> Array {
    ArrayBuilder::new().items(words::lead_id()).build()
}

/// Unmerges a lead
///
/// Separates the named identities and homes from the rest, or undoes the named manual merge. With
/// neither, the latest manual merge is undone, and the answer tells which. Links do not join the sides again, neither those that are known nor later ones; a manual
/// merge does. A side that was held together by the other alone falls into several leads.
///
/// To be safe to repeat, name what is separated: repeating it then changes nothing more. It answers
/// `not_part_of_lead`, because those homes are not part of the lead any more, or
/// `nothing_to_unmerge`, because that merge is undone. Without names a repetition undoes the merge
/// before; the preview tells the `merge` to name. With `preview` nothing is changed.
#[utoipa::path(
    post,
    path = "/v1/leads/{id}/unmerge",
    operation_id = "unmerge_lead",
    tag = "leads",
    params(LeadPath),
    request_body = Option<Unmerge>,
    responses(
        (status = 200, description = "The scores before and after.", body = FamilyChangeBody),
        (
            status = 422,
            description = "It cannot be taken apart like this: `not_part_of_lead`, with what was \
                           named in vain, `nothing_left`, `nothing_to_unmerge` or \
                           `family_too_large`.",
        ),
    )
)]
pub async fn unmerge(
    State(reads): State<Arc<Reads>>,
    admitted: Admitted,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
    input: Option<Input<Unmerge>>,
) -> Result<Json<FamilyChangeBody>, ApiError> {
    Query::parse(query.as_deref(), &[]).finish()?;
    let lead = lead::find(&reads, &admitted, &id).await?.survivor.id;
    let Input(input) = input.unwrap_or_default();
    let named = input.homes(&reads, &admitted).await?;
    let parting = match (input.merge, named.is_empty()) {
        (Some(_), false) => return Err(ambiguous().into()),
        (Some(merge), true) => Parting::Merge(merge),
        (None, true) => Parting::LatestMerge,
        (None, false) => {
            Parting::Homes(named.iter().map(|(_, home)| *home).collect::<BTreeSet<_>>())
        }
    };
    let (keyring, now) = (admitted.keyring(), admitted.now);
    let audit = admitted.audit("lead", &lead.to_string(), []);
    let decided =
        reads.scorer.unmerge(keyring, lead, parting, input.preview, Some(&audit), now).await;
    let decided = decided.map_err(|error| match error {
        DecisionError::NotPart(home) => not_part(&named, home),
        error => refused(error),
    })?;
    Ok(Json(answer(input.preview, "unmerged", &decided)))
}

impl Unmerge {
    /// Finds the homes that are named, each with the field that names it.
    async fn homes(
        &self,
        reads: &Reads,
        admitted: &Admitted,
    ) -> Result<Vec<(String, HomeId)>, ApiError> {
        let ids = self.lead_ids.iter().enumerate();
        let mut homes: Vec<_> =
            ids.map(|(place, home)| (format!("lead_ids.{place}"), *home)).collect();
        for (place, named) in self.identities.iter().enumerate() {
            let field = format!("identities.{place}");
            let identity = Identity::new(named.kind, &named.value).map_err(|error| {
                invalid(&format!("{field}.value"), "invalid_identity", error.to_string())
            })?;
            let home = living_home(&reads.store, admitted.keyring(), &identity).await?;
            homes.push((field, home.id));
        }
        Ok(homes)
    }
}

fn ambiguous() -> Problem {
    let message = "name a merge, or the identities and lead_ids that are another person, not both";
    invalid("merge", "conflicting_fields", message.to_owned())
}

fn not_part(named: &[(String, HomeId)], stranger: HomeId) -> ApiError {
    let message = "this is not part of the lead";
    let fields = named.iter().filter(|(_, home)| *home == stranger);
    let problem = Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "not_part_of_lead", message);
    fields
        .fold(problem, |problem, (field, _)| problem.with_error(field, "not_part_of_lead", message))
        .into()
}
