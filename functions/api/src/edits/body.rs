//! The bodies by which people create and change a lead.
//!
//! Invariant: a body is strict: a field that is not known is refused, and so is a value that
//! cannot be kept as it is.

use domain::{edit::Choice, lead::Status, segment::Segment, user::UserId};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value, json};
use utoipa::{
    ToSchema,
    openapi::{
        Object, ObjectBuilder, RefOr, Schema,
        schema::{AdditionalProperties, SchemaType, Type},
    },
};

use crate::words;

/// A lead that is to be made.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = LeadCreation, example = json!({
    "email": "ana@example.com",
    "profile": {"first_name": "Ana", "company": "Acme", "title": "CTO"},
    "status": "contacted",
}))]
pub struct CreateLead {
    /// The sender's own stable id of the person. An identity that stands for nobody, such as
    /// `undefined`, counts as not given; without any the lead is known by its own id alone.
    #[schema(min_length = 1, max_length = 256)]
    pub user_id: Option<String>,
    /// The person's email address.
    #[schema(
        max_length = 256,
        pattern = r"^[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63}){1,2}$",
        example = "ana@example.com"
    )]
    pub email: Option<String>,
    /// An id in another system, written `system:id`.
    #[schema(max_length = 256, pattern = "^[a-z0-9_.-]+:[!-~]+$", example = "hubspot:4711")]
    pub external: Option<String>,
    /// The person's phone number, written internationally.
    #[schema(pattern = r"^\+[1-9][0-9]{7,14}$", example = "+5511999990001")]
    pub phone: Option<String>,
    /// A cookie or device of the person.
    #[schema(min_length = 1, max_length = 256)]
    pub anonymous_id: Option<String>,
    /// What is set by hand about the person. It wins over what events declare until it is released.
    #[serde(default)]
    #[schema(schema_with = profile)]
    pub profile: Map<String, Value>,
    /// The sales state; `new` by default.
    #[schema(schema_with = words::status)]
    #[serde(default)]
    pub status: Status,
    /// Whom it is assigned to: an active user. Nobody by default; who sees only their own leads
    /// gets it.
    #[schema(schema_with = words::optional_user_id)]
    pub assigned_to: Option<UserId>,
    /// The segment that is shown; by default the one that the behaviour says.
    #[schema(schema_with = words::optional_segment)]
    pub segment: Option<Segment>,
}

/// What is to change, as a JSON merge patch (RFC 7396): what is left out stays as it is.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = LeadPatch, example = json!({
    "profile": {"title": "CEO", "company": null},
    "status": "qualified",
}))]
pub struct PatchLead {
    /// What is set by hand, field by field. `null` releases a field: what events declare is shown
    /// again.
    #[serde(default)]
    #[schema(schema_with = profile)]
    pub profile: Map<String, Value>,
    /// The sales state; `null` makes it `new` again.
    #[serde(default, deserialize_with = "status")]
    #[schema(schema_with = words::optional_status)]
    pub status: Option<Status>,
    /// Whom it is assigned to: an active user, or `null` for nobody.
    #[serde(default, deserialize_with = "choice")]
    #[schema(schema_with = words::optional_user_id)]
    pub assigned_to: Option<Choice<UserId>>,
    /// The segment that is shown; `null` for the one that the behaviour says.
    #[serde(default, deserialize_with = "choice")]
    #[schema(schema_with = words::optional_segment)]
    pub segment: Option<Choice<Segment>>,
}

/// All that people edit of a lead: what is left out is released, or as it is in a new lead.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = LeadReplacement, example = json!({
    "profile": {"first_name": "Ana", "title": "CEO"},
    "status": "qualified",
    "assigned_to": null,
}))]
pub struct ReplaceLead {
    /// All that is set by hand. Every other field is released.
    #[serde(default)]
    #[schema(schema_with = profile)]
    pub profile: Map<String, Value>,
    /// The sales state; `new` by default.
    #[serde(default)]
    #[schema(schema_with = words::status)]
    pub status: Status,
    /// Whom it is assigned to: an active user. Nobody by default; who sees only their own leads
    /// keeps it.
    #[serde(default, deserialize_with = "choice")]
    #[schema(schema_with = words::optional_user_id)]
    pub assigned_to: Option<Choice<UserId>>,
    /// The segment that is shown; by default the one that the behaviour says.
    #[schema(schema_with = words::optional_segment)]
    pub segment: Option<Segment>,
}

/// Tells `null` apart from what is left out.
fn choice<'de, T, D>(deserializer: D) -> Result<Option<Choice<T>>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    Option::<T>::deserialize(deserializer).map(|chosen| Some(chosen.into()))
}

/// Takes `null` for the status of a new lead.
fn status<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Status>, D::Error> {
    Option::<Status>::deserialize(deserializer).map(|status| Some(status.unwrap_or_default()))
}

/// Describes what can be set by hand.
fn profile() -> Object {
    let name = format!("^[a-z][a-z0-9_]{{0,{}}}$", intake::edit::MAX_NAME_BYTES - 1);
    let mut profile = ObjectBuilder::new()
        .schema_type(SchemaType::Type(Type::Object))
        .description(Some(
            "What is set by hand: known fields, and fields of your own. Other spellings of known \
             ones (`firstName`, `Job Title`) are understood. `null` releases a field. A value has \
             at most 2 KB of JSON, all together 64 KB. Names, addresses, notes and every text with \
             an email address or phone number in it are sealed, and rules do not see them; of an \
             email address they see the domain, of a phone number that there is one. Status, owner \
             and segment stand beside the profile.",
        ))
        .property_names(Some(RefOr::T(Schema::Object(text().pattern(Some(name)).build()))))
        .max_properties(Some(intake::edit::MAX_FIELDS))
        .additional_properties(Some(AdditionalProperties::RefOr(RefOr::T(Schema::Object(
            words::any_value(),
        )))));
    for (name, example) in [
        ("first_name", "Ana"),
        ("last_name", "Silva"),
        ("company", "Acme"),
        ("title", "CTO"),
        ("industry", "retail"),
        ("source", "referral"),
        ("country", "BR"),
        ("phone", "+5511999990001"),
    ] {
        profile = profile.property(name, field(example));
    }
    let email = field("ana@example.com").pattern(Some(EMAIL_OR_NOTHING));
    let marketplaces = ObjectBuilder::new()
        .schema_type(SchemaType::from_iter([Type::Array, Type::Null]))
        .examples([json!(["mercado_livre"])]);
    profile.property("email", email).property("marketplaces", marketplaces).build()
}

const EMAIL_OR_NOTHING: &str =
    r"^([A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63}){1,2})?$";

fn field(example: &str) -> ObjectBuilder {
    let types = SchemaType::from_iter([Type::String, Type::Null]);
    ObjectBuilder::new().schema_type(types).max_length(Some(500)).examples([json!(example)])
}

fn text() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(SchemaType::Type(Type::String))
}
