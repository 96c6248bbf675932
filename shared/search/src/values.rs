//! What homes say that a lead can be found by, opened.
//!
//! Invariant: a value opens only for its own home, so it is opened before homes are combined. What
//! does not open is passed over with a warning that does not tell what it is.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    event::Sealed,
    lead::Home,
    profile::{EditedField, Edits, Field, FieldValue, Profile},
    search::{Searchable, Token, company_key, index_terms, is_field},
    time::Timestamp,
};
use dynamo::Finding;
use serde_json::Value;
use vault::{IDENTITY_FIELD, Keyring};

/// The profile field that names a person's company.
const COMPANY: &str = "company";

/// Returns what stands for a term in the index of a tenant.
pub fn term(keyring: &Keyring, term: &str) -> Token {
    Token::from_digest(&keyring.pseudonym("search", term.as_bytes()))
}

/// Returns what stands for a company in the index of a tenant, by the normal form of its name.
pub fn company(keyring: &Keyring, name: &str) -> Token {
    Token::from_digest(&keyring.pseudonym("company", name.as_bytes()))
}

/// What the homes of a lead show together.
#[derive(Clone, Default)]
pub struct Shown {
    /// What the lead can be found by.
    pub values: Vec<Searchable>,
    /// The normal form of the company's name.
    pub company: Option<String>,
}

/// A company as a home names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NamedCompany {
    /// As it is written there.
    pub name: String,
    /// When it was.
    pub since: Timestamp,
}

/// What one home can be found by.
#[derive(Clone, Default)]
pub struct Findable {
    terms: BTreeSet<String>,
    companies: BTreeMap<String, NamedCompany>,
}

impl Shown {
    /// Reads what the homes of a family show: the latest declaration of each field, what is set by
    /// hand before it, and every email address and phone number that is an identity.
    pub fn of<'h>(homes: impl IntoIterator<Item = &'h Home>, keyring: &Keyring) -> Self {
        let (mut profile, mut edits, mut values) = (Profile::default(), Edits::default(), vec![]);
        for home in homes {
            profile.combine(&declared(home, keyring));
            edits.combine(&set_by_hand(home, keyring));
            values.extend(identity(home, keyring));
        }
        let mut company = None;
        for (name, value) in edits.over(&profile) {
            let Some(text) = text(name, value) else { continue };
            values.extend(Searchable::of_field(name, &text));
            if name == COMPANY {
                company = company_key(&text);
            }
        }
        Self { values, company }
    }
}

impl Findable {
    /// Reads what a home can be found by: what it declares and what is set by hand there, because
    /// another home of the family may have released the edit.
    pub fn of(home: &Home, keyring: &Keyring) -> Self {
        let (profile, edits) = (declared(home, keyring), set_by_hand(home, keyring));
        let declared = profile.iter().map(|(name, field)| (name, &field.value, field.timestamp));
        let set = edits.iter();
        let set = set.filter_map(|(name, f)| Some((name, f.value.as_ref()?, f.timestamp)));
        let mut values = Vec::from_iter(identity(home, keyring));
        let mut companies = BTreeMap::new();
        for (name, value, since) in declared.chain(set) {
            let Some(text) = text(name, value) else { continue };
            values.extend(Searchable::of_field(name, &text));
            if name == COMPANY
                && let Some(key) = company_key(&text)
            {
                companies.entry(key).or_insert(NamedCompany { name: text, since });
            }
        }
        Self { terms: index_terms(&values), companies }
    }

    /// Tells whether a term leads to the home.
    pub fn has_term(&self, term: &str) -> bool {
        self.terms.contains(term)
    }

    /// Tells whether the home names a company, by the normal form of the name.
    pub fn names(&self, company: &str) -> bool {
        self.companies.contains_key(company)
    }

    /// Returns where the home is to be entered.
    pub(crate) fn findings(&self, keyring: &Keyring) -> BTreeSet<Finding> {
        let terms = self.terms.iter().map(|text| Finding::Term(term(keyring, text)));
        let named = self.companies.keys().map(|key| Finding::Company(company(keyring, key)));
        terms.chain(named).collect()
    }

    /// Returns the companies that the home names, by the normal forms of their names.
    pub(crate) fn into_companies(self) -> BTreeMap<String, NamedCompany> {
        self.companies
    }
}

/// Opens what a home declares that leads are found by.
fn declared(home: &Home, keyring: &Keyring) -> Profile {
    let fields = home.profile.iter().filter(|(name, _)| is_field(name));
    let fields = fields.filter_map(|(name, field)| {
        let value = opened(home, name, &field.value, keyring)?;
        Some((name.to_owned(), Field { value, ..field.clone() }))
    });
    Profile::from_fields(fields)
}

/// Opens what is set by hand in a home that leads are found by; a release stays one.
fn set_by_hand(home: &Home, keyring: &Keyring) -> Edits {
    let fields = home.edits.iter().filter(|(name, _)| is_field(name));
    let fields = fields.filter_map(|(name, field)| {
        let value = match &field.value {
            Some(value) => Some(opened(home, name, value, keyring)?),
            None => None,
        };
        Some((name.to_owned(), EditedField { value, ..field.clone() }))
    });
    Edits::from_fields(fields)
}

fn identity(home: &Home, keyring: &Keyring) -> Option<Searchable> {
    // Nobody is found by the other kinds: they need not be opened.
    Searchable::of_identity(home.home.kind, "")?;
    let value = open(home, IDENTITY_FIELD, home.identity.as_ref()?, keyring)?;
    Searchable::of_identity(home.home.kind, &value)
}

fn opened(home: &Home, name: &str, value: &FieldValue, keyring: &Keyring) -> Option<FieldValue> {
    let value = match value {
        FieldValue::Plain(value) => value.clone(),
        FieldValue::Sealed(sealed) => Value::String(open(home, name, sealed, keyring)?),
    };
    Some(FieldValue::Plain(value))
}

fn open(home: &Home, field: &str, sealed: &Sealed, keyring: &Keyring) -> Option<String> {
    let opened = keyring.open(home.home.id, field, sealed);
    opened
        .inspect_err(|error| tracing::warn!(home = %home.home.id, %error, "a value stays sealed"))
        .ok()
}

/// Writes an opened value as text. A company may stand as an object with its name.
fn text(name: &str, value: &FieldValue) -> Option<String> {
    let FieldValue::Plain(value) = value else { return None };
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Object(company) if name == COMPANY => {
            company.get("name").and_then(Value::as_str).map(str::to_owned)
        }
        _ => None,
    }
}
