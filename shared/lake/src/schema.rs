//! The columns, in the order in which they lie in a file.

use std::sync::Arc;

use parquet::{
    errors::ParquetError,
    schema::{parser::parse_message_type, types::TypePtr},
};

use crate::row::Row;

/// One column: its name, and where its value is in a row.
pub(crate) struct Column {
    pub(crate) name: &'static str,
    pub(crate) field: Field,
}

/// How a row is read and set, by the type of the column.
pub(crate) enum Field {
    /// Text that every row has.
    Text(fn(&Row) -> &String, fn(&mut Row) -> &mut String),
    /// Milliseconds since 1970 that every row has.
    Instant(fn(&Row) -> i64, fn(&mut Row) -> &mut i64),
    /// JSON text that a row may have.
    Json(fn(&Row) -> &Option<String>, fn(&mut Row) -> &mut Option<String>),
}

impl Field {
    /// Tells whether a file may lack the column.
    pub(crate) const fn is_optional(&self) -> bool {
        matches!(self, Self::Json(..))
    }
}

/// The columns that this version writes.
pub(crate) static COLUMNS: [Column; 11] = [
    text("home", |row| &row.home, |row| &mut row.home),
    text("home_kind", |row| &row.home_kind, |row| &mut row.home_kind),
    text("event_id", |row| &row.event_id, |row| &mut row.event_id),
    text("event_type", |row| &row.event_type, |row| &mut row.event_type),
    instant("timestamp", |row| row.timestamp, |row| &mut row.timestamp),
    instant("received_at", |row| row.received_at, |row| &mut row.received_at),
    json("properties", |row| &row.properties, |row| &mut row.properties),
    json("context", |row| &row.context, |row| &mut row.context),
    json("traits", |row| &row.traits, |row| &mut row.traits),
    json("links", |row| &row.links, |row| &mut row.links),
    json("edit", |row| &row.edit, |row| &mut row.edit),
];

const fn text(
    name: &'static str,
    get: fn(&Row) -> &String,
    set: fn(&mut Row) -> &mut String,
) -> Column {
    Column { name, field: Field::Text(get, set) }
}

const fn instant(
    name: &'static str,
    get: fn(&Row) -> i64,
    set: fn(&mut Row) -> &mut i64,
) -> Column {
    Column { name, field: Field::Instant(get, set) }
}

const fn json(
    name: &'static str,
    get: fn(&Row) -> &Option<String>,
    set: fn(&mut Row) -> &mut Option<String>,
) -> Column {
    Column { name, field: Field::Json(get, set) }
}

/// Returns the schema in Parquet's own words.
///
/// JSON is plain text there: readers know no column that is sometimes an object and sometimes a
/// list.
pub(crate) fn message() -> Result<TypePtr, ParquetError> {
    let columns: String = COLUMNS.iter().map(declaration).collect();
    Ok(Arc::new(parse_message_type(&format!("message event {{ {columns} }}"))?))
}

fn declaration(column: &Column) -> String {
    let name = column.name;
    match column.field {
        Field::Text(..) => format!("required binary {name} (STRING); "),
        Field::Instant(..) => format!("required int64 {name} (TIMESTAMP(MILLIS,true)); "),
        Field::Json(..) => format!("optional binary {name} (STRING); "),
    }
}
