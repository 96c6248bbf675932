//! Companies as they are sent and shown.
//!
//! Invariant: a change and a creation are checked alike, and what is shown can be sent again.

use domain::{
    company::{Company, CompanyId},
    event::Sealed,
    time::Timestamp,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use vault::{Keyring, SealError};

use super::{
    check::{check, invalid},
    roll_up::RollUp,
};
use crate::{error::ApiError, guard::Admitted, input::given, words};

/// The field with the name.
pub const NAME: &str = "name";

/// The field under which notes are sealed.
const NOTES: &str = "notes";

/// A company.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Company)]
pub struct CompanyBody {
    /// Its id.
    #[schema(value_type = String, pattern = "^company_[0-9a-f-]{36}$", example = "company_019a0b3c-4d5e-7f60-8a1b-2c3d4e5f6071")]
    pub id: CompanyId,
    /// What it is called.
    #[schema(example = "Acme Inc.")]
    pub name: String,
    /// What else it was called, the latest first; leads that name it so belong to it.
    #[schema(example = json!(["Acme"]))]
    pub former_names: Vec<String>,
    /// Its host name.
    #[schema(required, example = "acme.example")]
    pub domain: Option<String>,
    /// What it does.
    #[schema(required, example = "retail")]
    pub industry: Option<String>,
    /// How many people work there.
    #[schema(required, example = 42)]
    pub size: Option<u32>,
    /// What else is kept of it.
    #[schema(schema_with = words::anything)]
    pub properties: Map<String, Value>,
    /// Free text; `null` when there is none, or when it cannot be opened any more.
    #[schema(required, example = "Ask for Ana.")]
    pub notes: Option<String>,
    /// When it was made, or first named by a lead.
    #[schema(schema_with = words::timestamp)]
    pub created_at: Timestamp,
    /// When somebody last changed it.
    #[schema(schema_with = words::timestamp)]
    pub updated_at: Timestamp,
}

/// A company with what the scores of its leads come to.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = CompanyWithLeads)]
pub struct ShownCompany {
    /// The company.
    #[serde(flatten)]
    pub company: CompanyBody,
    /// What its leads come to as of the request.
    pub roll_up: RollUp,
}

/// A company that is to be made.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewCompany, example = json!({
    "name": "Acme Inc.",
    "domain": "acme.example",
    "industry": "retail",
    "size": 42,
    "properties": { "plan": "pro" },
    "notes": "Ask for Ana.",
}))]
pub struct CompanyInput {
    /// What it is called: at least one letter or digit.
    #[schema(min_length = 1, max_length = 200)]
    name: String,
    /// Its host name.
    #[schema(max_length = 253)]
    domain: Option<String>,
    /// What it does.
    #[schema(min_length = 1, max_length = 200)]
    industry: Option<String>,
    /// How many people work there.
    #[schema(minimum = 0, maximum = 100_000_000)]
    size: Option<u32>,
    /// What else is to be kept of it: at most 50 properties and 16 KB, without personal data.
    #[serde(default)]
    #[schema(schema_with = words::anything, required = false)]
    properties: Option<Map<String, Value>>,
    /// Free text, kept sealed.
    #[schema(min_length = 1, max_length = 5_000)]
    notes: Option<String>,
}

/// What is to change, as a JSON merge patch (RFC 7396).
#[expect(clippy::option_option, reason = "left out, taken away and given are three things")]
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = CompanyPatch, example = json!({ "name": "Acme Group", "size": 50 }))]
pub struct CompanyPatch {
    /// What it is called.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = String, required = false, min_length = 1, max_length = 200)]
    name: Option<String>,
    /// Its host name.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, required = false, max_length = 253)]
    domain: Option<Option<String>>,
    /// What it does.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, required = false, min_length = 1, max_length = 200)]
    industry: Option<Option<String>>,
    /// How many people work there.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<u32>, required = false, minimum = 0, maximum = 100_000_000)]
    size: Option<Option<u32>>,
    /// What else is to be kept of it, all of it.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Object>, required = false)]
    properties: Option<Option<Map<String, Value>>>,
    /// Free text.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, required = false, min_length = 1, max_length = 5_000)]
    notes: Option<Option<String>>,
}

impl CompanyBody {
    /// Shows a company.
    pub fn of(admitted: &Admitted, company: Company) -> Self {
        let notes = company.notes.as_ref();
        Self {
            notes: notes.and_then(|notes| opened(admitted.keyring(), &company.id, notes)),
            id: company.id,
            name: company.name,
            former_names: company.former_names,
            domain: company.domain,
            industry: company.industry,
            size: company.size,
            properties: company.properties,
            created_at: company.created_at,
            updated_at: company.updated_at,
        }
    }
}

impl CompanyInput {
    /// Makes the company, or answers 422.
    pub fn into_company(
        self,
        id: CompanyId,
        at: Timestamp,
        keyring: &Keyring,
    ) -> Result<Company, ApiError> {
        let empty = Company {
            id,
            name: self.name.clone(),
            former_names: Vec::new(),
            domain: None,
            industry: None,
            size: None,
            properties: Map::new(),
            notes: None,
            created_at: at,
            updated_at: at,
        };
        let patch = CompanyPatch {
            name: Some(self.name),
            domain: Some(self.domain),
            industry: Some(self.industry),
            size: Some(self.size),
            properties: Some(self.properties),
            notes: Some(self.notes),
        };
        patch.applied_to(&empty, keyring)
    }
}

impl CompanyPatch {
    /// Returns the company as it is to be, or answers 422.
    pub fn applied_to(&self, company: &Company, keyring: &Keyring) -> Result<Company, ApiError> {
        let mut next = company.clone();
        if let Some(name) = &self.name
            && name.trim() != next.name
        {
            next.rename(name.trim().to_owned());
        }
        if let Some(domain) = &self.domain {
            next.domain = domain.as_ref().map(|domain| domain.trim().to_ascii_lowercase());
        }
        if let Some(industry) = &self.industry {
            next.industry.clone_from(industry);
        }
        if let Some(size) = self.size {
            next.size = size;
        }
        if let Some(properties) = &self.properties {
            next.properties = properties.clone().unwrap_or_default();
        }
        let notes = self.notes.as_ref().and_then(Option::as_deref);
        check(&next, notes)?;
        if self.notes.is_some() {
            let sealed = notes.map(|notes| keyring.seal_value(next.id.as_str(), NOTES, notes));
            next.notes = sealed.transpose().map_err(|error| unsealable(&error))?;
        }
        Ok(next)
    }
}

fn opened(keyring: &Keyring, id: &CompanyId, notes: &Sealed) -> Option<String> {
    let opened = keyring.open_value(id.as_str(), NOTES, notes);
    opened.inspect_err(|error| tracing::error!(company = %id, %error, "unreadable notes")).ok()
}

fn unsealable(error: &SealError) -> ApiError {
    let message = error.to_string();
    invalid(&message).with_error(NOTES, "invalid_value", message).into()
}
