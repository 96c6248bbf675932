//! Which column of a file is brought to which field.
//!
//! Invariant: no two columns are brought to one field. What somebody mapped wins over what is
//! recognised, and of two columns that are recognised as one field the first is it.

use axum::http::StatusCode;
use csv::StringRecord;
use lambda::problem::Problem;

use super::field::Field;
use crate::query::Query;

/// How many columns of a file are taken at most.
const MAX_FIELDS: usize = 64;

/// What somebody said of a column: the field that it is brought to, `None` to ignore it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapping {
    column: String,
    field: Option<Field>,
}

/// The columns of a file, each with its field.
#[derive(Clone, Debug, Default)]
pub struct Columns(Vec<(String, Option<Field>)>);

impl Mapping {
    /// Reads `column:field`. A column may have a colon in its name.
    pub fn read(text: &str, query: &mut Query) -> Option<Self> {
        let split = match text.rfind(":trait:") {
            Some(colon) => {
                text.split_at_checked(colon).map(|(column, field)| (column, &field[1..]))
            }
            None => text.rsplit_once(':'),
        };
        let field = split.map(|(_, field)| match field {
            "ignore" => Ok(None),
            field => field.parse().map(Some),
        });
        if let (Some((column, _)), Some(Ok(field))) = (split, field) {
            return Some(Self { column: column.trim().to_owned(), field });
        }
        let message = "map is written column:field; see the documentation for the fields";
        query.refuse("map", "invalid_value", message.to_owned());
        None
    }
}

impl Columns {
    /// Brings the columns of a header to fields.
    pub fn of(header: &StringRecord, map: &[Mapping]) -> Result<Self, Problem> {
        let mut columns: Vec<_> =
            header.iter().map(|name| (name.trim().to_owned(), None)).collect();
        let mut is_said = vec![false; columns.len()];
        for mapping in map {
            let named = columns.iter_mut().zip(&mut is_said);
            let mut named: Vec<_> =
                named.filter(|((name, _), _)| *name == mapping.column).collect();
            let [((_, field), said)] = named.as_mut_slice() else {
                let (code, message) = match named.len() {
                    0 => ("unknown_column", "map names a column that the file does not have"),
                    _ => ("repeated_column", "map names a column that the file has twice"),
                };
                return Err(invalid(code, message));
            };
            if **said {
                return Err(invalid("repeated_parameter", "map names a column twice"));
            }
            **said = true;
            field.clone_from(&mapping.field);
        }
        let mut taken: Vec<Field> = columns.iter().filter_map(|(_, field)| field.clone()).collect();
        taken.sort();
        if taken.windows(2).any(|pair| pair.first() == pair.last()) {
            return Err(invalid("repeated_field", "map brings two columns to one field"));
        }
        for ((name, field), said) in columns.iter_mut().zip(is_said) {
            let recognised =
                Field::recognised(name).filter(|field| !said && !taken.contains(field));
            if let Some(recognised) = recognised {
                taken.push(recognised.clone());
                *field = Some(recognised);
            }
        }
        match taken.len() {
            0 => Err(invalid("no_field", "no column is recognised; say with map what they are")),
            1..=MAX_FIELDS => Ok(Self(columns)),
            _ => {
                Err(invalid("too_many_fields", "at most 64 columns are taken; ignore some by map"))
            }
        }
    }

    /// Iterates over the columns, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Option<&Field>)> {
        self.0.iter().map(|(name, field)| (name.as_str(), field.as_ref()))
    }

    /// Iterates over the fields that columns are brought to.
    pub fn fields(&self) -> impl Iterator<Item = &Field> {
        self.0.iter().filter_map(|(_, field)| field.as_ref())
    }

    /// Tells whether a column is brought to a field.
    pub fn has(&self, field: &Field) -> bool {
        self.fields().any(|taken| taken == field)
    }

    /// Counts the columns.
    pub const fn len(&self) -> usize {
        self.0.len()
    }
}

/// 422: the columns cannot be brought to fields.
fn invalid(code: &'static str, message: &str) -> Problem {
    let status = StatusCode::UNPROCESSABLE_ENTITY;
    Problem::new(status, "invalid_mapping", message).with_error("map", code, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn brought(header: &[&str], map: &[&str]) -> Result<Vec<Option<String>>, &'static str> {
        let mut query = Query::parse(None, &[]);
        let map: Vec<_> = map.iter().filter_map(|map| Mapping::read(map, &mut query)).collect();
        query.finish().map_err(|problem| problem.code())?;
        let columns = Columns::of(&StringRecord::from(header.to_vec()), &map);
        let columns = columns.map_err(|problem| problem.code())?;
        Ok(columns.iter().map(|(_, field)| field.map(ToString::to_string)).collect())
    }

    fn fields(fields: &[Option<&str>]) -> Vec<Option<String>> {
        fields.iter().map(|field| field.map(str::to_owned)).collect()
    }

    #[test]
    fn what_is_mapped_wins_over_what_is_recognised() {
        let header = ["Email", "Mail 2", "Plan: a", "Phone", "Mobile", " Name "];
        let none = fields(&[Some("email"), None, None, Some("phone"), None, Some("name")]);
        assert_eq!(brought(&header, &[]), Ok(none));
        let map = ["Mail 2:email", "Plan: a:trait:plan", "Phone:ignore", "Email:trait:old:mail"];
        let expected = [
            Some("trait:old:mail"),
            Some("email"),
            Some("trait:plan"),
            None,
            Some("phone"),
            Some("name"),
        ];
        assert_eq!(brought(&header, &map), Ok(fields(&expected)));
    }

    #[test]
    fn a_mapping_that_cannot_be_is_refused() {
        for (header, map, code) in [
            (&["Email"][..], &["Email"][..], "invalid_query"),
            (&["Email"], &["Email:mail"], "invalid_query"),
            (&["Email"], &["Mail:email"], "invalid_mapping"),
            (&["A", "A"], &["A:email"], "invalid_mapping"),
            (&["A", "B"], &["A:email", "B:email"], "invalid_mapping"),
            (&["A", "B"], &["A:email", "A:name"], "invalid_mapping"),
            (&["A", "B"], &[], "invalid_mapping"),
        ] {
            assert_eq!(brought(header, map), Err(code), "{map:?}");
        }
    }
}
