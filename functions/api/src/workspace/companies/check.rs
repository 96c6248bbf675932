//! What of a company can be kept.
//!
//! Invariant: all that is wrong is told at once, and no value is repeated. What lies unsealed holds
//! no personal data that can be told by its look or its name.

use axum::http::StatusCode;
use domain::{
    company::{Company, MAX_NAME_CHARS, MAX_NAMES},
    search::company_key,
};
use intake::personal::{Withheld, clean_object, patterns::is_personal};
use lambda::problem::{FieldError, Problem};

use super::body::NAME;
use crate::error::ApiError;

const MAX_INDUSTRY_CHARS: usize = 200;
const MAX_SIZE: u32 = 100_000_000;
const MAX_PROPERTIES: usize = 50;
const MAX_PROPERTY_BYTES: usize = 16 * 1024;
const MAX_NOTES_CHARS: usize = 5_000;
const MAX_DOMAIN_BYTES: usize = 253;
const MAX_LABEL_BYTES: usize = 63;

/// Answers 422 unless a company, with notes that are yet to be sealed, can be kept.
pub fn check(company: &Company, notes: Option<&str>) -> Result<(), ApiError> {
    let mut wrong = Vec::new();
    let mut refuse =
        |field, code, message: String| wrong.push(FieldError::new(field, code, message));
    let has_length = |text: &str, most| (1..=most).contains(&text.chars().count());
    if !has_length(&company.name, MAX_NAME_CHARS) || company_key(&company.name).is_none() {
        let message =
            format!("a name has 1 to {MAX_NAME_CHARS} characters, a letter or digit among them");
        refuse(NAME, "invalid_value", message);
    }
    if company.keys().len() > MAX_NAMES {
        let message = format!("a company has at most {MAX_NAMES} names, those it had included");
        refuse(NAME, "too_many_names", message);
    }
    if company.domain.as_ref().is_some_and(|domain| !is_host(domain)) {
        refuse("domain", "invalid_value", "domain is a host name such as acme.example".to_owned());
    }
    if company.industry.as_ref().is_some_and(|text| !has_length(text, MAX_INDUSTRY_CHARS)) {
        let message = format!("industry has 1 to {MAX_INDUSTRY_CHARS} characters");
        refuse("industry", "invalid_value", message);
    }
    if company.size.is_some_and(|size| size > MAX_SIZE) {
        refuse("size", "out_of_range", format!("size is at most {MAX_SIZE}"));
    }
    let bytes = serde_json::to_string(&company.properties)?.len();
    if company.properties.len() > MAX_PROPERTIES || bytes > MAX_PROPERTY_BYTES {
        let message = format!("at most {MAX_PROPERTIES} properties of {MAX_PROPERTY_BYTES} bytes");
        refuse("properties", "too_large", message);
    }
    if notes.is_some_and(|notes| !has_length(notes, MAX_NOTES_CHARS)) {
        let message = format!("notes have 1 to {MAX_NOTES_CHARS} characters");
        refuse("notes", "invalid_value", message);
    }
    for field in personal(company) {
        let message = "personal data is kept in notes alone, sealed".to_owned();
        refuse(field, "personal_data", message);
    }
    let Some(first) = wrong.first() else { return Ok(()) };
    let problem = invalid(&first.message);
    let told = |problem: Problem, error: FieldError| {
        problem.with_error(error.field, error.code, error.message)
    };
    Err(wrong.into_iter().fold(problem, told).into())
}

/// 422: a company that cannot be kept.
pub fn invalid(message: &str) -> Problem {
    let message = format!("the company cannot be taken: {message}");
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid_company", message)
}

/// Returns the fields that hold personal data where it would lie unsealed.
fn personal(company: &Company) -> Vec<&'static str> {
    let mut withheld = Withheld::default();
    let properties = company.properties.clone();
    let cleaned = clean_object(properties, "properties", "company", &mut withheld);
    let industry = company.industry.as_deref().unwrap_or_default();
    let found = [
        (NAME, is_personal(&company.name)),
        ("industry", is_personal(industry)),
        ("properties", cleaned != company.properties),
    ];
    found.into_iter().filter(|(_, is_personal)| *is_personal).map(|(field, _)| field).collect()
}

/// Tells whether a text is the name of a host: labels of letters, digits and inner hyphens.
fn is_host(text: &str) -> bool {
    let is_label = |label: &str| {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        (1..=MAX_LABEL_BYTES).contains(&label.len())
            && label.bytes().all(allowed)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.len() <= MAX_DOMAIN_BYTES && text.contains('.') && text.split('.').all(is_label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_name_is_told_from_other_texts() {
        for (text, expected) in [
            ("acme.example", true),
            ("mail.acme-2.com.br", true),
            ("acme", false),
            ("https://acme.example", false),
            ("-acme.example", false),
            ("acme..example", false),
            ("ana@acme.example", false),
            ("", false),
        ] {
            assert_eq!(is_host(text), expected, "{text}");
        }
    }
}
