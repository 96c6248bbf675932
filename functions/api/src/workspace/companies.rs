//! `/v1/companies`: what leads work for.
//!
//! Invariant: a lead belongs to a company by the name that its profile shows, whatever the
//! spelling. A company keeps every name that it had, and no two companies share one.

mod body;
mod check;
mod leads;
mod listing;
mod roll_up;

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, RawQuery, State},
    http::{StatusCode, header::LOCATION},
    response::{IntoResponse, Response},
};
use domain::company::{Company, CompanyId};
use dynamo::{CompanyWrite, StoredCompany};
use lambda::problem::Problem;
use utoipa::IntoParams;

use self::body::NAME;
pub use self::{
    body::{CompanyBody, CompanyInput, CompanyPatch, ShownCompany},
    leads::{__path_list_leads, CompanyLeadsQuery, list_leads},
    listing::{__path_list, CompaniesQuery, list},
    roll_up::{LeadsByStage, RollUp},
};
use crate::{
    error::ApiError,
    guard::{Admitted, Change},
    input::Input,
    query::Query,
    reads::Reads,
    revision::{self, ATTEMPTS, IfMatch},
};

const LIMIT: u16 = 50;
const MOST: u16 = 250;

/// How many bytes a cursor's name has at most.
const MOST_NAME_BYTES: usize = 400;

/// What a company is to the audit log.
const COMPANY: &str = "company";

/// Which company is asked about.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct CompanyPath {
    /// The company's id.
    #[param(
        pattern = "^company_[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$",
        example = "company_019a0b3c-4d5e-7f60-8a1b-2c3d4e5f6071"
    )]
    pub id: String,
}

/// Makes a company
///
/// Leads whose profile names it belong to it, those that came before, too. Where leads have named
/// it there is one already: change that.
#[utoipa::path(
    post,
    path = "/v1/companies",
    operation_id = "create_company",
    tag = "workspace",
    request_body = CompanyInput,
    responses(
        (
            status = 201,
            description = "The company.",
            body = CompanyBody,
            headers(
                ("ETag" = String, description = "Its revision."),
                ("Location" = String, description = "Where it is."),
            ),
        ),
        (
            status = 409,
            description = "A company has or had this name: `company_exists`; `Location` says which.",
            headers(("Location" = String, description = "Where that company is.")),
        ),
        (status = 422, description = "Something about it cannot be kept: `invalid_company`, with the fields."),
    )
)]
pub async fn create(
    State(reads): State<Arc<Reads>>,
    admitted: Admitted,
    RawQuery(query): RawQuery,
    Input(input): Input<CompanyInput>,
) -> Result<Response, ApiError> {
    Query::parse(query.as_deref(), &[]).finish()?;
    let (tenant, creation) = (admitted.tenant(), admitted.creation());
    let id = format!("company_{}", creation.uuid()).parse().map_err(|_| unknown())?;
    let company = input.into_company(id, creation.at, admitted.keyring())?;
    let stored = kept(&admitted, company)?;
    let company = &stored.company;
    let change = Change::of(COMPANY, company.id.as_str(), None, Some(company))?;
    let store = admitted.recording_change(&reads.store, change);
    let stored = match store.create_company(tenant, company).await? {
        CompanyWrite::Done => stored,
        CompanyWrite::NameTaken(other) => return Err(exists(&other).into()),
        // It was made by an earlier try, and somebody has changed it since.
        CompanyWrite::Changed => find(&reads, &admitted, company.id.as_str()).await?,
    };
    let location = [(LOCATION, format!("/v1/companies/{}", stored.company.id))];
    Ok((StatusCode::CREATED, location, answer(&admitted, stored)).into_response())
}

