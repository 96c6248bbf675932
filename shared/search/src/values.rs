//! What homes say that a lead can be found by, opened.
//!
//! Invariant: a value opens only for its own home, so it is opened before homes are combined. What
//! does not open is passed over with a warning that does not tell what it is. The name of a company
//! is written where it is no secret, so a value that is sealed names none: it is only found by.

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
use vault::{IDENTITY_FIELD, Keyring, Opener};

/// The profile field that names a person's company.
const COMPANY: &str = "company";

/// What stands in a plain value in place of something personal.
const MARKS: [&str; 3] = ["[email]", "[phone]", "[personal]"];

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
        let (mut stored, mut stored_edits) = (Profile::default(), Edits::default());
        for home in homes {
            profile.combine(&declared(home, keyring));
            edits.combine(&set_by_hand(home, keyring));
            values.extend(identity(home, keyring));
            stored.combine(&home.profile);
            stored_edits.combine(&home.edits);
        }
        for (name, value) in edits.over(&profile) {
            values.extend(text(name, value).and_then(|text| Searchable::of_field(name, &text)));
        }
        let company = stored_edits.over(&stored).get(COMPANY).and_then(|value| company_name(value));
        Self { values, company: company.and_then(|name| company_key(&name)) }
    }
}

impl Findable {
    /// Reads what a home can be found by: what it declares and what is set by hand there, because
    /// another home of the family may have released the edit.
    pub fn of(home: &Home, keyring: &Keyring) -> Self {
        let (profile, edits) = (declared(home, keyring), set_by_hand(home, keyring));
        let declared = profile.iter().map(|(name, field)| (name, &field.value));
        let set = edits.iter().filter_map(|(name, field)| Some((name, field.value.as_ref()?)));
        let mut values = Vec::from_iter(identity(home, keyring));
        for (name, value) in declared.chain(set) {
            values.extend(text(name, value).and_then(|text| Searchable::of_field(name, &text)));
        }
        Self { terms: index_terms(&values), companies: companies(home) }
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

/// Reads which companies a home names, by the normal forms of their names.
fn companies(home: &Home) -> BTreeMap<String, NamedCompany> {
    let declared = home.profile.get(COMPANY).map(|field| (&field.value, field.timestamp));
    let set = home.edits.get(COMPANY);
    let set = set.and_then(|field| Some((field.value.as_ref()?, field.timestamp)));
    let mut companies = BTreeMap::new();
    for (value, since) in declared.into_iter().chain(set) {
        let Some(name) = company_name(value) else { continue };
        if let Some(key) = company_key(&name) {
            companies.entry(key).or_insert(NamedCompany { name, since });
        }
    }
    companies
}

/// Returns the name that a value gives a company as it is stored: none where it is sealed, or where
/// something personal was taken out of it.
fn company_name(stored: &FieldValue) -> Option<String> {
    text(COMPANY, stored).filter(|name| !MARKS.iter().any(|mark| name.contains(mark)))
}

/// Opens what a home declares that leads are found by.
fn declared(home: &Home, keyring: &Keyring) -> Profile {
    let opener = keyring.opener(home);
    let fields = home.profile.iter().filter(|(name, _)| is_field(name));
    let fields = fields.filter_map(|(name, field)| {
        let value = opened(&opener, name, &field.value)?;
        Some((name.to_owned(), Field { value, ..field.clone() }))
    });
    Profile::from_fields(fields)
}

/// Opens what is set by hand in a home that leads are found by; a release stays one.
fn set_by_hand(home: &Home, keyring: &Keyring) -> Edits {
    let opener = keyring.opener(home);
    let fields = home.edits.iter().filter(|(name, _)| is_field(name));
    let fields = fields.filter_map(|(name, field)| {
        let value = match &field.value {
            Some(value) => Some(opened(&opener, name, value)?),
            None => None,
        };
        Some((name.to_owned(), EditedField { value, ..field.clone() }))
    });
    Edits::from_fields(fields)
}

fn identity(home: &Home, keyring: &Keyring) -> Option<Searchable> {
    // Nobody is found by the other kinds: they need not be opened.
    Searchable::of_identity(home.home.kind, "")?;
    let value = open(&keyring.opener(home), IDENTITY_FIELD, home.identity.as_ref()?)?;
    Searchable::of_identity(home.home.kind, &value)
}

fn opened(opener: &Opener<'_>, name: &str, value: &FieldValue) -> Option<FieldValue> {
    let value = match value {
        FieldValue::Plain(value) => value.clone(),
        FieldValue::Sealed(sealed) => Value::String(open(opener, name, sealed)?),
    };
    Some(FieldValue::Plain(value))
}

fn open(opener: &Opener<'_>, field: &str, sealed: &Sealed) -> Option<String> {
    let (home, opened) = (opener.home(), opener.open(field, sealed));
    opened.inspect_err(|error| tracing::warn!(%home, %error, "a value stays sealed")).ok()
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
