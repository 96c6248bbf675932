//! Analytics as CSV, for who works with spreadsheets.
//!
//! Invariant: RFC 4180 with one header line. Each row says which days it is of and how many of them
//! no night has told of, so a number never travels without that. What is not known is an empty
//! cell, and no name is one that a spreadsheet takes for a formula.

use ::csv::{Terminator, WriterBuilder};
use axum::{
    Json,
    http::{
        HeaderMap,
        header::{ACCEPT, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE, VARY},
    },
    response::{IntoResponse, Response},
};
use domain::{rollup::BANDS, time::Day};
use serde::Serialize;
use utoipa::{
    IntoParams,
    openapi::{Object, ObjectBuilder, Type},
};

use super::range::Days;
use crate::{error::ApiError, query::Query};

/// The names of the bands of scores.
pub const BAND_NAMES: [&str; BANDS] = [
    "score_0_9",
    "score_10_19",
    "score_20_29",
    "score_30_39",
    "score_40_49",
    "score_50_59",
    "score_60_69",
    "score_70_79",
    "score_80_89",
    "score_90_99",
    "score_100_up",
];

/// The columns that say which days a row is of.
pub const DAY_COLUMNS: [&str; 5] = ["from", "to", "as_of", "missing_days", "undivided_days"];

/// The form of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// An object.
    Json,
    /// A table.
    Csv,
}

/// The form that is asked for.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it only describes the query")]
pub struct FormatQuery {
    /// `csv` downloads a table; by default what `Accept` asks for, and `json` where it does not
    /// prefer `text/csv`.
    #[param(schema_with = format)]
    pub format: Option<String>,
}

/// A table with a name.
pub struct Table {
    /// What the file is called, without what ends it.
    pub name: String,
    /// The header.
    pub columns: Vec<&'static str>,
    /// The rows, each with a cell for every column.
    pub rows: Vec<Vec<String>>,
}

fn format() -> Object {
    let words = ["json", "csv"].map(serde_json::Value::from);
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words)).build()
}

impl Format {
    /// Takes `format`, else what the headers ask for.
    pub fn asked(query: &mut Query, headers: &HeaderMap) -> Self {
        match query.text("format").as_deref() {
            Some("csv") => Self::Csv,
            Some("json") => Self::Json,
            Some(_) => {
                query.refuse("format", "invalid_value", "format is json or csv".to_owned());
                Self::Json
            }
            None if prefers_csv(headers) => Self::Csv,
            None => Self::Json,
        }
    }

    /// Answers with a body in this form.
    pub fn answer<B: Serialize>(
        self,
        body: B,
        table: impl FnOnce(&B) -> Table,
    ) -> Result<Response, ApiError> {
        let vary = [(VARY, "Accept")];
        match self {
            Self::Json => Ok((vary, Json(body)).into_response()),
            Self::Csv => {
                let table = table(&body);
                let headers = [
                    (CONTENT_TYPE, "text/csv; charset=utf-8; header=present".to_owned()),
                    (CACHE_CONTROL, "no-store".to_owned()),
                    (CONTENT_DISPOSITION, format!("attachment; filename=\"{}.csv\"", table.name)),
                ];
                Ok((vary, headers, table.write()?).into_response())
            }
        }
    }
}

impl Table {
    fn write(&self) -> Result<Vec<u8>, ::csv::Error> {
        let mut text = Vec::new();
        let mut writer = WriterBuilder::new().terminator(Terminator::CRLF).from_writer(&mut text);
        writer.write_record(&self.columns)?;
        for row in &self.rows {
            writer.write_record(row)?;
        }
        writer.flush()?;
        drop(writer);
        Ok(text)
    }
}

/// Writes what is known, and nothing where it is not.
pub fn cell(value: Option<impl ToString>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

/// Writes which days a row is of, see [`DAY_COLUMNS`].
pub fn day_cells(days: &Days) -> [String; DAY_COLUMNS.len()] {
    let count = |days: &[Day]| days.len().to_string();
    [
        days.from.to_string(),
        days.to.to_string(),
        cell(days.as_of),
        count(&days.missing_days),
        count(&days.undivided_days),
    ]
}

/// Tells whether a caller takes CSV and likes nothing that is named better: one who takes anything
/// gets JSON.
fn prefers_csv(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let ranges: Vec<_> = accepted.flat_map(|value| value.split(',')).map(range).collect();
    let weight = |name: &str| {
        let named = ranges.iter().filter(|(range, _)| range.eq_ignore_ascii_case(name));
        named.map(|(_, weight)| *weight).max().unwrap_or_default()
    };
    weight("text/csv") > weight("application/json")
}

/// Reads a media range and its weight in thousandths.
fn range(text: &str) -> (&str, u32) {
    let mut parts = text.split(';').map(str::trim);
    let name = parts.next().unwrap_or_default();
    let weight = parts.find_map(|part| part.strip_prefix("q=").or(part.strip_prefix("Q=")));
    let thousandths = |weight: &str| {
        let (whole, decimals) = weight.split_once('.').unwrap_or((weight, ""));
        let decimals = decimals.get(..3).unwrap_or(decimals);
        format!("{whole}{decimals:0<3}").parse().unwrap_or(0)
    };
    (name, weight.map_or(1_000, thousandths))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn csv_is_for_who_asks_for_it_and_json_for_everybody_else() {
        for (accept, expected) in [
            ("text/csv", true),
            ("TEXT/CSV; q=0.9, */*;q=0.1", true),
            ("text/csv;q=0.8,application/json;q=0.75", true),
            ("application/json, text/csv;q=0.9", false),
            ("application/json, text/csv", false),
            ("text/csv;q=0", false),
            ("*/*", false),
            ("text/*", false),
            ("", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT, HeaderValue::from_static(accept));
            assert_eq!(prefers_csv(&headers), expected, "{accept}");
        }
        assert!(!prefers_csv(&HeaderMap::new()));
    }

    #[test]
    fn cells_are_quoted_where_they_must_and_a_row_of_another_length_is_an_error() {
        let row = |cells: &[&str]| cells.iter().map(ToString::to_string).collect();
        let mut table = Table {
            name: "a".to_owned(),
            columns: vec!["one", "two"],
            rows: vec![row(&["a, \"b\"", ""]), row(&["ü\n", "-1.5"])],
        };
        let text = String::from_utf8(table.write().unwrap()).unwrap();
        assert_eq!(text, "one,two\r\n\"a, \"\"b\"\"\",\r\n\"ü\n\",-1.5\r\n");
        table.rows.push(row(&["1"]));
        assert!(table.write().is_err());
    }
}
