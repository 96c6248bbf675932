//! The fields that a column can be brought to, and the columns that are recognised by their names.
//!
//! Invariant: a name means what it means in an event: the one list of personal keys and the
//! spellings of plain fields decide.

use std::{fmt, str::FromStr};

use domain::identity::Kind;
use intake::personal::{
    Withheld,
    keys::{self, Personal},
    patterns, person_traits,
};
use serde_json::{Map, Value};

/// How many bytes the name of a custom field has at most.
const MAX_NAME_BYTES: usize = 64;

/// The profile fields that can be named.
const PROFILE: [&str; 9] = [
    "first_name",
    "last_name",
    "name",
    "company",
    "title",
    "industry",
    "company_size",
    "source",
    "marketplaces",
];

/// What a column says about a person.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Field {
    /// Who it is.
    Identity(Kind),
    /// A field of the profile.
    Profile(&'static str),
    /// Where the lead trades.
    Marketplaces,
    /// The sales state.
    Status,
    /// Who works the lead.
    AssignedTo,
    /// Custom fields, as a JSON object.
    Traits,
    /// One custom field.
    Trait(String),
}

/// Says that a text names no field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownField;

/// The names by which a column that names a person is recognised, beside those of addresses and
/// numbers.
const IDENTITIES: [(&str, Kind); 4] = [
    ("userid", Kind::UserId),
    ("external", Kind::External),
    ("externalid", Kind::External),
    ("anonymousid", Kind::AnonymousId),
];

const STATUS: [&str; 4] = ["status", "leadstatus", "situacao", "situação"];

const ASSIGNED_TO: [&str; 6] =
    ["assignedto", "owner", "leadowner", "responsavel", "responsável", "vendedor"];

impl FromStr for Field {
    type Err = UnknownField;

    fn from_str(text: &str) -> Result<Self, UnknownField> {
        if let Some(name) = text.strip_prefix("trait:") {
            return custom(name);
        }
        if let Ok(kind) = text.parse() {
            return Ok(Self::Identity(kind));
        }
        match text {
            "status" => Ok(Self::Status),
            "assigned_to" => Ok(Self::AssignedTo),
            "traits" => Ok(Self::Traits),
            other => profile(other).ok_or(UnknownField),
        }
    }
}

/// A custom field: its name is not personal and stands for no secret.
fn custom(name: &str) -> Result<Field, UnknownField> {
    let name = name.trim();
    let fits = (1..=MAX_NAME_BYTES).contains(&name.len())
        && name.chars().any(char::is_alphanumeric)
        && !patterns::is_personal(name)
        && keys::meaning(name, true) != Some(Personal::Secret);
    if fits { Ok(Field::Trait(name.to_owned())) } else { Err(UnknownField) }
}

fn profile(name: &str) -> Option<Field> {
    let name = PROFILE.iter().find(|known| **known == name)?;
    Some(if *name == "marketplaces" { Field::Marketplaces } else { Field::Profile(name) })
}

impl Field {
    /// Recognises a column by its name.
    pub fn recognised(column: &str) -> Option<Self> {
        if column.starts_with("trait:") || column == "traits" {
            return column.parse().ok();
        }
        // `E-mail (work)` is an email; what stands in brackets only says which.
        let column = column.split(['(', '[']).next().unwrap_or(column);
        let bare = keys::bare(column);
        if let Some((_, kind)) = IDENTITIES.iter().find(|(name, _)| *name == bare) {
            return Some(Self::Identity(*kind));
        }
        if STATUS.contains(&bare.as_str()) {
            return Some(Self::Status);
        }
        if ASSIGNED_TO.contains(&bare.as_str()) {
            return Some(Self::AssignedTo);
        }
        match keys::meaning(column, true) {
            Some(Personal::Field("email")) => Some(Self::Identity(Kind::Email)),
            Some(Personal::Field("phone")) => Some(Self::Identity(Kind::Phone)),
            Some(Personal::Field(field)) => profile(field),
            Some(Personal::Secret) => None,
            None => plain(column),
        }
    }
}

/// Recognises a plain field by what an event's trait of this name declares.
fn plain(column: &str) -> Option<Field> {
    let traits = Map::from_iter([(column.to_owned(), Value::from("x"))]);
    let declared = person_traits(traits, &mut Withheld::default());
    profile(declared.keys().next()?)
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Identity(kind) => kind.fmt(f),
            Self::Profile(name) => f.write_str(name),
            Self::Marketplaces => f.write_str("marketplaces"),
            Self::Status => f.write_str("status"),
            Self::AssignedTo => f.write_str("assigned_to"),
            Self::Traits => f.write_str("traits"),
            Self::Trait(name) => write!(f, "trait:{name}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_recognised_in_many_spellings() {
        for (column, field) in [
            ("E-mail", "email"),
            ("Email Address", "email"),
            ("E-mail (work)", "email"),
            ("Telefone", "phone"),
            ("WhatsApp", "phone"),
            ("First name", "first_name"),
            ("nome", "name"),
            ("Nome completo", "name"),
            ("Sobrenome", "last_name"),
            ("Empresa", "company"),
            ("Cargo", "title"),
            ("Company Size", "company_size"),
            ("Lead source", "source"),
            ("Marketplace", "marketplaces"),
            ("User ID", "user_id"),
            ("external", "external"),
            ("Status", "status"),
            ("Owner", "assigned_to"),
            ("traits", "traits"),
            ("trait:plan", "trait:plan"),
        ] {
            let found = Field::recognised(column).map(|field| field.to_string());
            assert_eq!(found.as_deref(), Some(field), "{column}");
        }
        for column in ["", "id", "Plano", "CPF", "password", "score", "lead_5beiexgvm3fyfbysxs6"] {
            assert_eq!(Field::recognised(column), None, "{column}");
        }
    }

    #[test]
    fn a_field_reads_back_and_a_secret_is_none() {
        for text in ["email", "external", "last_name", "marketplaces", "status", "trait:Plan A"] {
            assert_eq!(text.parse::<Field>().unwrap().to_string(), text);
        }
        for text in ["", "mail", "trait:", "trait:  ", "trait:password", "trait:ana@example.com"] {
            assert_eq!(text.parse::<Field>(), Err(UnknownField), "{text}");
        }
    }
}
