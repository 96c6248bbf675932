//! What a part of an export holds: lines of CSV (RFC 4180), one for each lead.
//!
//! Invariant: a part has no header, so that all parts of an export put together behind
//! [`export_header`] are one file. No text in a cell is one that a spreadsheet takes for a formula,
//! see [`safe_cell`].

use std::borrow::Cow;

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

/// Writes text as a cell that no spreadsheet takes for a formula: what begins with `=`, `+`, `-`,
/// `@`, a tab or a line break gets an apostrophe before it. An import takes it off again.
pub fn safe_cell(text: &str) -> Cow<'_, str> {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) {
        Cow::Owned(format!("'{text}"))
    } else {
        Cow::Borrowed(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_begins_like_a_formula() {
        for (text, cell) in [
            ("=1+1", "'=1+1"),
            ("+5511999990001", "'+5511999990001"),
            ("-cmd", "'-cmd"),
            ("@sum", "'@sum"),
            ("\t=1", "'\t=1"),
            ("\r=1", "'\r=1"),
            ("a=1", "a=1"),
            ("", ""),
        ] {
            assert_eq!(safe_cell(text), cell);
        }
    }
}
