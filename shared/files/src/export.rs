//! What a part of an export holds: lines of CSV (RFC 4180), one for each lead.
//!
//! Invariant: a part has no header, so that all parts of an export put together behind
//! [`export_header`] are one file.

/// The columns of an export, in order.
pub const EXPORT_COLUMNS: [&str; 29] = [
    "id",
    "user_id",
    "email",
    "external",
    "phone",
    "anonymous_id",
    "other_identities",
    "first_name",
    "last_name",
    "name",
    "company",
    "title",
    "industry",
    "company_size",
    "source",
    "marketplaces",
    "traits",
    "score",
    "points",
    "stage",
    "status",
    "segment",
    "assigned_to",
    "velocity",
    "risk",
    "created_at",
    "first_seen_at",
    "last_event_at",
    "events",
];

/// Returns the line that comes before the first part.
pub fn export_header() -> String {
    format!("{}\r\n", EXPORT_COLUMNS.join(","))
}