/// Shows a company
///
/// With what the scores of its leads come to as of the request.
#[utoipa::path(
    get,
    path = "/v1/companies/{id}",
    operation_id = "show_company",
    tag = "workspace",
    params(CompanyPath),
    responses(
        (
            status = 200,
            description = "The company.",
            body = ShownCompany,
            headers(("ETag" = String, description = "Its revision; it does not change with the leads.")),
        ),
        (status = 404, description = "There is no such one: `company_not_found`."),
    )
)]
pub async fn show(
    State(reads): State<Arc<Reads>>,
    admitted: Admitted,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, ApiError> {
    Query::parse(query.as_deref(), &[]).finish()?;
    let StoredCompany { company, revision } = find(&reads, &admitted, &id).await?;
    let roll_up = roll_up::of(&reads, &admitted, &company).await?;
    let shown = ShownCompany { company: CompanyBody::of(&admitted, company), roll_up };
    Ok((revision::header(revision::etag(revision)), Json(shown)).into_response())
}

/// Changes a company
///
/// A JSON merge patch: what the body leaves out stays, `null` takes away; `properties` are
/// replaced as a whole. `If-Match` is required. A company that gets another name keeps the one it
/// had among `former_names`, and its leads with it.
#[utoipa::path(
    patch,
    path = "/v1/companies/{id}",
    operation_id = "update_company",
    tag = "workspace",
    params(
        CompanyPath,
        ("If-Match" = String, Header, description = "Its ETag as it was read, or `*`."),
    ),
    request_body = CompanyPatch,
    responses(
        (
            status = 200,
            description = "The company as it is now.",
            body = CompanyBody,
            headers(("ETag" = String, description = "Its revision.")),
        ),
        (status = 404, description = "There is no such one: `company_not_found`."),
        (
            status = 409,
            description = "Another company has or had this name: `company_exists`; `Location` says which.",
            headers(("Location" = String, description = "Where that company is.")),
        ),
        (status = 412, description = "It has changed: `precondition_failed`."),
        (status = 422, description = "Something about it cannot be kept: `invalid_company`, with the fields."),
        (status = 428, description = "`If-Match` is missing: `precondition_required`."),
    )
)]
pub async fn update(
    State(reads): State<Arc<Reads>>,
    admitted: Admitted,
    Path(id): Path<String>,
    if_match: IfMatch,
    RawQuery(query): RawQuery,
    Input(patch): Input<CompanyPatch>,
) -> Result<Response, ApiError> {
    Query::parse(query.as_deref(), &[]).finish()?;
    for _ in 0..ATTEMPTS {
        let read = find(&reads, &admitted, &id).await?;
        if_match.require_present()?;
        if_match.require(&revision::etag(read.revision))?;
        let mut next = patch.applied_to(&read.company, admitted.keyring())?;
        if next == read.company {
            return Ok(answer(&admitted, read).into_response());
        }
        let change = Change::of(COMPANY, id.as_str(), Some(&read.company), Some(&next))?;
        next.updated_at = admitted.now;
        let next = kept(&admitted, next)?;
        let store = admitted.recording_change(&reads.store, change);
        match store.replace_company(admitted.tenant(), &read, &next.company).await? {
            CompanyWrite::Done => return Ok(answer(&admitted, next).into_response()),
            CompanyWrite::NameTaken(other) => return Err(exists(&other).into()),
            CompanyWrite::Changed => {}
        }
    }
    Err(revision::contended().into())
}

/// Removes a company
///
/// Its leads stay as they are. When another lead names it, it appears again with its name alone.
/// With `If-Match` only if it is still that revision.
#[utoipa::path(
    delete,
    path = "/v1/companies/{id}",
    operation_id = "delete_company",
    tag = "workspace",
    params(
        CompanyPath,
        ("If-Match" = Option<String>, Header, description = "Its ETag as it was read."),
    ),
    responses(
        (status = 204, description = "It is gone."),
        (status = 404, description = "There is no such one: `company_not_found`."),
        (status = 412, description = "It has changed: `precondition_failed`."),
    )
)]
pub async fn delete(
    State(reads): State<Arc<Reads>>,
    admitted: Admitted,
    Path(id): Path<String>,
    if_match: IfMatch,
    RawQuery(query): RawQuery,
) -> Result<StatusCode, ApiError> {
    Query::parse(query.as_deref(), &[]).finish()?;
    for _ in 0..ATTEMPTS {
        let read = find(&reads, &admitted, &id).await?;
        if_match.require(&revision::etag(read.revision))?;
        let store = admitted.recording(&reads.store, COMPANY, &id, []);
        if store.delete_company(admitted.tenant(), &read).await? {
            return Ok(StatusCode::NO_CONTENT);
        }
    }
    Err(revision::contended().into())
}

/// Finds the company of an id as it stands in a path, or answers 404.
async fn find(reads: &Reads, admitted: &Admitted, id: &str) -> Result<StoredCompany, ApiError> {
    let id: CompanyId = id.parse().map_err(|_| unknown())?;
    let found = reads.store.company(admitted.tenant(), &id).await?;
    Ok(found.ok_or_else(unknown)?)
}

fn unknown() -> Problem {
    Problem::not_found("company_not_found", "there is no company with this id")
}

/// Gives a company the revision that it has once it is kept.
fn kept(admitted: &Admitted, company: Company) -> Result<StoredCompany, ApiError> {
    let revision = StoredCompany::revision_of(admitted.tenant(), &company)?;
    Ok(StoredCompany { company, revision })
}

fn answer(admitted: &Admitted, stored: StoredCompany) -> impl IntoResponse {
    let header = revision::header(revision::etag(stored.revision));
    (header, Json(CompanyBody::of(admitted, stored.company)))
}

/// 409: another company has or had the name.
fn exists(other: &CompanyId) -> Problem {
    let message = "another company has this name, or had it";
    let problem = Problem::new(StatusCode::CONFLICT, "company_exists", message);
    let problem = problem.with_error(NAME, "taken", message);
    match format!("/v1/companies/{other}").parse() {
        Ok(place) => problem.with_header(LOCATION, place),
        Err(_) => problem,
    }
}
